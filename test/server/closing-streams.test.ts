// Servers that are closed, or whose thread ends, while bodies are on their way.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Router, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, noise } from './messages.js'
import { connect, leaveAll } from './raw_client.js'
import { gate, turn, until, within } from './waiting.js'

const STREAMS = 50

/** Streams that go on until they are told, and count who has begun and who has ended. */
function streaming() {
  const go = gate<void>()
  const seen = { begun: 0, ended: 0, complete: 0 }
  const app = new Router()
    .get('/', async function* () {
      seen.begun += 1
      try {
        yield 'begin '
        await go.opened
        yield 'end'
        seen.complete += 1
      } finally {
        seen.ended += 1
      }
    })
    .get('/endless', async function* () {
      seen.begun += 1
      try {
        for (;;) {
          await turn()
          yield noise(1000)
        }
      } finally {
        seen.ended += 1
      }
    })
    .post(
      '/',
      async (req) => {
        seen.begun += 1
        try {
          let bytes = 0
          for await (const piece of req.body ?? []) bytes += piece.length
          return String(bytes)
        } finally {
          seen.ended += 1
        }
      },
      { stream: true },
    )
  return { app, go, seen }
}

test('a server that is closed lets its streams come to their ends', async () => {
  const { app, go, seen } = streaming()
  const server = await serve(app, { port: 0, host: '127.0.0.1' })
  const clients = await Promise.all(Array.from({ length: STREAMS }, () => connect(server)))
  for (const client of clients) client.send(get())
  await until(() => seen.begun === STREAMS, 'all have begun')
  let isClosed = false
  const closing = server.close().then(() => {
    isClosed = true
  })
  for (let turns = 0; turns < 20; turns += 1) await turn()
  assert.not.ok(isClosed)
  go.open()
  for (const client of clients) {
    assert.is((await client.response()).text, 'begin end')
    assert.is(await client.closed(), 'fin')
  }
  await within(closing, 'the server to close')
  assert.equal(seen, { begun: STREAMS, ended: STREAMS, complete: STREAMS })
  leaveAll()
})

for (const path of ['/', '/endless']) {
  test(`a server that is closed with force breaks its streams off, and ends their sources (${path})`, async () => {
    const { app, seen, go } = streaming()
    const server = await serve(app, { port: 0, host: '127.0.0.1' })
    const clients = await Promise.all(Array.from({ length: STREAMS }, () => connect(server)))
    for (const client of clients) client.send(get(path))
    for (const client of clients) await client.touched()
    await within(server.close({ force: 0 }), 'the server to close')
    for (const client of clients) await client.broken()
    // A generator that waits can end only behind that.
    go.open()
    await until(() => seen.ended === STREAMS, 'the sources are ended')
    assert.is(seen.begun, STREAMS)
    leaveAll()
  })
}

test('a server that is closed takes an upload to its end', async () => {
  const { app, seen } = streaming()
  const server = await serve(app, { port: 0, host: '127.0.0.1' })
  const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 300000'), noise(1000))
  await until(() => seen.begun === 1, 'it has begun')
  const closing = server.close()
  for (let turns = 0; turns < 20; turns += 1) await turn()
  client.send(noise(299_000))
  const answer = await client.response()
  assert.equal([answer.text, answer.header('connection')], ['300000', 'close'])
  await within(closing, 'the server to close')
  leaveAll()
})

test('a server that is closed with force ends its uploads', async () => {
  const { app, seen } = streaming()
  const server = await serve(app, { port: 0, host: '127.0.0.1', log: () => {} })
  const clients = await Promise.all(Array.from({ length: STREAMS }, () => connect(server)))
  for (const client of clients) client.send(head('POST', '/', 'Content-Length: 300000'), noise(1000))
  await until(() => seen.begun === STREAMS, 'they have begun')
  await within(server.close({ force: 0 }), 'the server to close')
  await until(() => seen.ended === STREAMS, 'those who read are told')
  leaveAll()
})

test('a worker thread that is terminated in the middle of its streams takes nobody along', async () => {
  for (let times = 0; times < 5; times += 1) {
    const worker = new Worker(new URL('./programs/streaming_worker.js', import.meta.url))
    const [port] = (await within(once(worker, 'message'), 'the worker to listen')) as [number]
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect({ port })))
    clients.forEach((client, index) => {
      if (index % 4 === 0) client.send(get('/made'))
      if (index % 4 === 1) client.pause().send(get('/made'))
      if (index % 4 === 2) client.send(head('POST', '/take', 'Content-Length: 100000000'), noise(100_000))
      if (index % 4 === 3) client.send(get('/tunnel', 'Connection: Upgrade', 'Upgrade: raw'), noise(10_000))
    })
    for (const client of clients.filter((_, index) => index % 4 === 0)) await client.touched()
    await within(worker.terminate(), 'the worker to end')
    for (const client of clients) await until(() => client.resume().ending !== undefined, 'the connection has ended')
    leaveAll()
  }
})

test.run()
