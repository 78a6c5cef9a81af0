// Server-sent events.
import { createGunzip } from 'node:zlib'
import { compress, type EventContext, events, Router, type ServerEvent } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { EventReader, type ReceivedEvent } from '../unit/event_reader.js'
import { ChunkReader } from './chunk_reader.js'
import { get, head } from './messages.js'
import { connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { type Gate, gate, until } from './waiting.js'

/** A generator of events that gives what is put in, and says when it has ended. */
class Tap {
  readonly ended = gate<string>()
  readonly begun = gate<EventContext>()
  #events: (string | ServerEvent)[] = []
  #more: Gate = gate()

  put(...given: (string | ServerEvent)[]): void {
    this.#events.push(...given)
    this.#more.open()
  }

  readonly generate = async function* (this: Tap, context: EventContext): AsyncGenerator<string | ServerEvent> {
    this.begun.open(context)
    const { signal } = context
    signal.addEventListener('abort', () => this.#more.open())
    try {
      while (!signal.aborted) {
        await this.#more.opened
        this.#more = gate()
        yield* this.#events.splice(0)
      }
    } finally {
      this.ended.open(signal.aborted ? 'aborted' : 'returned')
    }
  }.bind(this)
}

async function received(client: ChunkReader, count: number, reader = new EventReader()): Promise<ReceivedEvent[]> {
  const all: ReceivedEvent[] = []
  while (all.length < count) all.push(...reader.push(String((await client.chunk()) ?? assert.unreachable('the end'))))
  return all
}

test('events arrive as they are given, and the id of the last one comes back', () => {
  const taps = [new Tap(), new Tap()]
  let next = 0
  const app = new Router().get('/', (req) => events(req, (taps[next++] as Tap).generate))
  return serving(app, async (server) => {
    const client = await ChunkReader.ask(server, get())
    const head = await client.head()
    assert.match(head, /\r\ncontent-type: text\/event-stream\r\n/i)
    assert.match(head, /\r\ncache-control: no-store\r\n/i)
    const [first, second] = taps as [Tap, Tap]
    assert.is((await first.begun.opened).lastEventId, null)
    first.put('one')
    assert.equal(await received(client, 1), [{ event: 'message', data: 'one', id: '' }])
    first.put({ id: '7', event: 'number', data: { lines: 'a\nb' } }, { data: 'x\r\ny', id: '8' })
    assert.equal(await received(client, 2), [
      { event: 'number', data: '{"lines":"a\\nb"}', id: '7' },
      { event: 'message', data: 'x\ny', id: '8' },
    ])
    client.crash()
    assert.is(await first.ended.opened, 'aborted')
    const again = await ChunkReader.ask(server, get('/', 'Last-Event-ID: 8'))
    assert.is((await second.begun.opened).lastEventId, '8')
    again.leave()
    await second.ended.opened
  })
})

for (const how of ['leave', 'crash'] as const) {
  test(`the generator ends when its client goes while it is quiet (${how})`, () => {
    const tap = new Tap()
    return serving(
      new Router().get('/', (req) => events(req, tap.generate)),
      async (server) => {
        const client = await ChunkReader.ask(server, get())
        tap.put('one')
        await client.head()
        await received(client, 1)
        client[how]()
        assert.is(await tap.ended.opened, 'aborted')
        await counts(server, { open: 0 })
      },
    )
  })
}

test('while it is quiet comments are sent', () => {
  const tap = new Tap()
  return serving(
    new Router().get('/', (req) => events(req, tap.generate, { heartbeat: 5, retry: 100 })),
    async (server) => {
      const client = await ChunkReader.ask(server, get())
      await client.head()
      const reader = new EventReader()
      while (reader.comments < 3) reader.push(String(await client.chunk()))
      assert.is(reader.retry, 100)
      tap.put('one')
      assert.equal(await received(client, 1, reader), [{ event: 'message', data: 'one', id: '' }])
      client.leave()
      await tap.ended.opened
    },
  )
})

test('a generator that ends ends the answer, and the connection goes on', () =>
  serving(
    new Router()
      .get('/', (req) =>
        events(req, async function* () {
          yield 'one'
          yield 'two'
        }),
      )
      .get('/next', () => 'next'),
    async (server) => {
      const client = (await connect(server)).send(get(), head('HEAD', '/'), get('/next'))
      const [first, none, next] = await client.receive(3, ['GET', 'HEAD', 'GET'])
      assert.is(first?.text, 'data: one\n\ndata: two\n\n')
      assert.is(none?.header('content-type'), 'text/event-stream')
      assert.is(next?.text, 'next')
    },
  ))

test('an error, and an event that cannot be, break the connection and are logged', async () => {
  const errors: unknown[] = []
  const app = new Router()
    .get('/throws', (req) =>
      events(req, async function* () {
        yield 'one'
        throw Object.assign(new Error(), { code: 'MINE' })
      }),
    )
    .get('/invalid', (req) =>
      events(req, async function* () {
        yield { id: 'a\nb' }
      }),
    )
  await serving(
    app,
    async (server) => {
      for (const path of ['/throws', '/invalid']) await (await connect(server)).send(get(path)).broken()
      await until(() => errors.length === 2, 'both are logged')
    },
    { log: (error) => errors.push((error as { code: string }).code) },
  )
  assert.equal(errors, ['MINE', 'ERR_INVALID_EVENT'])
})

test('compressed events arrive as they are given', () => {
  const tap = new Tap()
  return serving(
    new Router().use(compress()).get('/', (req) => events(req, tap.generate)),
    async (server) => {
      const client = await ChunkReader.ask(server, get('/', 'Accept-Encoding: br, gzip'))
      assert.match(await client.head(), /\r\ncontent-encoding: gzip\r\n/i)
      const gunzip = createGunzip()
      const reader = new EventReader()
      const seen: string[] = []
      gunzip.on('data', (bytes) => seen.push(...reader.push(String(bytes)).map(({ data }) => data)))
      for (const event of ['one', 'two', 'three']) {
        tap.put(event)
        while (seen.at(-1) !== event) {
          const chunk = (await client.chunk()) ?? assert.unreachable('the end')
          await new Promise((resolve) => gunzip.write(chunk, resolve))
        }
      }
      assert.equal(seen, ['one', 'two', 'three'])
      client.crash()
      assert.is(await tap.ended.opened, 'aborted')
      await counts(server, { open: 0 })
    },
  )
})

test('many streams are told at once, and all end when the server is closed', () => {
  const taps: Tap[] = []
  const app = new Router().get('/', (req) => {
    const tap = new Tap()
    taps.push(tap)
    return events(req, tap.generate)
  })
  return serving(app, async (server) => {
    const clients = await Promise.all(Array.from({ length: 100 }, () => ChunkReader.ask(server, get())))
    await Promise.all(clients.map((client) => client.head()))
    for (const round of ['one', 'two', 'three']) {
      for (const tap of taps) tap.put(round)
      const told = await Promise.all(clients.map((client) => received(client, 1)))
      assert.ok(told.every(([event]) => event?.data === round))
    }
    await server.close({ force: 0 })
    for (const tap of taps) assert.is(await tap.ended.opened, 'aborted')
    for (const client of clients) client.leave()
  })
})

test.run()
