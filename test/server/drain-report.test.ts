// What the report of a drain counts: each request, stream and tunnel once, as answered, cut or lost.
import { Router, reply, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ChunkReader } from './chunk_reader.js'
import { assertCounts, closed, idleClient, LONG_MS, listensNoMore, never } from './drains.js'
import { get, head } from './messages.js'
import { connect, leaveAll } from './raw_client.js'
import { gate, until } from './waiting.js'

/** An app with one of each kind. Streams and tunnels end when the server drains, if they listen. */
function mixed() {
  let server: Server | undefined
  const begun = { streams: 0 }
  const release = gate<string>()
  const endless = new AbortController().signal
  async function* stream(signal: AbortSignal) {
    begun.streams += 1
    yield 'begun'
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    yield 'bye'
  }
  const answer101 = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: mine\r\n\r\n'
  const app = new Router()
    .get('/', () => 'hello')
    .get('/wait', () => release.opened)
    .get('/never', never)
    .post('/', never, { stream: true })
    .get('/stream', () => stream((server as Server).signal))
    .get('/endless', () => stream(endless))
    .get('/large', () => reply(200, new Uint8Array(12 * 1024 * 1024)))
    .upgrade('/tunnel', (_req, socket) => {
      socket.write(answer101)
      socket.resume()
      server?.signal.addEventListener('abort', () => socket.end('bye'), { once: true })
    })
    .upgrade('/deaf', (_req, socket) => {
      socket.write(answer101)
      socket.resume().on('error', () => {})
    })
  return {
    app,
    begun,
    release,
    async start(): Promise<Server> {
      server = await serve(app, { port: 0, host: '127.0.0.1', log: () => {}, maxPendingOutput: 2 ** 30 })
      return server
    },
  }
}

const upgrade = (path: string) => get(path, 'Connection: Upgrade', 'Upgrade: mine')

test('a report counts what is answered, by kind', async () => {
  const { release, start, begun } = mixed()
  const server = await start()
  const waiting = await Promise.all([connect(server), connect(server)])
  for (const client of waiting) await client.sendSeen(server, get('/wait'))
  const stream = await ChunkReader.ask(server, get('/stream'))
  await stream.head()
  await stream.chunk()
  const tunnel = (await connect(server)).send(upgrade('/tunnel'))
  await tunnel.touched()
  const slow = (await connect(server)).pause().send(get('/large'))
  await until(() => server.stats().partialWrites > 0 && begun.streams === 1, 'the large answer is on its way')
  const closing = server.close({ deadline: LONG_MS })
  await listensNoMore(server)
  release.open('at last')
  for (const client of waiting) assert.is((await client.response()).text, 'at last')
  assert.is(String(await stream.chunk()), 'bye')
  assert.match(await tunnel.finish().everything(), /bye$/)
  assert.is((await slow.resume().response()).body.length, 12 * 1024 * 1024)
  leaveAll()
  // That of the stream comes to its end by itself.
  for (let chunk = await stream.chunk(); chunk !== undefined; chunk = await stream.chunk()) assert.ok(chunk)
  stream.leave()
  assertCounts(await closed(closing), { answered: { requests: 3, streams: 1, tunnels: 1 } })
})

test('a report counts what is cut at the deadline, by kind', async () => {
  const { start, begun } = mixed()
  const server = await start()
  await (await connect(server)).sendSeen(server, get('/never') + get('/never'))
  await (await connect(server)).sendSeen(server, head('POST', '/', 'Content-Length: 100000') + 'x'.repeat(1000))
  await (await connect(server)).sendSeen(server, 'GET / HTTP/1.1\r\nHo')
  const idle = await idleClient(server)
  const stream = (await connect(server)).send(get('/endless'))
  await until(() => begun.streams === 1, 'the stream has begun')
  await stream.touched()
  const tunnel = (await connect(server)).send(upgrade('/deaf'))
  await tunnel.touched()
  const slow = (await connect(server)).pause().send(get('/large'))
  await until(() => server.stats().partialWrites > 0, 'the large answer is on its way')
  const began = performance.now()
  const report = await closed(server.close({ deadline: 200 }))
  assert.ok(performance.now() - began >= 190)
  assertCounts(report, { cut: { requests: 5, streams: 1, tunnels: 1 } })
  assert.ok(report.durationMs >= 190)
  assert.is(server.stats().open, 0)
  assert.match(await idle.closed(), /fin|reset/)
  await stream.broken()
  slow.leave()
  leaveAll()
})

test('a report counts what is lost: clients that leave, and streams that fail', async () => {
  const fail = gate()
  const app = new Router().get('/never', never).get('/failing', async function* () {
    yield 'begun'
    await fail.opened
    throw new Error('no more')
  })
  const server = await serve(app, { port: 0, host: '127.0.0.1', log: () => {}, halfCloseTimeout: 200 })
  const gone = await connect(server)
  await gone.sendSeen(server, get('/never'))
  const halfGone = await connect(server)
  await halfGone.sendSeen(server, get('/never'))
  const failing = (await connect(server)).send(get('/failing'))
  await failing.touched()
  const closing = server.close({ grace: LONG_MS })
  await listensNoMore(server)
  gone.crash()
  // Its handler hangs, and nothing else would end the drain.
  halfGone.finish()
  fail.open()
  await failing.broken()
  assertCounts(await closed(closing), { lost: { requests: 2, streams: 1 } })
  leaveAll()
})

test.run()
