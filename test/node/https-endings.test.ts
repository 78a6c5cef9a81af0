// How connections with TLS fail and end, on brink's server as on Node's: handshakes, clients that leave, closing, the process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { Worker } from 'node:worker_threads'
import { createServer, type ServerOptions } from 'brink/node/https'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { until, within } from '../server/waiting.js'
import { running } from './running.js'
import {
  type AnyServer,
  alice,
  ask,
  certificateText,
  endOf,
  handshake,
  hello,
  localhost,
  makers,
  raw,
} from './secure.js'

/** How a client fails, with the code of 'tlsClientError' on Node's server. Undefined: what a client can see differs. */
const failures: Readonly<
  Record<string, { server?: ServerOptions; fail(port: number): Promise<unknown>; code?: string }>
> = {
  'connects and leaves': { fail: (port) => raw(port, '', 'destroy') },
  'connects and ends': { fail: (port) => raw(port, '', 'end') },
  'plain HTTP': { fail: (port) => raw(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n') },
  garbage: { fail: (port) => raw(port, '\x16\x03\x01\x00\x05hello') },
  'half a ClientHello': { fail: (port) => raw(port, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'end') },
  'no common version': {
    server: { minVersion: 'TLSv1.3' },
    fail: (port) => handshake(port, { maxVersion: 'TLSv1.2' }),
  },
  'another protocol': { fail: (port) => handshake(port, { ALPNProtocols: ['h2'] }) },
  'no certificate': { server: { requestCert: true }, fail: (port) => handshake(port, {}) },
  // Node ends the connection after the handshake.
  'a certificate that is not trusted': {
    server: { requestCert: true },
    fail: (port) => handshake(port, alice),
    code: 'ERR_SSL_CERTIFICATE_VERIFY_FAILED',
  },
  'no time left': { server: { handshakeTimeout: 50 }, fail: (port) => raw(port, '') },
}

for (const [name, { server: options, fail, code }] of Object.entries(failures)) {
  test(`a handshake that fails is told as on Node's: ${name}`, async () => {
    const told: Record<string, unknown[]> = { node: [], brink: [] }
    for (const [maker, make] of Object.entries(makers)) {
      const server = make({ ...localhost, ...options }, hello)
      const log = told[maker] as unknown[]
      server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
        log.push(['tlsClientError', error.code, socket.encrypted, socket.destroyed])
      })
      server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
        log.push(['clientError', error.code])
        socket.destroy(error)
      })
      await running(server, async ({ port }) => {
        await fail(port)
        await until(() => log.length === 2, 'the failure is told')
      })
    }
    if (code !== undefined) assert.is((told.brink as [string, string][])[0]?.[1], code)
    else assert.equal(told.brink, told.node)
  })
}

test('failures that nobody listens for harm nobody', async () => {
  const server = createServer(localhost, hello) as unknown as AnyServer
  await running(server, async ({ port }) => {
    for (const { fail } of Object.values(failures).slice(0, 5)) await fail(port)
    assert.is((await ask(port)).text, 'hello')
  })
})

test('a plain HTTP request is told what the port speaks', async () => {
  const server = createServer(localhost, hello) as unknown as AnyServer
  await running(server, async ({ port }) => {
    const socket = net.connect({ port, host: '127.0.0.1' })
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    let text = ''
    for await (const piece of socket.setEncoding('latin1')) text += piece
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*This port speaks HTTPS\.$/)
  })
})

test('a broken record after the handshake is a clientError', async () => {
  for (const make of Object.values(makers)) {
    const server = make(localhost, hello)
    const told = once(server, 'clientError') as Promise<[NodeJS.ErrnoException]>
    await running(server, async ({ port }) => {
      const wire = net.connect({ port, host: '127.0.0.1' })
      const socket = tls.connect({ socket: wire, ca: localhost.cert, servername: 'localhost' })
      socket.on('error', () => {})
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await within(once(socket, 'data'), 'the response')
      wire.write('no record')
      assert.match(`${(await within(told, 'the error'))[0].code}`, /^ERR_SSL_/)
    })
  }
})

test('closing ends handshakes that are not over, and serves those that are', async () => {
  const server = createServer(localhost, hello) as unknown as AnyServer
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const half = net.connect({ port, host: '127.0.0.1' })
  const isHalfOver = endOf(half.resume())
  const isCounted = () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)))
  await until(async () => (await isCounted()) === 1, 'the connection is counted')
  const late = tls.connect({ port, host: '127.0.0.1', ca: localhost.cert })
  await within(once(late, 'secureConnect'), 'the handshake')
  const closed = within(once(server, 'close'), 'the server to close')
  server.close()
  late.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const [text] = await within(once(late.setEncoding('latin1'), 'data'), 'the response')
  assert.match(text, /hello$/)
  server.closeAllConnections()
  await closed
  await isHalfOver
})

test('a timeout of the server applies after the handshake', async () => {
  const server = createServer(localhost, () => {}) as unknown as AnyServer
  server.timeout = 30
  await running(server, async ({ port }) => {
    const socket = tls.connect({ port, host: '127.0.0.1', ca: localhost.cert })
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await endOf(socket.resume())
  })
})

test('process.exit under load, with handshakes in all states, ends the process with its code', async () => {
  const entry = JSON.stringify(new URL('../../node/https.js', import.meta.url).href)
  const program = `
    import { createServer } from ${entry}
    let left = 40
    const server = createServer(${certificateText}, (req, res) => { res.end('x'); if (--left === 0) process.exit(7) })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close') as Promise<[number]>
  const [line] = await within(once(child.stdout, 'data'), 'the port')
  const port = Number(line)
  for (let count = 0; count < 60; count += 1) {
    const socket = tls.connect({ port, host: '127.0.0.1', ca: localhost.cert })
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  }
  assert.is((await within(ended, 'the process to end'))[0], 7)
})

for (const moment of ['connection', 'request']) {
  test(`a worker thread that is terminated at a ${moment} takes its server along`, async () => {
    const entry = JSON.stringify(new URL('../../node/https.js', import.meta.url).href)
    const program = `
      import { parentPort } from 'node:worker_threads'
      import { createServer } from ${entry}
      const server = createServer(${certificateText}, () => {})
      server.on('${moment}', () => { parentPort.postMessage('now'); for (;;) {} })
      server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`))
    const [port] = (await within(once(worker, 'message'), 'the port')) as [number]
    const now = once(worker, 'message')
    const ends = Array.from({ length: 10 }, () => {
      const socket = tls.connect({ port, host: '127.0.0.1', ca: localhost.cert })
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      return endOf(socket.resume())
    })
    await within(now, 'the moment')
    await within(worker.terminate(), 'the worker to end')
    await Promise.all(ends)
    await endOf(net.connect({ port, host: '127.0.0.1' }))
  })
}

test.run()
