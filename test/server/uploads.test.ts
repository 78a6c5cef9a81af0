// Bodies that are taken as they arrive.
import { gzipSync } from 'node:zlib'
import { type BrinkRequest, HttpError, Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, inChunks, noise, post, postChunked } from './messages.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, until } from './waiting.js'

const MIB = 1024 * 1024
const any = { bodyLimit: Infinity, stream: true }

/** The length of a body, and whether it is noise. */
async function measured(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of body ?? []) pieces.push(piece)
  const whole = Buffer.concat(pieces)
  return `${whole.length} ${whole.equals(noise(whole.length))}`
}

const measuring = new Router()
  .post('/', (req) => measured(req.body), any)
  .post('/plain', (req) => measured(req.body), { bodyLimit: 8 * MIB })
  .all('/*', () => 'next')

for (const size of [0, 1, 1000, 65_536, 65_537, 5 * MIB]) {
  for (const path of ['/', '/plain']) {
    test(`a body of ${size} bytes can be taken as a stream, at ${path}, and the next request is answered`, () =>
      serving(measuring, async (server) => {
        const client = await connect(server)
        const body = noise(size)
        const pieces = Array.from({ length: Math.ceil(size / 10_000) }, (_, n) =>
          body.subarray(n * 10_000, (n + 1) * 10_000),
        )
        client.send(post(path, body), postChunked(path, pieces), get('/next'))
        const answers = await client.receive(3)
        assert.equal(
          answers.map(({ text }) => text),
          [`${size} true`, `${size} true`, 'next'],
        )
      }))
  }
}

test('a stream gives what has come before the rest is sent', () =>
  serving(
    new Router().post(
      '/',
      async (req) => {
        const reader = (req.body as ReadableStream<Uint8Array>).getReader()
        const { value } = await reader.read()
        first.open(Buffer.from(value as Uint8Array).toString())
        const rest = await reader.read()
        return Buffer.from(rest.value as Uint8Array).toString()
      },
      any,
    ),
    async (server) => {
      const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 10'), 'first')
      assert.is(await first.opened, 'first')
      assert.is((await client.send('after').response()).text, 'after')
    },
  ))
const first = gate<string>()

test('a request whose body is small waits for it, unless its route asks for a stream', () => {
  const seen: string[] = []
  const app = new Router()
    .post('/waits', async (req) => {
      seen.push('waits')
      return req.text()
    })
    .post(
      '/streams',
      async (req) => {
        seen.push('streams')
        return req.text()
      },
      { stream: true },
    )
  return serving(app, async (server) => {
    const waits = await connect(server)
    await waits.sendSeen(server, `${head('POST', '/waits', 'Content-Length: 4')}bo`)
    const streams = (await connect(server)).send(head('POST', '/streams', 'Content-Length: 4'), 'bo')
    await until(() => seen.length > 0, 'a handler runs')
    assert.equal(seen, ['streams'])
    assert.is((await streams.send('dy').response()).text, 'body')
    assert.is((await waits.send('dy').response()).text, 'body')
    assert.equal(seen, ['streams', 'waits'])
  })
})

test('who takes a body slowly is sent no faster', () => {
  const go = gate<void>()
  let taken = 0
  const app = new Router().post(
    '/',
    async (req) => {
      for await (const piece of req.body as ReadableStream<Uint8Array>) {
        taken += piece.length
        await go.opened
      }
      return String(taken)
    },
    any,
  )
  return serving(app, async (server) => {
    const total = 64 * MIB
    const client = await connect(server)
    client.send(head('POST', '/', `Content-Length: ${total}`))
    let sent = 0
    const sending = (async () => {
      const piece = Buffer.alloc(MIB)
      for (; sent < total; sent += piece.length) {
        client.send(piece)
        await client.flushed()
      }
    })()
    await until(() => taken > 0 && server.stats().bytesIn >= 128 * 1024, 'some of it is read')
    // What the system's buffers hold is not the server's. Of its own it has no more than it was asked for.
    assert.ok(server.stats().bytesIn < MIB, String(server.stats().bytesIn))
    go.open()
    await sending
    assert.is((await client.response()).text, String(total))
  })
})

test('a handler may answer before the body is in, and a rest that is not long is passed over', () =>
  serving(
    new Router().post('/', () => 'early', any).all('/*', () => 'next'),
    async (server) => {
      const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 300000'), noise(1000))
      const early = await client.response()
      assert.is(early.text, 'early')
      assert.is(early.header('connection'), 'keep-alive')
      client.send(noise(299_000), get('/next'))
      assert.is((await client.response()).text, 'next')
    },
  ))

test('a long rest ends the connection, and its client gets the answer all the same', () =>
  serving(
    new Router().post('/', () => 'early', any),
    async (server) => {
      const client = (await connect(server)).pause()
      client.send(head('POST', '/', `Content-Length: ${20 * MIB}`))
      for (let sent = 0; sent < 20; sent += 1) {
        client.send(Buffer.alloc(MIB))
        await client.flushed()
      }
      const answer = await client.resume().response()
      assert.is(answer.text, 'early')
      assert.is(answer.header('connection'), 'close')
      assert.is(await client.closed(), 'fin')
    },
  ))

test('a rest in chunks that does not end ends the connection', () =>
  serving(
    new Router().post('/', () => 'early', any),
    async (server) => {
      const client = (await connect(server)).send(head('POST', '/', 'Transfer-Encoding: chunked'))
      assert.is((await client.response()).text, 'early')
      const chunk = inChunks([Buffer.alloc(64 * 1024)]).subarray(0, -5)
      for (let sent = 0; sent < 2 * MIB && client.ending === undefined; sent += chunk.length) {
        client.send(chunk)
        await client.flushed()
      }
      assert.is(await client.closed(), 'fin')
    },
  ))

const expecting = (length: number) => head('POST', '/', `Content-Length: ${length}`, 'Expect: 100-continue')

test('a handler may refuse a body before the client sends it', () =>
  serving(
    new Router().post('/', () => {
      throw new HttpError(403)
    }),
    async (server) => {
      const client = (await connect(server)).send(expecting(100_000))
      const answer = await client.response()
      assert.is(answer.status, 403)
      assert.is(answer.header('connection'), 'close')
      assert.is(await client.closed(), 'fin')
    },
  ))

test('100 Continue is said when the body is first wanted', () => {
  const go = gate<void>()
  const app = new Router().post('/', async (req) => {
    await go.opened
    return req.text()
  })
  return serving(app, async (server) => {
    const client = await connect(server)
    await client.sendSeen(server, expecting(4))
    // Another client's answer is not in this one's way.
    assert.is((await ask(server, get('/'))).status, 405)
    go.open()
    assert.is((await client.response()).status, 100)
    assert.is((await client.send('body').response()).text, 'body')
  })
})

test('a stream ends with ERR_CLIENT_GONE when its client goes', async () => {
  const failed = gate<unknown>()
  let begun = false
  const app = new Router().post(
    '/',
    async (req) => {
      begun = true
      await measured(req.body).catch((error) => failed.open(error))
    },
    any,
  )
  for (const how of ['crash', 'leave', 'finish'] as const) {
    await serving(app, async (server) => {
      begun = false
      const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 10'), 'half')
      await until(() => begun, 'the handler runs')
      client[how]()
      assert.is(((await failed.opened) as { code: string }).code, 'ERR_CLIENT_GONE')
      await counts(server, { open: 0 })
    })
  }
})

test('a stream above bodyLimit fails with 413', () =>
  serving(
    new Router().post('/', (req) => measured(req.body), { stream: true, bodyLimit: 1000 }),
    async (server) => {
      const client = (await connect(server)).send(postChunked('/', [noise(600), noise(600)]).subarray(0, 800))
      client.send(postChunked('/', [noise(600), noise(600)]).subarray(800))
      assert.is((await client.response()).status, 413)
      assert.is(await client.closed(), 'fin')
    },
  ))

test('a bad chunk behind good ones is answered with 400, whatever the handler makes of it', () =>
  serving(
    new Router().post('/', async (req) => measured(req.body).catch((error) => error.code as string), any),
    async (server) => {
      const client = (await connect(server)).send(head('POST', '/', 'Transfer-Encoding: chunked'), '4\r\ngood\r\n')
      await client.sendSeen(server, 'x\r\n')
      assert.is((await client.response()).status, 400)
      assert.is(await client.closed(), 'fin')
    },
  ))

/** What uses a body up, so that it cannot be taken as a whole any more. */
const uses: readonly (readonly [string, (body: ReadableStream<Uint8Array>) => unknown])[] = [
  ['locked', (body) => body.getReader()],
  [
    'begun to be read',
    async (body) => {
      const reader = body.getReader()
      await reader.read()
      reader.releaseLock()
    },
  ],
  ['read', (body) => measured(body)],
  ['cancelled', (body) => body.cancel()],
]
const wholes: readonly (readonly [string, (req: BrinkRequest) => Promise<unknown>])[] = [
  ['text()', (req) => req.text()],
  ['json()', (req) => req.json()],
  ['bytes()', (req) => req.bytes()],
  ['formData()', (req) => req.formData()],
]
const FORM = 'Content-Type: application/x-www-form-urlencoded'
/** Bodies that are text, JSON and a form, that arrive with their head, behind it, and coded. */
const sent: readonly (readonly [string, Buffer])[] = [
  ['small', post('/', '17')],
  ['large', post('/', '1'.repeat(200_000))],
  ['chunked', postChunked('/', ['1', '7'])],
  ['coded', post('/', gzipSync('17'), 'Content-Encoding: gzip')],
  ['large and coded', post('/', gzipSync(noise(200_000).toString('hex')), 'Content-Encoding: gzip')],
]
const asForm = (request: Buffer) => Buffer.concat([Buffer.from(`POST / HTTP/1.1\r\n${FORM}`), request.subarray(15)])

for (const [how, request] of sent) {
  test(`to look at a body uses nothing up (${how})`, () =>
    serving(
      new Router().post('/', async (req) => {
        const seen = [req.body === null, req.body?.locked]
        const { body } = req
        const reader = body?.getReader()
        reader?.releaseLock()
        const text = req.headers.get('content-type') === null ? await req.text() : ''
        const form = text === '' ? await req.formData() : undefined
        // And what was taken as a whole can be taken again.
        const again = text === '' ? String([...(form as FormData).keys()]) : String(await req.bytes().then(Buffer.from))
        return [...seen, body === req.body, text === '' || text === again, again.length > 0]
      }),
      async (server) => {
        for (const bytes of [request, asForm(request)]) {
          const { text } = await ask(server, bytes)
          assert.equal(JSON.parse(text), [false, false, true, true, true])
        }
      },
    ))

  for (const [use, run] of uses) {
    test(`a body that was ${use} is used up (${how})`, () =>
      serving(
        new Router().post('/', async (req) => {
          await run(req.body as ReadableStream<Uint8Array>)
          const codes = wholes.map(([, take]) => take(req).then(String, (error) => (error as { code: string }).code))
          return Promise.all(codes)
        }),
        async (server) => {
          const { text } = await ask(server, request)
          assert.equal(
            JSON.parse(text),
            wholes.map(() => 'ERR_BODY_USED'),
          )
        },
      ))
  }

  test(`what was taken as a whole can be taken as a stream (${how})`, () =>
    serving(
      new Router().post('/', async (req) => {
        const text = await req.text()
        const pieces: Uint8Array[] = []
        for await (const piece of req.body ?? []) pieces.push(piece)
        return String(Buffer.concat(pieces)) === text && text.length > 0
      }),
      async (server) => {
        assert.is((await ask(server, request)).text, 'true')
      },
    ))
}

test('a request without a body has none', () =>
  serving(
    new Router().all('/', (req) => String(req.body)),
    async (server) => {
      assert.is((await ask(server, get())).text, 'null')
    },
  ))

test('trailers can be read behind the body', () =>
  serving(
    new Router().post('/', async (req) => {
      const text = await req.text()
      return { text, trailers: [...req.trailers] }
    }),
    async (server) => {
      const bytes = Buffer.concat([
        postChunked('/', ['body']).subarray(0, -2),
        Buffer.from('X-Sum: 1\r\nx-sum:  2 \r\nEmpty:\r\n\r\n'),
      ])
      const expected = {
        text: 'body',
        trailers: [
          ['empty', ''],
          ['x-sum', '1, 2'],
        ],
      }
      const client = await connect(server)
      for (const byte of bytes) await client.sendSeen(server, Buffer.from([byte]))
      assert.equal(JSON.parse((await client.response()).text), expected)
      const { text } = await client.send(bytes).response()
      assert.equal(JSON.parse(text), expected)
    },
  ))

test('the deadlines of a route are its own', () =>
  serving(
    new Router()
      .post('/short', (req) => req.text(), { requestTimeout: 200 })
      .post('/usual', (req) => req.text(), { stream: true }),
    async (server) => {
      const usual = (await connect(server)).send(head('POST', '/usual', 'Content-Length: 4'), 'bo')
      const short = (await connect(server)).send(head('POST', '/short', 'Content-Length: 4'), 'bo')
      assert.is((await short.response()).status, 408)
      assert.is((await usual.send('dy').response()).text, 'body')
    },
  ))

test("what is left of a body has its route's time when its request is answered", () =>
  serving(
    new Router()
      .post('/patient', () => 'answered', { stream: true, requestTimeout: 60_000 })
      .post('/short', (req) => req.text()),
    async (server) => {
      const client = (await connect(server)).send(head('POST', '/patient', 'Content-Length: 4'), 'bo')
      assert.is((await client.response()).text, 'answered')
      const short = (await connect(server)).send(head('POST', '/short', 'Content-Length: 4'), 'bo')
      assert.is((await short.response()).status, 408)
      client.send('dy', post('/short', 'next'))
      assert.is((await client.response()).text, 'next')
    },
    { requestTimeout: 200 },
  ))

test.run()
