// Streams that fail before their first piece: nothing was sent yet, so they can still be answered for.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { compress, events, HttpError, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from './messages.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

class Broken extends Error {}

function raise(error: Error = new Broken()): never {
  throw error
}

async function* later(): AsyncGenerator<string> {
  await turn()
  yield raise()
}

const makers: Record<string, () => unknown> = {
  *'a generator'() {
    yield raise()
  },
  'an async generator': later,
  'a ReadableStream': () =>
    new ReadableStream({
      async pull(controller) {
        await turn()
        controller.error(new Broken())
      },
    }),
  'a Readable': () =>
    new Readable({
      read() {
        setImmediate(() => this.destroy(new Broken()))
      },
    }),
  'a Readable that has failed': () => new Readable({ read() {} }).destroy(new Broken()),
  'a Response': () => new Response(Readable.toWeb(Readable.from(later()))),
  'a stream with a length': () => reply(200, later(), { 'content-length': 7 }),
  'a stream of too much': () => reply(200, [new Uint8Array(8)].values(), { 'content-length': 7 }),
  'a stream of too little': () => reply(200, [].values(), { 'content-length': 7 }),
  'a stream of numbers': () => [1].values(),
  'a stream whose trailers fail': () =>
    Object.assign(reply(200, [].values()), {
      trailers: () => raise(),
    }),
}

for (const [kind, make] of Object.entries(makers)) {
  for (const [how, app] of [
    ['', new Router()],
    [', compressed', new Router().use(compress({ threshold: 0 }))],
  ] as const) {
    test(`${kind} that fails before its first piece${how} is answered as an error, and the connection goes on`, () => {
      const errors: unknown[] = []
      app.get('/', make as () => object).get('/next', () => 'next')
      app.onError((error) => {
        errors.push(error)
        return reply(503, 'not now')
      })
      return serving(app, async (server) => {
        const client = (await connect(server)).send(head('GET', '/', 'Accept-Encoding: gzip'), get('/next'), get('/'))
        const [first, next, again] = await client.receive(3)
        for (const answer of [first, again]) {
          assert.is(answer?.status, 503)
          assert.is(answer?.text, 'not now')
          assert.is(answer?.header('content-length'), '7')
        }
        assert.is(next?.text, 'next')
        assert.is(errors.length, 2)
      })
    })
  }
}

test('a file that is not there is a 500, and its reason is logged', async () => {
  const errors: unknown[] = []
  await serving(
    new Router().get('/', () => createReadStream('/nowhere/at/all')),
    async (server) => assert.is((await ask(server, get())).status, 500),
    { log: (error) => errors.push(error) },
  )
  assert.is((errors[0] as { code: string }).code, 'ENOENT')
})

test('what a stream throws says its status', () => {
  const app = new Router().get('/', async function* () {
    await turn()
    yield raise(new HttpError(404, 'no such rows'))
  })
  return serving(app, async (server) => assert.is((await ask(server, get())).status, 404))
})

test('an answer for an error that fails the same way is a plain 500, and both are logged', async () => {
  const errors: unknown[] = []
  const app = new Router().get('/', later).onError((error) => {
    errors.push(error)
    return reply(503, later())
  })
  await serving(app, async (server) => assert.is((await ask(server, get())).status, 500), {
    log: (error) => errors.push(error),
  })
  assert.is(errors.length, 2)
  assert.ok(errors.every((error) => error instanceof Broken))
})

test('the head does not wait for ever, and then a failure breaks the connection', async () => {
  const errors: unknown[] = []
  const fail = gate()
  const app = new Router().get('/', async function* () {
    await fail.opened
    yield raise()
  })
  await serving(
    app,
    async (server) => {
      const client = (await connect(server)).send(get())
      await until(() => server.stats().bytesOut > 0, 'the head has left')
      fail.open()
      await client.broken()
    },
    { log: (error) => errors.push(error) },
  )
  assert.ok(errors[0] instanceof Broken)
})

test('the head of an event stream waits for nothing', () =>
  serving(
    new Router().get('/', (req) => events(req, later)),
    async (server) => {
      await (await connect(server)).send(get()).broken()
      assert.ok(server.stats().bytesOut > 0)
    },
    { log: () => {} },
  ))

test('a client that leaves before the first piece ends the stream, and nothing is logged', async () => {
  const errors: unknown[] = []
  const cancelled = gate<unknown>()
  const app = new Router().get('/', () => new ReadableStream({ cancel: (reason) => cancelled.open(reason) }))
  await serving(
    app,
    async (server) => {
      const client = (await connect(server)).send(get())
      await until(() => server.stats().requests === 1, 'it is asked')
      client.leave()
      assert.is(((await cancelled.opened) as { code: string }).code, 'ERR_CLIENT_GONE')
      await counts(server, { open: 0 })
    },
    { log: (error) => errors.push(error) },
  )
  assert.equal(errors, [])
})

test('a server closes when its streams have failed', async () => {
  const app = new Router().get('/', later)
  await serving(
    app,
    async (server) => {
      const client = (await connect(server)).send(get())
      await until(() => server.stats().requests === 1, 'it is asked')
      const closed = server.close()
      assert.is((await client.response()).status, 500)
      await closed
    },
    { log: () => {} },
  )
})

test.run()
