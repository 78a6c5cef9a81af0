// What a load target does to its listeners, with each poller and host.
import { once } from 'node:events'
import { connect as connectSocket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ListenerFaults } from '#brink/faulty/listener_faults.js'
import { compileRouter, Router } from '#brink/routing/router.js'
import type { ServeOptions } from '#brink/server/options.js'
import { partsOfServer, type Server, serveDispatcher } from '#brink/server/server.js'
import { get } from './messages.js'
import { ask, connect, leaveAll } from './raw_client.js'
import { until, within } from './waiting.js'

interface Use {
  readonly server: Server
  readonly faults: ListenerFaults
  readonly reported: Error[]
}

async function listening(options: ServeOptions, use: (given: Use) => Promise<void>): Promise<void> {
  const app = new Router().get('/', () => 'there').post('/length', async (req) => (await req.bytes()).length)
  const server = await serveDispatcher(compileRouter(app), { port: 0, host: '127.0.0.1', ...options })
  const reported: Error[] = []
  const faults = new ListenerFaults(partsOfServer(server), (error) => reported.push(error))
  try {
    await use({ server, faults, reported })
  } finally {
    faults.end()
    leaveAll()
    await within(server.close({ force: 0 }), 'the server to close')
  }
}

/** The code of the error of a client that connects; undefined when it can. */
function connecting(place: { port: number; host?: string } | { path: string }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectSocket(place)
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
}

const OF_PORT = { port: 0, host: '127.0.0.1' }

test('connections are held in the queue of the system, and taken when that is over', () =>
  listening(OF_PORT, async ({ server, faults }) => {
    const before = await connect(server)
    assert.is((await before.send(get('/')).response()).text, 'there')
    faults.apply({ hold: true })
    // An order to a thread is done before a later answer.
    assert.is((await before.send(get('/')).response()).text, 'there')
    const accepted = server.stats().accepted
    const clients = await Promise.all([connect(server), connect(server), connect(server)])
    for (const client of clients) client.send(get('/'))
    for (let asked = 0; asked < 50; asked += 1) assert.is((await before.send(get('/')).response()).text, 'there')
    assert.is(server.stats().accepted, accepted)
    faults.apply(null)
    for (const client of clients) assert.is((await client.response()).text, 'there')
  }))

test('connections are accepted at a rate, whatever number of loops there is', () =>
  listening(OF_PORT, async ({ server, faults }) => {
    faults.apply({ acceptPerSecond: 50 })
    const first = await connect(server)
    await first.send(get('/')).response()
    const begin = performance.now()
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server)))
    await Promise.all(clients.map((client) => client.send(get('/')).response()))
    // Each loop may be ahead by one connection.
    const least = 1000 * ((clients.length - Math.max(1, server.threads)) / 50)
    const took = performance.now() - begin
    assert.ok(took >= least - 25, `20 connections in ${took} ms`)
    faults.apply(null)
    assert.is((await ask(server, get('/'))).text, 'there')
  }))

test('a held server that closes answers those who wait', () =>
  listening(OF_PORT, async ({ server, faults }) => {
    const before = await connect(server)
    await before.send(get('/')).response()
    faults.apply({ hold: true })
    // An order to a thread is done before a later answer.
    await before.send(get('/')).response()
    const client = await connect(server)
    client.send(get('/'))
    const closed = server.close({ deadline: 20_000, grace: 0 })
    assert.is((await client.response()).text, 'there')
    client.leave()
    before.leave()
    await within(closed, 'the server to close')
  }))

for (const [what, options] of [
  ['at a port', OF_PORT],
  ['at a name with two addresses', { port: 0, host: 'localhost' }],
  ['at a port that loops share by SO_REUSEPORT', { ...OF_PORT, reusePort: true }],
] as const) {
  test(`clients are refused ${what}, and let in again`, () =>
    listening(options, async ({ server, faults, reported }) => {
      const { port } = server
      const open = await connect(server)
      await open.send(get('/')).response()
      for (let time = 0; time < 3; time += 1) {
        faults.apply({ refuse: true })
        await until(
          async () => (await connecting({ port, host: '127.0.0.1' })) === 'ECONNREFUSED',
          'clients are refused',
        )
        assert.is(await connecting({ port, host: '127.0.0.1' }), 'ECONNREFUSED')
        // What is open goes on.
        assert.is((await open.send(get('/')).response()).text, 'there')
        faults.apply(null)
        await until(() => faults.listens, 'it listens again')
        assert.is((await ask({ port }, get('/'))).text, 'there')
      }
      assert.equal(reported, [])
    }))
}

test('a server that refuses can be closed', () =>
  listening(OF_PORT, async ({ server, faults }) => {
    faults.apply({ refuse: true })
    await until(async () => (await connecting({ port: server.port })) === 'ECONNREFUSED', 'clients are refused')
    faults.end()
    await within(server.close(), 'the server to close')
  }))

test('a Unix domain socket refuses, keeps its file, and listens again', async () => {
  const path = join(tmpdir(), `brink-refuses-${process.pid}.sock`)
  await listening({ path, port: undefined, host: undefined }, async ({ faults, reported }) => {
    assert.is((await ask({ port: 0, path }, get('/'))).text, 'there')
    faults.apply({ refuse: true })
    await until(async () => (await connecting({ path })) === 'ECONNREFUSED', 'clients are refused')
    faults.apply(null)
    await until(() => faults.listens, 'it listens again')
    assert.is((await ask({ port: 0, path }, get('/'))).text, 'there')
    assert.equal(reported, [])
    faults.apply({ receiveBuffer: 4096 })
    assert.match(String(reported[0]), /Unix domain socket has no receive window/)
  })
})

test('a port that another process has taken is tried again, and the reason told', () =>
  listening(OF_PORT, async ({ server, faults, reported }) => {
    const { port } = server
    faults.apply({ refuse: true })
    await until(() => faults.refuses, 'clients are refused')
    const other = createServer().listen(port, '127.0.0.1')
    await within(once(other, 'listening'), 'the other server')
    faults.apply(null)
    await until(() => reported.length > 0, 'the reason is told')
    assert.match(String(reported[0]), /EADDRINUSE: address already in use. It is tried again/)
    other.close()
    await until(() => faults.listens, 'it listens again')
    assert.is((await ask(server, get('/'))).text, 'there')
  }))

test('a small receive buffer makes a small window, for new connections alone', () =>
  listening(OF_PORT, async ({ server, faults }) => {
    faults.apply({ receiveBuffer: 2304 })
    const barrier = await connect(server)
    await barrier.send(get('/')).response()
    const body = Buffer.alloc(300_000, 'x')
    const client = await connect(server)
    client.send(`POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`, body)
    assert.is((await client.response()).text, String(body.length))
    faults.apply(null)
    assert.is((await ask(server, get('/'))).text, 'there')
  }))

test.run()
