// Servers at paths: Unix domain sockets, their files, and their clients.
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { file, Router, type ServeOptions, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { servesWithFewDescriptors } from './few_descriptors.js'
import { get, noise, post } from './messages.js'
import { ask, connect, leaveAll } from './raw_client.js'
import { SCHEME } from './scheme.js'
import { serving } from './serving.js'
import { gate, until, within } from './waiting.js'

const posix = process.platform === 'win32' ? test.skip : test
const linux = process.platform === 'linux' ? test : test.skip

const isIn = (command: string) => spawnSync(command, ['--version']).error === undefined
const named = isIn('python3') || process.env.CI === 'true' ? linux : test.skip

/** Asks once at a name without a file. */
const NAMED_CLIENT = `
import socket, sys
client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
client.connect('\\0' + sys.argv[1])
client.sendall(b'GET / HTTP/1.1\\r\\nHost: brink\\r\\nConnection: close\\r\\n\\r\\n')
while piece := client.recv(65536):
    sys.stdout.buffer.write(piece)
`

const hello = () => 'hello'
let number = 0

/** A path in a folder of its own. */
function freshPath(): string {
  number += 1
  return join(fileTree({}), `${number}.sock`)
}

const at = (path: string) => ({ port: 0, path })

/** Serves at a path, without the port that other tests ask for. */
const servingAt = (path: string, app: Parameters<typeof serving>[0], use: Parameters<typeof serving>[1], more = {}) =>
  serving(app, use, { port: undefined, path, ...more } satisfies ServeOptions)

async function errorOf(promise: Promise<unknown>): Promise<NodeJS.ErrnoException & { address?: string }> {
  try {
    await promise
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
  throw new Error('nothing was thrown')
}

/** Leaves the socket of a server at a path that is gone. */
async function leaveStale(path: string): Promise<void> {
  const server = await serve(hello, { path: `${path}.first` })
  linkSync(`${path}.first`, path)
  await server.close()
  assert.ok(lstatSync(path).isSocket())
}

posix('a server at a path answers, and says where it is', () => {
  const path = freshPath()
  return servingAt(
    path,
    ({ ip, url }) => ({ ip, url: String(url) }),
    async (server) => {
      assert.is(server.url, `${SCHEME}+unix://${encodeURIComponent(path)}`)
      assert.is(decodeURIComponent(new URL(server.url).host), path)
      assert.is(server.port, 0)
      assert.equal(server.listeners, [{ url: server.url, port: 0, path }])
      assert.equal(JSON.parse((await ask(at(path), get('/x'))).text), { ip: 'unix:', url: `${SCHEME}://brink/x` })
      const withoutHost = await ask(at(path), 'GET /y HTTP/1.0\r\n\r\n')
      assert.is(JSON.parse(withoutHost.text).url, `${SCHEME}://localhost/y`)
    },
  )
})

posix('clients at a path are served as they are at a port', () => {
  const path = freshPath()
  const large = noise(3_000_000)
  const tree = fileTree({ large })
  let gone = false
  const app = new Router()
    .get('/file', () => file(join(tree, 'large')))
    .post('/echo', async (req) => req.bytes(), { bodyLimit: 4_000_000 })
    .get('/hangs', async (req) => {
      await new Promise((resolve) => req.signal.addEventListener('abort', resolve))
      gone = true
    })
    .get('/:name', ({ params }) => params.name)
  return servingAt(path, app, async (server) => {
    const client = await connect(at(path))
    for (const name of ['a', 'b']) assert.is((await client.send(get(`/${name}`)).response()).text, name)
    const answers = await client.send(get('/c'), get('/d'), get('/e')).receive(3)
    assert.is(answers.map(({ text }) => text).join(''), 'cde')
    assert.ok((await client.send(post('/echo', large)).response()).body.equals(large))
    assert.ok((await client.send(get('/file')).response()).body.equals(large))

    const half = (await connect(at(path))).send(get('/f'))
    half.finish()
    assert.is((await half.response()).text, 'f')
    assert.is(await half.closed(), 'fin')

    const leaves = await connect(at(path))
    await leaves.sendSeen(server, get('/hangs'))
    leaves.leave()
    await until(() => gone, 'the handler hears that its client has gone')
  })
})

posix('the file has its mode, whatever the umask is', async () => {
  const path = freshPath()
  const before = process.umask(0o077)
  try {
    const modes: [number | undefined, number][] = [
      [undefined, 0o700],
      [0o660, 0o660],
      [0o777, 0o777],
      [0, 0],
    ]
    for (const [mode, expected] of modes) {
      const use = async () => assert.is(statSync(path).mode & 0o777, expected)
      await servingAt(path, hello, use, { mode })
    }
  } finally {
    process.umask(before)
  }
})

posix('a path where a server answers is an error, and that server goes on', () => {
  const path = freshPath()
  return servingAt(path, hello, async () => {
    const { code, syscall, address, message } = await errorOf(serve(hello, { path }))
    assert.equal({ code, syscall, address }, { code: 'EADDRINUSE', syscall: 'listen', address: path })
    assert.is(message, `listen EADDRINUSE: address already in use ${path}`)
    assert.is((await ask(at(path), get())).text, 'hello')
  })
})

posix('a socket that a server has left behind is replaced', async () => {
  const path = freshPath()
  await leaveStale(path)
  await servingAt(path, hello, async () => assert.is((await ask(at(path), get())).text, 'hello'))
  assert.equal(readdirSync(join(path, '..')), [])
})

posix('of servers that find the same old socket at once, one listens', async () => {
  for (let round = 0; round < 10; round += 1) {
    const path = freshPath()
    await leaveStale(path)
    const all = await Promise.allSettled([1, 2, 3].map((name) => serve(() => name, { path })))
    const servers = all.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    assert.is(servers.length, 1)
    const refused = all.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
    assert.equal(refused, ['EADDRINUSE', 'EADDRINUSE'])
    assert.is((await ask(at(path), get())).status, 200)
    await servers[0]?.close({ force: 0 })
    assert.equal(readdirSync(join(path, '..')), [])
  }
})

posix('any other file at the path is an error, and stays', async () => {
  const tree = fileTree({ file: 'precious', folder: undefined })
  symlinkSync(join(tree, 'nowhere'), join(tree, 'link'))
  for (const name of ['file', 'folder', 'link']) {
    const path = join(tree, name)
    const { code, address, message } = await errorOf(serve(hello, { path }))
    assert.equal({ code, address }, { code: 'EEXIST', address: path })
    assert.match(message, 'no socket')
  }
  assert.is(readFileSync(join(tree, 'file'), 'utf8'), 'precious')
  assert.equal(readdirSync(tree).sort(), ['file', 'folder', 'link'])
})

posix('the file is gone as soon as the server closes, while it answers', async () => {
  const path = freshPath()
  const asked = gate()
  const late = gate<string>()
  const answer = () => {
    asked.open()
    return late.opened
  }
  const server = await serve(answer, { path })
  const client = (await connect(at(path))).send(get())
  await within(asked.opened, 'the request')
  const closed = server.close()
  assert.not.ok(existsSync(path))
  const next = await serve(hello, { path })
  late.open('late')
  assert.is((await client.response()).text, 'late')
  await within(closed, 'the server to close')
  assert.is((await ask(at(path), get())).text, 'hello', 'the next server keeps its file')
  await next.close({ force: 0 })
  leaveAll()
})

posix('a file that is no longer the server\u2019s stays at the end', async () => {
  const path = freshPath()
  const replaced: (() => void)[] = [
    () => rmSync(path),
    () => {
      rmSync(path)
      writeFileSync(path, 'another')
    },
    () => renameSync(path, `${path}.moved`),
  ]
  for (const replace of replaced) {
    const server = await serve(hello, { path })
    replace()
    await server.close()
    if (existsSync(path)) {
      assert.is(readFileSync(path, 'utf8'), 'another')
      rmSync(path)
    }
  }
})

posix('a relative path is the one of when the server began', async () => {
  const folder = fileTree({})
  const before = process.cwd()
  try {
    process.chdir(folder)
    const server = await serve(hello, { path: 'app.sock' })
    process.chdir(before)
    const path = join(folder, 'app.sock')
    assert.is(server.listeners[0]?.path, path)
    assert.is((await ask(at(path), get())).text, 'hello')
    await server.close({ force: 0 })
    assert.equal(readdirSync(folder), [])
  } finally {
    process.chdir(before)
  }
})

posix('a path that cannot be is an error that says why', async () => {
  const folder = fileTree({ file: '' })
  const long = join(folder, 'x'.repeat(120))
  const wrong: [string, string, RegExp][] = [
    [join(folder, 'none', 'app.sock'), 'ENOENT', /no such file or directory/],
    [join(folder, 'file', 'app.sock'), 'ENOTDIR', /not a directory/],
    [long, 'ENAMETOOLONG', new RegExp(`it has ${long.length} bytes, and a Unix socket's path at most 107`)],
  ]
  for (const [path, code, message] of wrong) {
    const error = await errorOf(serve(hello, { path }))
    assert.is(error.code, code)
    assert.match(error.message, message)
    assert.ok(error.message.includes(path))
  }
  assert.equal(readdirSync(folder), ['file'])
})

posix('a folder that is not writable is an error', async () => {
  const path = freshPath()
  chmodSync(join(path, '..'), 0o555)
  const isRoot = process.getuid?.() === 0
  try {
    if (isRoot) process.seteuid?.(65534)
    assert.is((await errorOf(serve(hello, { path }))).code, 'EACCES')
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})

named('a name without a file leaves nothing behind', async () => {
  const path = `\0brink-${process.pid}-${process.env.BRINK_BACKEND}`
  await servingAt(path, hello, async (server) => {
    assert.is(decodeURIComponent(new URL(server.url).host), path)
    assert.equal(server.listeners[0]?.path, path)
    assert.is((await errorOf(serve(hello, { path }))).code, 'EADDRINUSE')
    // Node 20 itself gives such names another length.
    const client = spawn('python3', ['-c', NAMED_CLIENT, path.slice(1)], { stdio: ['ignore', 'pipe', 'inherit'] })
    client.stdout.setEncoding('utf8')
    let answer = ''
    for await (const text of client.stdout) answer += text
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhello$/s)
  })
  const again = await serve(hello, { path })
  await again.close()
})

linux('servers that come and go a hundred times leave no descriptor and no file', async () => {
  const path = freshPath()
  const round = async (mode: number) => {
    const server = await serve(hello, { listen: [{ path, mode }, { port: 0 }] })
    assert.is((await ask(at(path), get())).text, 'hello')
    await server.close({ force: 0 })
  }
  // What Node opens once is open from here on.
  await round(0o600)
  const descriptors = () => readdirSync('/proc/self/fd').length
  const before = descriptors()
  for (let rounds = 0; rounds < 100; rounds += 1) await round(0o600 + rounds)
  assert.equal(readdirSync(join(path, '..')), [])
  await until(() => descriptors() <= before, 'the descriptors are closed')
})

linux('a worker thread that is terminated leaves the file, which the next server replaces', async () => {
  const path = freshPath()
  const descriptors = () => readdirSync('/proc/self/fd').length
  const round = async () => {
    const worker = new Worker(new URL('./programs/worker_server.js', import.meta.url), { workerData: { path } })
    await within(new Promise((resolve) => worker.once('message', resolve)), 'a worker to serve')
    assert.is((await ask(at(path), get())).status, 200)
    await worker.terminate()
    assert.ok(lstatSync(path).isSocket())
  }
  await round()
  await servingAt(path, hello, async () => assert.is((await ask(at(path), get())).text, 'hello'))
  const before = descriptors()
  for (let rounds = 0; rounds < 3; rounds += 1) await round()
  await until(() => descriptors() <= before, 'its descriptors are closed')
  assert.equal(readdirSync(join(path, '..')), [basename(path)])
})

posix('whichever descriptor there is none for, no file is left', () => servesWithFewDescriptors(freshPath()))

const wrong: [object, string, string][] = [
  [{ path: 1 }, 'path', 'ERR_INVALID_ARG_TYPE'],
  [{ path: null }, 'path', 'ERR_INVALID_ARG_TYPE'],
  [{ path: '' }, 'path', 'ERR_INVALID_ARG_VALUE'],
  [{ path: '\0' }, 'path', 'ERR_INVALID_ARG_VALUE'],
  [{ path: '/run/a\0b' }, 'path', 'ERR_INVALID_ARG_VALUE'],
  [{ path: '/run/\ud800' }, 'path', 'ERR_INVALID_ARG_VALUE'],
  [{ path: 'a', port: 80 }, 'port', 'ERR_INVALID_ARG_VALUE'],
  [{ path: 'a', host: '::1' }, 'host', 'ERR_INVALID_ARG_VALUE'],
  [{ path: 'a', fd: 3 }, 'fd', 'ERR_INVALID_ARG_VALUE'],
  [{ path: 'a', reusePort: true }, 'reusePort', 'ERR_INVALID_ARG_VALUE'],
  [{ path: 'a', ipv6Only: true }, 'ipv6Only', 'ERR_INVALID_ARG_VALUE'],
  [{ path: 'a', mode: '660' }, 'mode', 'ERR_INVALID_ARG_TYPE'],
  [{ path: 'a', mode: 660 }, 'mode', 'ERR_OUT_OF_RANGE'],
  [{ path: 'a', mode: -1 }, 'mode', 'ERR_OUT_OF_RANGE'],
  [{ path: '\0a', mode: 0o660 }, 'mode', 'ERR_INVALID_ARG_VALUE'],
  [{ port: 0, mode: 0o660 }, 'mode', 'ERR_INVALID_ARG_VALUE'],
  [{ path: 'a', backlog: 0 }, 'backlog', 'ERR_OUT_OF_RANGE'],
]
for (const [options, name, code] of wrong) {
  test(`the options ${JSON.stringify(options)} are an error that names ${name}`, async () => {
    const error = await errorOf(serve(hello, options as ServeOptions))
    assert.is(error.code, code)
    assert.match(error.message, `"${name}"`)
  })
}

test.run()
