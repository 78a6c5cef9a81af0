// Servers on sockets that were opened elsewhere: descriptors, and those of systemd.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, existsSync, fstatSync, openSync } from 'node:fs'
import { type AddressInfo, createConnection, createServer, type Server as NodeServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Listening, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { native } from '#brink/exchange/native.js'
import { fileTree } from '../file_tree.js'
import { get } from './messages.js'
import { ask } from './raw_client.js'
import { until, within } from './waiting.js'

const posix = process.platform === 'win32' ? test.skip : test
const isIn = (command: string) => spawnSync(command, ['--version']).error === undefined
const activated = isIn('systemd-socket-activate') || process.env.CI === 'true' ? posix : test.skip

const PROGRAM = fileURLToPath(new URL('./programs/passed_server.js', import.meta.url))

interface Said {
  readonly listeners: Listening[]
  readonly variables: string[]
  readonly took: boolean
  readonly code?: string
  readonly message?: string
  readonly stillOpen?: boolean
  readonly closed?: boolean
}

interface Passed {
  readonly child: ChildProcess
  next(): Promise<Said>
  close(): Promise<void>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A command that runs the server in the end, with descriptors from 3 on. */
function passing(command: string[], descriptors: number[], env = {}): Passed {
  const [name = '', ...args] = command
  const child = spawn(name, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'ignore', ...descriptors],
  })
  running.add(child)
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  const next = async (): Promise<Said> => {
    const { value, done } = await within(lines.next(), 'the program to say something')
    if (done) throw new Error('it ended without saying anything')
    return JSON.parse(value)
  }
  const close = async () => {
    const exited = once(child, 'exit')
    child.stdin?.end()
    assert.equal(await next(), { closed: true })
    assert.equal(await within(exited, 'the program to end'), [0, null])
    running.delete(child)
  }
  return { child, next, close }
}

const program = (options: object, ...others: object[]) => [
  process.execPath,
  PROGRAM,
  ...[options, ...others].map((each) => JSON.stringify(each)),
]

/** The environment that systemd gives: the process id is that of the shell, which becomes the program. */
const systemd = (command: string[], env: string) => ['bash', '-c', `export ${env}; exec "$0" "$@"`, ...command]

interface WithHandle {
  readonly _handle: { readonly fd: number }
}
const descriptorOf = (socket: object): number => (socket as WithHandle)._handle.fd

function datagramDescriptorOf(socket: Datagrams): number {
  const state = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol')
  return (socket as unknown as Record<symbol, { handle: { fd: number } }>)[state as symbol]?.handle.fd ?? -1
}

/** A socket that this process listens on, too. */
async function listening(place: object): Promise<{ fd: number; port: number; socket: NodeServer }> {
  const socket = createServer().listen({ host: '127.0.0.1', ...place })
  await once(socket, 'listening')
  const address = socket.address()
  return { fd: descriptorOf(socket), port: typeof address === 'object' ? (address?.port ?? 0) : 0, socket }
}

posix('a server listens on a TCP socket that was passed to it, and takes it over', async () => {
  const { fd, port, socket } = await listening({ port: 0 })
  const server = passing(program({ fd: 3 }), [fd])
  const { listeners, took } = await server.next()
  assert.equal(listeners, [{ url: `http://127.0.0.1:${port}`, port }])
  assert.ok(took)
  socket.close()
  assert.is((await ask({ port }, get())).text, `${server.child.pid} 127.0.0.1`)
  await server.close()
})

posix('a server listens on a Unix socket that was passed to it, and leaves its file', async () => {
  const path = join(fileTree({}), 'passed.sock')
  const { fd, socket } = await listening({ path })
  const server = passing(program({ fd: 3, backlog: 9 }), [fd])
  assert.equal((await server.next()).listeners, [{ url: `http+unix://${encodeURIComponent(path)}`, port: 0, path }])
  await server.close()
  assert.ok(existsSync(path))
  socket.close()
})

posix('what is no listening socket is an error, and stays open', async () => {
  const file = openSync(PROGRAM, 'r')
  const datagrams = createSocket('udp4')
  await new Promise<void>((resolve) => datagrams.bind(0, '127.0.0.1', resolve))
  const { port, socket } = await listening({ port: 0 })
  const client = createConnection(port, '127.0.0.1')
  await once(client, 'connect')
  const wrong: [number, string][] = [
    [9999, 'EBADF'],
    [file, 'ENOTSOCK'],
    [datagramDescriptorOf(datagrams), 'ENOTSUP'],
    [descriptorOf(client), 'EINVAL'],
  ]
  for (const [fd, code] of wrong) {
    const error = await serve(() => 'never', { fd }).then(
      () => new Error('it listens'),
      (thrown: NodeJS.ErrnoException) => thrown,
    )
    assert.is((error as NodeJS.ErrnoException).code, code)
    assert.match(error.message, `descriptor ${fd}, which must be a listening or bound stream socket`)
    if (code !== 'EBADF') assert.ok(fstatSync(fd))
  }
  closeSync(file)
  client.destroy()
  socket.close()
  datagrams.close()
})

posix('the sockets of systemd are taken, all or by name, and the variables are gone', async () => {
  const web = await listening({ port: 0 })
  const admin = await listening({ port: 0 })
  const passed = 'LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:admin'
  const wanted: [object, number[]][] = [
    [{ fd: 'systemd' }, [web.port, admin.port]],
    [{ fd: 'systemd:admin' }, [admin.port]],
    [{ listen: [{ fd: 'systemd:admin' }, { fd: 'systemd:web' }] }, [admin.port, web.port]],
  ]
  for (const [options, ports] of wanted) {
    const server = passing(systemd(program(options), passed), [web.fd, admin.fd])
    const { listeners, variables } = await server.next()
    assert.equal(
      listeners.map(({ port }) => port),
      ports,
    )
    assert.equal(variables, [])
    await server.close()
  }
  // Two servers of one process share what there is.
  const both = passing(systemd(program({ fd: 'systemd:web' }, { fd: 'systemd:admin' }), passed), [web.fd, admin.fd])
  await both.next()
  for (const { socket } of [web, admin]) socket.close()
  assert.is((await ask(admin, get())).text, 'other')
  assert.is((await ask(web, get())).text, `${both.child.pid} 127.0.0.1`)
  await both.close()
})

const missing: [options: object, env: string, complaint: RegExp][] = [
  [{ fd: 'systemd' }, 'NOTHING=1', /LISTEN_FDS and LISTEN_PID are not set/],
  [{ fd: 'systemd' }, 'LISTEN_PID=1 LISTEN_FDS=1', /to the process 1, and this one is \d+: .* without npm/],
  [{ fd: 'systemd' }, 'LISTEN_PID=$$ LISTEN_FDS=none', /LISTEN_FDS is "none"/],
  [{ fd: 'systemd:web' }, 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=admin', /none of the name 'web', but of: admin/],
  [{ fd: 'systemd:web' }, 'LISTEN_PID=$$ LISTEN_FDS=1', /none of the name 'web', but of: unknown/],
]
for (const [options, env, complaint] of missing) {
  posix(`${JSON.stringify(options)} with ${env} is an error that says why`, async () => {
    const { fd, socket } = await listening({ port: 0 })
    const { code, message = '', stillOpen } = await passing(systemd(program(options), env), [fd]).next()
    assert.is(code, 'ERR_NO_SYSTEMD_SOCKET')
    assert.match(message, complaint)
    assert.is(stillOpen, true)
    socket.close()
  })
}

activated('systemd-socket-activate starts a server by its first client', async () => {
  const path = join(fileTree({}), 'activated.sock')
  const { port, socket } = await listening({ port: 0 })
  await new Promise((resolve) => socket.close(resolve))
  const sockets = ['-l', `127.0.0.1:${port}`, '-l', path, '--fdname=web:admin']
  const variables = ['BRINK_BACKEND', 'BRINK_THREADS'].flatMap((name) => ['-E', name])
  const server = passing(['systemd-socket-activate', ...sockets, ...variables, ...program({ fd: 'systemd' })], [])
  await until(() => existsSync(path), 'systemd listens')
  const first = ask({ port: 0, path }, get())
  const { listeners } = await server.next()
  assert.equal(
    listeners.map(({ url }) => url),
    [`http://127.0.0.1:${port}`, `http+unix://${encodeURIComponent(path)}`],
  )
  assert.is((await first).text, `${server.child.pid} unix:`)
  assert.is((await ask({ port }, get())).text, `${server.child.pid} 127.0.0.1`)
  await server.close()
})

function passed(): { descriptor: number; port: number } {
  const opened = native.openListener('127.0.0.1', 0, { backlog: 9, reusePort: false, ipv6Only: false })
  if ('errno' in opened) throw new Error(`it does not listen: ${opened.errno}`)
  return opened
}

const isOpen = (descriptor: number) => {
  try {
    return fstatSync(descriptor).isFile()
  } catch {
    return false
  }
}

posix('of two servers that take a descriptor over at the same time, the second has an error', async () => {
  const { descriptor, port } = passed()
  const attempts = [1, 2].map((number) => serve(() => `${number}`, { fd: descriptor }))
  const [first, second] = await Promise.allSettled(attempts)
  // What is opened now gets the number that is free.
  const file = openSync(PROGRAM, 'r')
  assert.is(file, descriptor)
  assert.is(second?.status, 'rejected')
  const { code, message, fd } = (second as PromiseRejectedResult).reason
  assert.equal([code, fd], ['EBUSY', descriptor])
  assert.match(message, /^listen EBUSY: .* descriptor \d+: another server is taking it over at this moment$/)
  assert.is((await ask({ port }, get())).text, '1')
  await (first as PromiseFulfilledResult<Server>).value.close({ force: 0 })
  assert.ok(isOpen(file))
  closeSync(file)
})

posix('a descriptor that one server could not take over is free for the next one', async () => {
  const { descriptor, port } = passed()
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const other = { host: '127.0.0.1', port: (taken.address() as AddressInfo).port }
  const error = await serve(() => 'never', { listen: [{ fd: descriptor }, other] }).catch((error) => error)
  assert.is(error.code, 'EADDRINUSE')
  taken.close()
  const server = await serve(() => 'next', { fd: descriptor })
  assert.is((await ask({ port }, get())).text, 'next')
  await server.close({ force: 0 })
})

posix('a socket at the standard input stays open, and can be listened on again', async () => {
  const { descriptor, port } = passed()
  const program = fileURLToPath(new URL('./programs/standard_socket.js', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: [descriptor, 'pipe', 'inherit', 'ipc'] })
  closeSync(descriptor)
  running.add(child)
  const exited = once(child, 'exit')
  await within(once(child, 'message'), 'the first server')
  assert.is((await ask({ port }, get())).text, 'first')
  child.send('close')
  await within(once(child, 'message'), 'its end')
  const waiting = ask({ port }, get())
  child.send('again')
  assert.is((await within(waiting, 'an answer')).text, 'second')
  child.send('end')
  assert.equal(await within(exited, 'the program to end'), [0, null])
  running.delete(child)
})

const wrong: [unknown, string][] = [
  [-1, 'ERR_OUT_OF_RANGE'],
  [1.5, 'ERR_OUT_OF_RANGE'],
  [null, 'ERR_INVALID_ARG_TYPE'],
  [{}, 'ERR_INVALID_ARG_TYPE'],
  ['3', 'ERR_INVALID_ARG_VALUE'],
  ['systemd:', 'ERR_INVALID_ARG_VALUE'],
]
for (const [fd, code] of wrong) {
  test(`the option fd: ${JSON.stringify(fd)} is an error that names it`, async () => {
    const error = await serve(() => 'never', { fd: fd as number }).then(
      () => new Error('it listens'),
      (thrown: NodeJS.ErrnoException) => thrown,
    )
    assert.is((error as NodeJS.ErrnoException).code, code)
    assert.match(error.message, '"fd"')
  })
}

test.run()
