// Streams that go wrong, or are taken otherwise than they were meant: whatever happens, the process goes on, no answer
// looks whole that is not, and who gives is told when nobody takes.
import { Readable } from 'node:stream'
import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, noise } from './messages.js'
import { connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, until, within } from './waiting.js'

const MIB = 1024 * 1024

/** Serves a handler at `/` while `use` runs, and gives what was logged. */
async function logging(
  app: Router,
  use: (server: { port: number; stats(): { bytesOut: number; requests: number; open: number } }) => Promise<void>,
): Promise<{ code?: string; message: string }[]> {
  const logged: { code?: string; message: string }[] = []
  await serving(app, use, { log: (error) => logged.push(error as Error) })
  return logged
}

async function* endless() {
  for (;;) {
    await turn()
    yield 'tick '
  }
}

const quiet = (source: object) => reply(200, source, { 'content-type': 'text/plain' })

/** Sources that resist being ended. */
const resisting: Record<string, (asked: () => void) => object> = {
  'a generator that throws in its end': (asked) =>
    (async function* () {
      try {
        yield* endless()
      } finally {
        asked()
        // biome-ignore lint/correctness/noUnsafeFinally: it is what the test is about
        throw new Error('in the end')
      }
    })(),
  'a synchronous generator that throws in its end': (asked) =>
    (function* () {
      try {
        for (;;) yield noise(50_000)
      } finally {
        asked()
        // biome-ignore lint/correctness/noUnsafeFinally: it is what the test is about
        throw new Error('in the end')
      }
    })(),
  'a generator that goes on in its end': (asked) =>
    (async function* () {
      try {
        yield* endless()
      } finally {
        asked()
        yield 'more'
      }
    })(),
  'a ReadableStream whose cancel throws': (asked) =>
    new ReadableStream({
      start: (controller) => controller.enqueue('a'),
      cancel() {
        asked()
        throw new Error('in cancel')
      },
    }),
  'a ReadableStream whose cancel is rejected': (asked) =>
    new ReadableStream({
      start: (controller) => controller.enqueue('a'),
      async cancel() {
        asked()
        throw new Error('in cancel')
      },
    }),
  'a Readable whose destroy fails': (asked) =>
    new Readable({
      read() {
        this.push('a'.repeat(1000))
      },
      destroy(_error, done) {
        asked()
        done(new Error('in destroy'))
      },
    }),
  'an iterator without return': (asked) => {
    asked()
    return {
      [Symbol.asyncIterator]: () => ({
        async next() {
          await turn()
          return { done: false, value: 'tick' }
        },
      }),
    }
  },
  'an iterator whose return is never done': (asked) => ({
    [Symbol.asyncIterator]: () => ({
      async next() {
        await turn()
        return { done: false, value: 'tick' }
      },
      return() {
        asked()
        return new Promise(() => {})
      },
    }),
  }),
}

for (const [kind, make] of Object.entries(resisting)) {
  test(`${kind} does no harm when its client goes`, async () => {
    const asked = gate<void>()
    const logged = await logging(
      new Router().get('/', () => quiet(make(() => asked.open()))),
      async (server) => {
        const client = (await connect(server)).send(get())
        await until(() => server.stats().bytesOut > 0, 'it has begun')
        client.crash()
        await within(asked.opened, 'it to be ended')
        await until(() => server.stats().open === 0, 'it is gone')
        assert.is((await (await connect(server)).send(head('HEAD', '/')).response('HEAD')).status, 200)
      },
    )
    assert.equal(logged, [])
  })

  test(`${kind} does no harm to HEAD`, async () => {
    const logged = await logging(
      new Router().get('/', () => quiet(make(() => {}))).get('/next', () => 'next'),
      async (server) => {
        const client = (await connect(server)).send(head('HEAD', '/'), get('/next'))
        const [answer, next] = await client.receive(2, ['HEAD', 'GET'])
        assert.equal([answer?.status, next?.text], [200, 'next'])
      },
    )
    assert.equal(logged, [])
  })
}

test('a stream that is given behind a refusal of its request is ended', async () => {
  const asked = gate<void>()
  const refused = gate<void>()
  const ended = gate<void>()
  const app = new Router()
    .post(
      '/',
      async () => {
        asked.open()
        await refused.opened
        return (async function* () {
          try {
            for (;;) yield noise(100_000)
          } finally {
            ended.open()
          }
        })()
      },
      { stream: true },
    )
    .get('/', () => 'next')
  await serving(app, async (server) => {
    const client = (await connect(server)).send(head('POST', '/', 'Transfer-Encoding: chunked'), '4\r\nbody\r\n')
    await within(asked.opened, 'the handler to begin')
    client.send('no chunk\r\n')
    assert.is((await client.response()).status, 400)
    refused.open()
    await turn()
    client.leave()
    await within(ended.opened, 'the stream to be ended')
    await counts(server, { open: 0 })
  })
})

/** Sources that end before they are complete. Each is told when its answer has begun. */
const failing: Record<string, (begun: Promise<void>) => object> = {
  'a generator that throws': (begun) =>
    (async function* () {
      yield 'so far'
      await begun
      throw new Error('broken')
    })(),
  'a Readable that is destroyed without an error': (begun) => {
    const readable = new Readable({ read() {} })
    readable.push('so far')
    void begun.then(() => readable.destroy())
    return readable
  },
  'a Readable that is destroyed with an error': (begun) => {
    const readable = new Readable({ read() {} })
    readable.push('so far')
    void begun.then(() => readable.destroy(new Error('broken')))
    return readable
  },
  'a ReadableStream that errors': (begun) =>
    new ReadableStream({
      start(controller) {
        controller.enqueue('so far')
        void begun.then(() => controller.error(new Error('broken')))
      },
    }),
  'an iterator whose next throws': (begun) => {
    let count = 0
    return {
      [Symbol.asyncIterator]: () => ({
        next() {
          count += 1
          if (count === 1) return Promise.resolve({ done: false, value: 'so far' })
          if (count === 2) return begun.then(() => ({ done: false, value: ' so good' }))
          throw new Error('broken')
        },
      }),
    }
  },
  'trailers that cannot be made': (begun) =>
    Object.assign(
      reply(
        200,
        (async function* () {
          yield 'so far'
          await begun
        })(),
      ),
      {
        trailers: () => {
          throw new Error('broken')
        },
      },
    ),
  'trailers that cannot be trailers': (begun) =>
    Object.assign(
      reply(
        200,
        (async function* () {
          yield 'so far'
          await begun
        })(),
      ),
      { trailers: () => ({ 'content-length': 7 }) },
    ),
}

for (const [kind, make] of Object.entries(failing)) {
  for (const version of ['1.1', '1.0']) {
    test(`${kind} breaks the connection of an HTTP/${version} client, and is logged once`, async () => {
      const begun = gate<void>()
      const logged = await logging(
        new Router().get('/', () => make(begun.opened)),
        async (server) => {
          const client = (await connect(server)).send(`GET / HTTP/${version}\r\nHost: brink\r\n\r\n`)
          await client.touched()
          begun.open()
          await client.broken()
        },
      )
      assert.is(logged.length, 1)
    })
  }
}

test('trailers that are known to be wrong are an error before the answer begins', async () => {
  const logged = await logging(
    new Router().get('/', () => Object.assign(reply(200, endless()), { trailers: { 'content-type': 'a/b' } })),
    async (server) => assert.is((await (await connect(server)).send(get()).response()).status, 500),
  )
  assert.equal(
    logged.map(({ code }) => code),
    ['ERR_INVALID_TRAILER'],
  )
})

const shared: Record<string, () => object> = {
  'a ReadableStream': () => new Blob([noise(300_000)]).stream(),
  'a Readable': () => Readable.from([noise(300_000)]),
  'a generator': () =>
    (function* () {
      yield noise(300_000)
    })(),
  'an async generator': () =>
    (async function* () {
      await turn()
      yield noise(300_000)
    })(),
}

for (const [kind, make] of Object.entries(shared)) {
  test(`${kind} that is given to two requests serves one, and leaves no other hanging`, async () => {
    const body = make()
    await logging(
      new Router().get('/', () => quiet(body)).get('/next', () => 'next'),
      async (server) => {
        const clients = await Promise.all([connect(server), connect(server)])
        const answers = await Promise.all(
          clients.map((client) =>
            client
              .send(get())
              .response()
              .then(
                ({ status, body: bytes }) => (status === 200 ? bytes.length : 'refused'),
                () => 'broken',
              ),
          ),
        )
        const whole = answers.filter((answer) => answer === 300_000)
        assert.is(whole.length, 1, JSON.stringify(answers))
        assert.is((await (await connect(server)).send(get('/next')).response()).text, 'next')
      },
    )
  })
}

test('HEAD of a stream with trailers sends neither, and the connection goes on', () =>
  serving(
    new Router()
      .get('/', () => Object.assign(reply(200, ['a', 'b'].values()), { trailers: { 'x-a': 'b' } }))
      .get('/sized', () => reply(200, ['a', 'b'].values(), { 'content-length': 2 })),
    async (server) => {
      const client = (await connect(server)).send(head('HEAD', '/'), head('HEAD', '/sized'), get('/'))
      const [known, sized, answer] = await client.receive(3, ['HEAD', 'HEAD', 'GET'])
      assert.is(known?.header('trailer'), 'x-a')
      assert.is(sized?.header('content-length'), '2')
      assert.equal([answer?.text, answer?.trailers], ['ab', ['x-a: b']])
    },
  ))

test('an HTTP/1.0 client that wants to be kept gets a stream of known length, and is', () =>
  serving(
    new Router().get('/', () => reply(200, ['a', 'b'].values(), { 'content-length': 2 })),
    async (server) => {
      const client = await connect(server)
      for (let times = 0; times < 2; times += 1) {
        const answer = await client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').response()
        assert.equal([answer.text, answer.header('connection')], ['ab', 'keep-alive'])
      }
    },
  ))

for (const status of [204, 205, 304]) {
  test(`a ${status} ends its stream, and sends none of it`, () => {
    const ended = gate<void>()
    const app = new Router()
      .get('/', () =>
        reply(
          status,
          new ReadableStream({ start: (controller) => controller.enqueue('a'), cancel: () => ended.open() }),
        ),
      )
      .get('/next', () => 'next')
    return serving(app, async (server) => {
      const client = (await connect(server)).send(get(), get('/next'))
      const [answer, next] = await client.receive(2)
      assert.equal([answer?.status, answer?.text, next?.text], [status, '', 'next'])
      await within(ended.opened, 'the stream to be cancelled')
    })
  })
}

test('empty pieces are no end', () =>
  serving(
    new Router().get('/', function* () {
      for (let count = 0; count < 1000; count += 1) yield count % 2 === 0 ? '' : new Uint8Array(0)
      yield 'the end'
    }),
    async (server) => {
      assert.is((await (await connect(server)).send(get()).response()).text, 'the end')
    },
  ))

test('a hundred thousand small pieces arrive', () =>
  serving(
    new Router().get('/', function* () {
      for (let count = 0; count < 100_000; count += 1) yield `${count % 10}`
    }),
    async (server) => {
      const { text } = await (await connect(server)).send(get()).response()
      assert.is(text, '0123456789'.repeat(10_000))
    },
  ))

test('a piece of many megabytes is taken slowly, and is whole', () =>
  serving(
    new Router().get('/', function* () {
      yield noise(20 * MIB, 1)
      yield noise(20 * MIB, 2)
    }),
    async (server) => {
      const client = (await connect(server)).pause().send(get())
      await until(() => server.stats().partialWrites > 0, 'the client takes no more')
      const { body } = await client.resume().response()
      assert.ok(body.subarray(0, 20 * MIB).equals(noise(20 * MIB, 1)))
      assert.ok(body.subarray(20 * MIB).equals(noise(20 * MIB, 2)))
    },
  ))

test('all streams of a pipeline are ended when its client goes', () => {
  let begun = 0
  let ended = 0
  const app = new Router()
    .get('/slow', () => new Promise(() => {}))
    .get('/', async function* () {
      begun += 1
      try {
        yield* endless()
      } finally {
        ended += 1
      }
    })
  return serving(app, async (server) => {
    for (const first of [get(), get('/slow')]) {
      begun = 0
      ended = 0
      const client = (await connect(server)).send(first, get(), get(), get())
      await until(() => begun >= 3, 'they have begun')
      client.crash()
      await until(() => ended === begun, 'they are ended')
      await counts(server, { open: 0 })
    }
  })
})

test('an answer that is broken off takes those behind it along', async () => {
  let running = 0
  let ended = 0
  const begun = gate<void>()
  const app = new Router()
    .get('/broken', async function* () {
      yield 'so far'
      await begun.opened
      throw new Error('broken')
    })
    .get('/', async function* () {
      try {
        running += 1
        yield* endless()
      } finally {
        ended += 1
      }
    })
  const logged = await logging(app, async (server) => {
    const client = (await connect(server)).send(get('/broken'), get(), get())
    // One whose turn has not come when the answer is broken off is not begun at all.
    await until(() => server.stats().bytesOut > 0 && running === 2, 'all are at work')
    begun.open()
    await client.broken()
    await until(() => ended === 2, 'those behind it are ended')
  })
  assert.is(logged.length, 1)
})

test('a stream that says that it is the last is', () =>
  serving(
    new Router().get('/', () => reply(200, ['a', 'b'].values(), { connection: 'close' })),
    async (server) => {
      const client = (await connect(server)).send(get(), get())
      const answer = await client.response()
      assert.equal([answer.text, answer.header('connection')], ['ab', 'close'])
      assert.is(await client.closed(), 'fin')
    },
  ))

test.run()
