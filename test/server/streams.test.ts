// Answers whose bodies are streams.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, noise, post } from './messages.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

const MIB = 1024 * 1024
const pieces = ['one ', 'two ', '', 'three']
const text = pieces.join('')

async function* later() {
  for (const piece of pieces) {
    await turn()
    yield piece
  }
}

function* atOnce() {
  yield* pieces
}

function webStream(): ReadableStream<Uint8Array> {
  const left = pieces.map((piece) => Buffer.from(piece)).filter((piece) => piece.length > 0)
  return new ReadableStream({
    async pull(controller) {
      await turn()
      const piece = left.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(piece)
    },
  })
}

const makers: Record<string, () => unknown> = {
  'a generator': atOnce,
  'an async generator': later,
  'a ReadableStream': () => new Blob(pieces).stream(),
  'a Readable': () => Readable.from(pieces),
  'a Readable of bytes': () =>
    Readable.from(
      pieces.map((piece) => Buffer.from(piece)),
      { objectMode: false },
    ),
  'an async iterable': () => ({ [Symbol.asyncIterator]: later }),
  'a Response': () => new Response(webStream()),
}

for (const [kind, make] of Object.entries(makers)) {
  test(`${kind} is sent in chunks, and the connection goes on`, () =>
    serving(
      new Router().get('/', make as () => object).get('/next', () => 'next'),
      async (server) => {
        const client = (await connect(server)).send(get(), get('/next'), get())
        const [first, next, again] = await client.receive(3)
        assert.is(first?.text, text)
        assert.is(first?.header('transfer-encoding'), 'chunked')
        assert.is(next?.text, 'next')
        assert.is(again?.text, text)
      },
    ))

  test(`${kind} is sent to an HTTP/1.0 client up to the end of the connection`, () =>
    serving(new Router().get('/', make as () => object), async (server) => {
      const client = (await connect(server)).send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
      const bytes = await client.everything()
      assert.match(bytes, /^HTTP\/1\.1 200 OK\r\n/)
      assert.match(bytes, /\r\nConnection: close\r\n/)
      assert.not.match(bytes, /transfer-encoding|content-length/i)
      assert.is(bytes.slice(bytes.indexOf('\r\n\r\n') + 4), text)
    }))

  test(`HEAD of ${kind} is answered without it`, () =>
    serving(new Router().get('/', make as () => object), async (server) => {
      const client = (await connect(server)).send(head('HEAD', '/'), get())
      const [answer, next] = await client.receive(2, ['HEAD', 'GET'])
      assert.is(answer?.status, 200)
      assert.is(next?.text, text)
    }))
}

test('a Blob is sent with its size and type', () =>
  serving(
    new Router().get('/', () => new Blob([text], { type: 'text/x-blob' })),
    async (server) => {
      const answer = await ask(server, get())
      assert.is(answer.text, text)
      assert.is(answer.header('content-length'), String(text.length))
      assert.is(answer.header('content-type'), 'text/x-blob')
    },
  ))

test('a Response that is made of a string has its length', () =>
  serving(
    new Router().get('/', () => new Response('hello')),
    async (server) => {
      const answer = await ask(server, get())
      assert.is(answer.header('content-length'), '5')
      assert.is(answer.text, 'hello')
    },
  ))

test('a stream with a content-length is sent with it', () =>
  serving(
    new Router().get('/', () => reply(200, later(), { 'content-length': text.length })),
    async (server) => {
      const client = (await connect(server)).send(get(), get())
      for (const answer of await client.receive(2)) {
        assert.is(answer.header('content-length'), String(text.length))
        assert.is(answer.text, text)
      }
    },
  ))

for (const [what, length] of [
  ['more', text.length - 1],
  ['less', text.length + 1],
] as const) {
  test(`a stream that gives ${what} than its content-length is broken off, and logged`, async () => {
    const errors: unknown[] = []
    await serving(
      new Router().get('/', () => reply(200, later(), { 'content-length': length })),
      async (server) => {
        const client = (await connect(server)).send(get())
        await client.broken()
        await until(() => errors.length > 0, 'it is logged')
        await counts(server, { open: 0 })
      },
      { log: (error) => errors.push(error) },
    )
    assert.is((errors[0] as { code: string }).code, 'ERR_CONTENT_LENGTH_MISMATCH')
  })
}

test('an error midway breaks the connection, and is logged', async () => {
  const errors: unknown[] = []
  const app = new Router().get('/', async function* () {
    yield 'so far so good'
    await turn()
    throw new Error('and no further')
  })
  await serving(
    app,
    async (server) => {
      const client = (await connect(server)).send(get())
      await client.broken()
    },
    { log: (error) => errors.push(error) },
  )
  assert.match(String(errors[0]), /no further/)
})

test('a piece that cannot be sent breaks the connection, and is logged', async () => {
  const errors: unknown[] = []
  await serving(
    new Router().get('/', async function* () {
      yield 'a text'
      yield 42
    }),
    async (server) => void (await (await connect(server)).send(get()).broken()),
    { log: (error) => errors.push(error) },
  )
  assert.is((errors[0] as { code: string }).code, 'ERR_UNSUPPORTED_CHUNK')
})

for (const [kind, size] of [
  ['small', 8000],
  ['large', 100_000],
] as const) {
  test(`a client that takes a stream of ${kind} pieces slowly holds its source back, and gets all of it`, () => {
    const piece = noise(size)
    const total = 24 * MIB
    let given = 0
    const app = new Router().get('/', function* () {
      for (; given < total; given += size) yield piece
    })
    return serving(app, async (server) => {
      const client = (await connect(server)).pause().send(get())
      await until(() => server.stats().partialWrites > 0, 'the client takes no more')
      const held = given
      await turn()
      // What the system's buffers hold between the two is not the source's to know.
      assert.ok(given < total / 2 && given - held < MIB, `${given}`)
      const { body } = await client.resume().response()
      assert.is(body.length, given)
      assert.ok(body.subarray(-size).equals(piece))
    })
  })
}

test('HEAD of a Readable that fails a little later is answered, and that is all', () =>
  serving(
    new Router().get('/', () => reply(200, createReadStream('/nowhere/at/all'))),
    async (server) => {
      const client = await connect(server)
      for (let times = 0; times < 3; times += 1) {
        assert.is((await client.send(head('HEAD', '/')).response('HEAD')).status, 200)
      }
    },
  ))

const sources: Record<string, (ended: () => void) => unknown> = {
  'a generator': (ended) =>
    (function* () {
      try {
        for (;;) yield noise(10_000)
      } finally {
        ended()
      }
    })(),
  'an async generator': (ended) =>
    (async function* () {
      try {
        for (;;) {
          await turn()
          yield 'tick'
        }
      } finally {
        ended()
      }
    })(),
  'a ReadableStream that is quiet': (ended) => new ReadableStream({ start: (c) => c.enqueue('a'), cancel: ended }),
  'a Readable that is quiet': (ended) => {
    const readable = new Readable({ read() {} })
    readable.push('a')
    return readable.on('close', ended)
  },
}

for (const [kind, make] of Object.entries(sources)) {
  for (const how of ['crash', 'leave'] as const) {
    // To leave in order is not to be gone, as long as nothing has to be written.
    if (how === 'leave' && kind.endsWith('quiet')) continue
    test(`${kind} is ended when its client goes (${how})`, () => {
      const ended = gate<void>()
      return serving(
        new Router().get('/', () => make(() => ended.open()) as object),
        async (server) => {
          const client = (await connect(server)).send(get())
          await until(() => server.stats().bytesOut > 0, 'it has begun')
          client[how]()
          await ended.opened
          await counts(server, { open: 0 })
        },
      )
    })
  }
}

test('streams are ended when the server is closed', async () => {
  const ended = gate<void>()
  await serving(
    new Router().get('/', () => sources['a ReadableStream that is quiet']?.(() => ended.open()) as object),
    async (server) => {
      const client = (await connect(server)).send(get())
      await until(() => server.stats().bytesOut > 0, 'it has begun')
      await server.close({ force: 0 })
      await ended.opened
      client.leave()
    },
  )
})

test('a stream waits for its turn behind slower answers, and keeps within bounds', () => {
  const go = gate<void>()
  let given = 0
  const app = new Router()
    .get('/slow', async () => {
      await go.opened
      return 'slow'
    })
    .get('/stream', function* () {
      for (; given < 200; given += 1) yield noise(10_000, given)
    })
    .get('/next', () => 'next')
  return serving(app, async (server) => {
    const client = (await connect(server)).send(get('/slow'), get('/stream'), get('/next'))
    await until(() => given > 0, 'the stream has begun')
    for (let turns = 0; turns < 5; turns += 1) await turn()
    assert.ok(given < 50, String(given))
    go.open()
    const [slow, stream, next] = await client.receive(3)
    assert.is(slow?.text, 'slow')
    assert.is(stream?.body.length, 2_000_000)
    assert.is(next?.text, 'next')
  })
})

test('trailers are sent behind a stream', () =>
  serving(
    new Router()
      .get('/known', () => Object.assign(reply(200, later()), { trailers: { 'x-sum': '1' } }))
      .get('/made', () => {
        let count = 0
        const body = (function* () {
          for (const piece of pieces) {
            count += piece.length
            yield piece
          }
        })()
        return Object.assign(reply(200, body), { trailers: () => ({ 'x-count': count }) })
      }),
    async (server) => {
      const known = await ask(server, get('/known'))
      assert.equal(known.trailers, ['x-sum: 1'])
      assert.is(known.header('trailer'), 'x-sum')
      const made = await ask(server, get('/made'))
      assert.equal(made.trailers, [`x-count: ${text.length}`])
      assert.is(made.text, text)
    },
  ))

test('what comes in can be sent back as it comes', () =>
  serving(
    new Router().post('/', (req) => req.body, { stream: true, bodyLimit: Infinity }),
    async (server) => {
      const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 300000'))
      const body = noise(300_000)
      for (let at = 0; at < body.length; at += 50_000) {
        await client.sendSeen(server, body.subarray(at, at + 50_000))
      }
      assert.ok((await client.response()).body.equals(body))
      assert.ok((await client.send(post('/', body)).response()).body.equals(body))
    },
  ))

test('req.signal aborts when the client goes away, and not when it is answered', () => {
  const aborted = gate<unknown>()
  let answered: AbortSignal | undefined
  const app = new Router()
    .get('/', (req) => {
      answered = req.signal
      return 'here'
    })
    .get('/gone', async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      aborted.open(signal.reason)
    })
  return serving(app, async (server) => {
    const client = (await connect(server)).send(get())
    await client.response()
    client.send(get('/gone'))
    await until(() => server.stats().requests === 2, 'it is asked')
    client.leave()
    assert.is(((await aborted.opened) as { code: string }).code, 'ERR_CLIENT_GONE')
    assert.is(answered?.aborted, false)
    await counts(server, { open: 0 })
  })
})

test('a Readable that fails while a middleware waits costs its own answer, and nothing else', async () => {
  const errors: unknown[] = []
  const app = new Router()
    .use(async (_req, next) => {
      const answer = await next()
      await failed.opened
      return answer
    })
    .get('/', () => {
      const readable = new Readable({ read() {} })
      readable.on('close', () => failed.open())
      readable.destroy(new Error('at once'))
      return readable
    })
  const failed = gate()
  await serving(app, async (server) => assert.is((await ask(server, get())).status, 500), {
    log: (error) => errors.push(error),
  })
  assert.match(String(errors[0]), /at once/)
})

test('a client that stopped sending still gets a stream', () =>
  serving(new Router().get('/', later), async (server) => {
    const client = (await connect(server)).send(get()).finish()
    assert.is((await client.response()).text, text)
    assert.is(await client.closed(), 'fin')
  }))

test('a quiet stream is not idle', () => {
  const go = gate<void>()
  const app = new Router()
    .get('/', async function* () {
      yield 'begin '
      await go.opened
      yield 'end'
    })
    .get('/after', () => 'after')
  return serving(
    app,
    async (server) => {
      const quiet = (await connect(server)).send(get())
      await until(() => server.stats().bytesOut > 0, 'it has begun')
      // As long as it takes an idle connection to be closed, twice.
      for (let times = 0; times < 2; times += 1) await (await connect(server)).closed()
      go.open()
      assert.is((await quiet.response()).text, 'begin end')
    },
    { keepAliveTimeout: 200, writeTimeout: 200 },
  )
})

test.run()
