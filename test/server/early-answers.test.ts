// Answers that are there before the body of their request is, and what stands behind such a body.
import { HttpError, Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, inChunks, noise, post, postChunked } from './messages.js'
import { connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, until, within } from './waiting.js'

const MIB = 1024 * 1024
const any = { bodyLimit: Infinity, stream: true }

async function textOf(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of body ?? []) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

const early = new Router()
  .post('/', () => 'early', any)
  .post(
    '/refuse',
    () => {
      throw new HttpError(403)
    },
    any,
  )
  .post('/later', async () => turn().then(() => 'early'), any)
  .all('/*', ({ path }) => path)

for (const path of ['/', '/later']) {
  for (const [kind, upload] of [
    ['with a length', post(path, noise(100_000))],
    ['in chunks', postChunked(path, [noise(50_000), noise(50_000)])],
  ] as const) {
    test(`requests behind a body ${kind} that nobody reads are answered (${path})`, () =>
      serving(early, async (server) => {
        const client = (await connect(server)).send(upload, get('/a'), upload, get('/b'), get('/c'))
        const answers = await client.receive(5)
        assert.equal(
          answers.map(({ text }) => text),
          ['early', '/a', 'early', '/b', '/c'],
        )
      }))

    test(`nothing in a body ${kind} is a request (${path})`, () =>
      serving(early, async (server) => {
        const smuggled = get('/smuggled').repeat(3000)
        const client = await connect(server)
        client.send(kind === 'in chunks' ? postChunked(path, [smuggled]) : post(path, smuggled), get('/next'))
        const answers = await client.receive(2)
        assert.equal(
          answers.map(({ text }) => text),
          ['early', '/next'],
        )
        assert.is((await client.send(get('/last')).response()).text, '/last')
      }))
  }
}

test('a request behind a long body that nobody reads is not answered', () =>
  serving(early, async (server) => {
    const client = (await connect(server)).send(post('/', noise(3 * MIB)), get('/next'))
    const answer = await client.response()
    assert.is(answer.header('connection'), 'close')
    assert.is(await client.closed(), 'fin')
  }))

test('a body that turns out bad behind its answer ends the connection, and is not answered again', () =>
  serving(early, async (server) => {
    const client = (await connect(server)).send(head('POST', '/', 'Transfer-Encoding: chunked'), '4\r\ngood\r\n')
    assert.is((await client.response()).text, 'early')
    client.send('no chunk\r\n', get('/next'))
    assert.is(await client.closed(), 'fin')
  }))

test('a client that leaves behind an early answer is let go', () =>
  serving(early, async (server) => {
    for (const how of ['crash', 'leave', 'finish'] as const) {
      const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 100000'), noise(1000))
      assert.is((await client.response()).text, 'early')
      client[how]()
      await counts(server, { open: 0 })
    }
  }))

test('the answer to a request that is the last comes before its body, and is not lost', () =>
  serving(early, async (server) => {
    const client = await connect(server)
    client.send(head('POST', '/', 'Content-Length: 300000', 'Connection: close'), noise(1000))
    const answer = await client.response()
    assert.is(answer.text, 'early')
    assert.is(answer.header('connection'), 'close')
    client.send(noise(299_000), get('/next'))
    assert.is(await client.closed(), 'fin')
  }))

test('what stands behind a request that is the last is not answered, nor does it harm the answer', () =>
  serving(
    new Router().all('/*', (req) => req.text()),
    async (server) => {
      const client = await connect(server)
      client.send(post('/', 'the last', 'Connection: close'), post('/', noise(500_000)), get('/next'))
      assert.is((await client.response()).text, 'the last')
      assert.is(await client.closed(), 'fin')
    },
  ))

const expecting = (path: string, ...fields: string[]) =>
  head('POST', path, 'Content-Length: 4', 'Expect: 100-continue', ...fields)

test('100 Continue is not said before the answers that are due first', () => {
  const go = gate<void>()
  const app = new Router()
    .get('/slow', async () => {
      await go.opened
      return 'slow'
    })
    .post('/', (req) => textOf(req.body), any)
  return serving(app, async (server) => {
    const client = await connect(server)
    await client.sendSeen(server, get('/slow') + expecting('/'))
    for (let turns = 0; turns < 10; turns += 1) await turn()
    assert.is(server.stats().bytesOut, 0)
    go.open()
    const [slow, interim] = await client.receive(2)
    assert.equal([slow?.text, interim?.status], ['slow', 100])
    assert.is((await client.send('body').response()).text, 'body')
  })
})

test('a client that does not wait for 100 Continue is read all the same', () =>
  serving(
    new Router().post('/', (req) => req.text()).get('/', () => 'next'),
    async (server) => {
      const client = (await connect(server)).send(`${expecting('/')}body`, get('/'))
      const first = await client.response()
      const answer = first.status === 100 ? await client.response() : first
      assert.is(answer.text, 'body')
      assert.is((await client.response()).text, 'next')
    },
  ))

test('a body that was refused, and is sent all the same, is no request', () =>
  serving(early, async (server) => {
    const client = (await connect(server)).send(
      head('POST', '/refuse', `Content-Length: ${get('/smuggled').length}`, 'Expect: 100-continue'),
    )
    assert.is((await client.response()).status, 403)
    client.send(get('/smuggled'), get('/next'))
    assert.is(await client.closed(), 'fin')
  }))

test('several clients that expect to be told, behind each other on one connection', () =>
  serving(
    new Router().post('/', (req) => req.text()),
    async (server) => {
      const client = await connect(server)
      for (const text of ['one.', 'two.']) {
        assert.is((await client.send(expecting('/')).response()).status, 100)
        assert.is((await client.send(text).response()).text, text)
      }
    },
  ))

test('a body in chunks of one byte each is taken', () =>
  serving(
    new Router().post('/', async (req) => textOf(req.body), any),
    async (server) => {
      const text = 'brink'.repeat(4000)
      const client = (await connect(server)).send(postChunked('/', [...text]), get('/'))
      const [answer, next] = await client.receive(2)
      assert.is(answer?.text, text)
      assert.is(next?.status, 405)
    },
  ))

test('ten thousand trailers are too many, whoever reads them', () =>
  serving(
    new Router()
      .post('/stream', (req) => textOf(req.body).catch((error) => error.code as string), any)
      .post('/text', (req) => req.text())
      .post('/early', () => 'early', any),
    async (server) => {
      const trailers = Array.from({ length: 10_000 }, (_, n) => `x-${n}: ${n}\r\n`).join('')
      for (const path of ['/stream', '/text', '/early']) {
        const client = await connect(server)
        const upload = postChunked(path, ['body']).subarray(0, -2)
        client.send(upload, trailers, '\r\n', get('/next'))
        const answer = await client.response()
        assert.ok(path === '/early' ? [200, 413, 431].includes(answer.status) : [413, 431].includes(answer.status))
        assert.is(await client.closed(), 'fin')
      }
    },
  ))

test('who goes on reading a body behind its answer is told that it is over', () => {
  const told = gate<unknown>()
  const app = new Router().post(
    '/',
    (req) => {
      textOf(req.body).catch((error) => told.open(error.code))
      return 'early'
    },
    any,
  )
  return serving(app, async (server) => {
    const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 100000'), noise(70_000))
    assert.is((await client.response()).text, 'early')
    assert.is(await within(told.opened, 'the reader to be told'), 'ERR_REQUEST_ENDED')
  })
})

test('a body that is taken elsewhere cannot be the answer', async () => {
  const errors: unknown[] = []
  const app = new Router()
    .post(
      '/locked',
      (req) => {
        req.body?.getReader()
        return req.body
      },
      any,
    )
    .post(
      '/used',
      async (req) => {
        await textOf(req.body)
        return req.chunks()
      },
      any,
    )
    .all('/*', () => 'next')
  await serving(
    app,
    async (server) => {
      const client = await connect(server)
      for (const path of ['/locked', '/used']) {
        client.send(post(path, 'body'), get('/next'))
        const [answer, next] = await client.receive(2)
        assert.is(answer?.status, 500)
        assert.is(next?.text, 'next')
      }
    },
    { log: (error) => errors.push(error) },
  )
  assert.is(errors.length, 2)
})

test('the rest of a body can be the answer', () =>
  serving(
    new Router().post(
      '/',
      async (req) => {
        const reader = (req.body as ReadableStream<Uint8Array>).getReader()
        await reader.read()
        reader.releaseLock()
        return req.body
      },
      any,
    ),
    async (server) => {
      const client = await connect(server)
      await client.sendSeen(server, `${head('POST', '/', 'Content-Length: 100008')}first...`)
      client.send(noise(100_000), get('/'))
      const [answer, next] = await client.receive(2)
      assert.ok(answer?.body.equals(noise(100_000)))
      assert.is(next?.status, 405)
    },
  ))

test('a body that is given up is passed over', () =>
  serving(
    new Router()
      .post(
        '/cancel',
        async (req) => {
          await req.body?.cancel()
          return 'enough'
        },
        any,
      )
      .post(
        '/break',
        async (req) => {
          for await (const _ of req.body ?? []) break
          return 'enough'
        },
        any,
      )
      .get('/', () => 'next'),
    async (server) => {
      const client = await connect(server)
      for (const path of ['/cancel', '/break']) {
        client.send(post(path, noise(200_000)), get())
        const answers = await client.receive(2)
        assert.equal(
          answers.map(({ text }) => text),
          ['enough', 'next'],
        )
      }
    },
  ))

test('an upload whose handler waits for something else is ended by its client', () => {
  // select() tells nothing of a socket that nobody reads from or writes to.
  if (process.env.BRINK_BACKEND === 'select') return
  const aborted = gate<void>()
  const app = new Router().post(
    '/',
    async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      aborted.open()
    },
    any,
  )
  return serving(app, async (server) => {
    const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 1000000'), noise(300_000))
    await until(() => server.stats().bytesIn > 60_000, 'some of it is read')
    client.crash()
    await within(aborted.opened, 'the handler to be told')
    await counts(server, { open: 0 })
  })
})

test('a consumer that pauses for longer than requestTimeout does not cost its client the request', () => {
  const go = gate<void>()
  const begun = gate<void>()
  const app = new Router()
    .post(
      '/',
      async (req) => {
        let bytes = 0
        for await (const piece of req.body ?? []) {
          bytes += piece.length
          begun.open()
          await go.opened
        }
        return String(bytes)
      },
      { ...any, requestTimeout: 800 },
    )
    .post('/clock', (req) => req.text(), { requestTimeout: 300 })
  return serving(app, async (server) => {
    const clock = async () => {
      const client = (await connect(server)).send(head('POST', '/clock', 'Content-Length: 1'))
      assert.is((await client.response()).status, 408)
    }
    const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 300000'), noise(200_000))
    await begun.opened
    for (let times = 0; times < 4; times += 1) await clock()
    go.open()
    await until(() => server.stats().bytesIn > 200_000, 'what was sent is read')
    await clock()
    client.send(noise(100_000))
    assert.is((await client.response()).text, '300000')
  })
})

test('a chunk that never ends is read no further than it is wanted', () =>
  serving(
    new Router().post('/', () => new Promise(() => {}), any),
    async (server) => {
      const client = (await connect(server)).send(head('POST', '/', 'Transfer-Encoding: chunked'), 'fffffff\r\n')
      for (let sent = 0; sent < 20; sent += 1) client.send(Buffer.alloc(MIB))
      await until(() => server.stats().bytesIn > 60_000, 'some of it is read')
      for (let turns = 0; turns < 20; turns += 1) await turn()
      assert.ok(server.stats().bytesIn < 300_000, String(server.stats().bytesIn))
    },
  ))

test('requests in one piece with a body that is larger than a read are told apart', () =>
  serving(
    new Router().post('/', (req) => textOf(req.body).then((text) => String(text.length)), any).get('/', () => 'next'),
    async (server) => {
      const client = await connect(server)
      const chunked = Buffer.concat([
        Buffer.from(head('POST', '/', 'Transfer-Encoding: chunked')),
        inChunks(Array.from({ length: 50 }, () => Buffer.alloc(5000, 'b'))),
      ])
      client.send(chunked, get(), post('/', Buffer.alloc(250_000, 'c')), get(), chunked, get())
      const answers = await client.receive(6)
      assert.equal(
        answers.map(({ text }) => text),
        ['250000', 'next', '250000', 'next', '250000', 'next'],
      )
    },
  ))

test.run()
