// Clients that have closed their side: most have gone away. Their requests do not hold connections for ever, whatever the
// handlers do.
import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post } from './messages.js'
import { connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, until, within } from './waiting.js'

const never = () => new Promise<never>(() => {})

/** Sends the head of an upload and a part of its body. */
const upload = (size: number, part: number) => head('POST', '/', `Content-Length: ${size}`) + 'x'.repeat(part)

test('a client that has closed its side is let go after halfCloseTimeout, though its handler hangs', () => {
  const gone: unknown[] = []
  const app = new Router().get('/', (req) => {
    req.signal.addEventListener('abort', () => gone.push(req.signal.reason.code))
    return never()
  })
  return serving(
    app,
    async (server) => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server)))
      for (const client of clients) client.send(get('/')).finish()
      for (const client of clients) await client.closed()
      await counts(server, { open: 0, accepted: 20 })
      assert.equal(new Set(gone), new Set(['ERR_CLIENT_GONE']))
      await within(server.close(), 'close() to end without force')
    },
    { halfCloseTimeout: 200 },
  )
})

test('two hundred abandoned uploads leave nothing, though their handlers hang', () =>
  serving(
    new Router().post('/', never, { stream: true }),
    async (server) => {
      for (let round = 0; round < 4; round += 1) {
        const clients = await Promise.all(Array.from({ length: 50 }, () => connect(server)))
        for (const client of clients) client.send(upload(1_000_000, 2_000))
        await until(() => server.stats().bytesIn >= (round + 1) * 50 * 2_000, 'the uploads have begun')
        for (const client of clients) client.leave()
      }
      await until(() => server.stats().open === 0, 'all have been let go')
      await within(server.close(), 'close() to end without force')
    },
    { halfCloseTimeout: 200 },
  ))

test('an abandoned upload that its handler does not read is found behind what was sent', () =>
  serving(
    new Router().post('/', never, { stream: true }),
    async (server) => {
      const client = (await connect(server)).send(upload(300_000, 100_000))
      await until(() => server.stats().bytesIn > 60_000, 'what comes without being asked for is read')
      await client.flushed()
      client.finish()
      await client.closed()
      await counts(server, { open: 0 })
    },
    { halfCloseTimeout: 200 },
  ))

test('a client that has closed behind more requests than are read is let go', () =>
  serving(
    new Router().get('/', never),
    async (server) => {
      const client = (await connect(server)).send(get('/'), get('/'), get('/')).finish()
      await client.closed()
      await counts(server, { open: 0 })
    },
    { halfCloseTimeout: 200, maxPipelined: 1 },
  ))

test('a place under maxConnections is given back by a client that has closed', () =>
  serving(
    new Router().get('/hang', never).get('/', () => 'a place'),
    async (server) => {
      const first = (await connect(server)).send(get('/hang')).finish()
      await first.closed()
      // With threads each loop has its part of the connections.
      await until(async () => {
        const client = await connect(server)
        const { status } = await client.send(get('/')).response()
        client.leave()
        return status === 200
      }, 'there is a place again')
    },
    { halfCloseTimeout: 200, maxConnections: 1 },
  ))

test('a stream that ends by the signal, because its client has closed its side, is no error of the app', async () => {
  const logged: unknown[] = []
  const ended = gate()
  const app = new Router().get('/', ({ signal }) =>
    reply(
      200,
      (async function* () {
        try {
          yield 'first'
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
          throw signal.reason
        } finally {
          ended.open()
        }
      })(),
    ),
  )
  await serving(
    app,
    async (server) => {
      const client = (await connect(server)).send(get('/'))
      await client.touched()
      client.finish()
      await within(ended.opened, 'the stream to end')
      await until(() => client.ending !== undefined, 'the end of the connection')
      await counts(server, { open: 0 })
    },
    { log: (error: unknown) => void logged.push(error) },
  )
  assert.equal(logged, [])
})

test('a quiet stream hears of a client that has closed long before halfCloseTimeout', async () => {
  const cancelled = gate()
  const stream = () =>
    new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from('first')),
      cancel: () => cancelled.open(),
    })
  await serving(
    stream,
    async (server) => {
      const client = (await connect(server)).send(get('/'))
      await client.touched()
      const left = performance.now()
      client.leave()
      await within(cancelled.opened, 'the stream to be cancelled')
      assert.ok(performance.now() - left < 28_000)
      await counts(server, { open: 0 })
    },
    { halfCloseTimeout: 30_000 },
  )
})

test('a client that has closed its side and takes its answer all the same gets the whole stream', () => {
  const pieces = 60
  const app = new Router().get('/', async function* () {
    for (let piece = 0; piece < pieces; piece += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      yield `${piece}\n`
    }
  })
  return serving(
    app,
    async (server) => {
      const answer = await (await connect(server)).send(get('/')).finish().response()
      assert.is(answer.text, Array.from({ length: pieces }, (_, piece) => `${piece}\n`).join(''))
    },
    // A tenth of it is less than the whole stream takes, and more than each piece does.
    { halfCloseTimeout: 10_000 },
  )
})

test('a client that has closed its side and takes a large answer slowly is there', () => {
  const body = Buffer.alloc(4 * 1024 * 1024, 'brink')
  return serving(
    () => reply(200, body),
    async (server) => {
      const client = (await connect(server)).pause().send(get('/')).finish()
      await until(() => server.stats().bytesOut > 0, 'the answer is on its way')
      await until(() => server.stats().partialWrites > 0, 'the client does not take it')
      assert.is((await client.resume().response()).body.length, body.length)
      assert.is(await client.closed(), 'fin')
    },
    { halfCloseTimeout: 2_000 },
  )
})

test('requests whose bytes wait for their answers are bounded together', () => {
  const release = gate()
  let begun = 0
  const app = new Router().post('/', async (req) => {
    const { length } = await req.bytes()
    begun += 1
    await release.opened
    return String(length)
  })
  return serving(
    app,
    async (server) => {
      const client = await connect(server)
      const one = post('/', 'x'.repeat(100_000))
      client.send(...Array.from({ length: 60 }, () => one))
      await until(() => begun === 10, 'as many requests are read as fit')
      for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve))
      assert.is(begun, 10)
      assert.ok(server.stats().bytesIn < 1_300_000, `${server.stats().bytesIn} bytes were read`)
      release.open()
      const answers = await client.receive(60)
      assert.ok(answers.every(({ text }) => text === '100000'))
    },
    { maxPendingInput: 1_000_000 },
  )
})

test.run()
