import { Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type CompressOptions, compress } from '#brink/compression/compression.js'
import { encoders } from '#brink/compression/encoders.js'
import { FileSlice } from '#brink/exchange/file_slice.js'
import { FileToSend } from '#brink/exchange/file_to_send.js'
import type { NativeFile } from '#brink/exchange/native.js'
import { type Reply, reply } from '#brink/reply/reply.js'
import { compileRouter, Router } from '#brink/routing/router.js'
import { Random } from '../peers/random.js'
import { ask } from './asked.js'
import { codeThrownBy } from './code_thrown_by.js'
import { errorOf } from './error_of.js'
import { gathered, inPieces, NEVER, WatchedSource } from './pieces.js'

const TEXT = 'All work and no play makes Jack a dull boy.\n'.repeat(100)
const LONG = TEXT.repeat(100)
const random = new Random(5)

type Decode = (bytes: Uint8Array) => Buffer
const decoders: Readonly<Record<string, Decode>> = {
  gzip: (bytes) => zlib.gunzipSync(bytes),
  br: (bytes) => zlib.brotliDecompressSync(bytes),
  zstd: (bytes) => (zlib as unknown as { zstdDecompressSync: Decode }).zstdDecompressSync(bytes),
}

const decoding: Readonly<Record<string, () => unknown>> = {
  gzip: zlib.createGunzip,
  br: zlib.createBrotliDecompress,
  zstd: () => (zlib as unknown as { createZstdDecompress: () => unknown }).createZstdDecompress(),
}

/** What `handler` gives, asked with these fields, through `compress`. */
async function answerTo(
  handler: () => unknown,
  fields: Record<string, string> = { 'accept-encoding': 'gzip' },
  { options, method = 'GET' }: { options?: CompressOptions; method?: string } = {},
): Promise<Reply> {
  const app = new Router().use(compress(options)).on(method, '/', handler as () => object)
  const { answer, logged } = await ask(app, method, '/', fields)
  assert.equal(logged, [])
  return answer
}

/** The body of a reply, decoded as its fields say. */
async function contentOf({ headers, body }: Reply): Promise<string> {
  const coding = headers.get('content-encoding')
  const bytes = body instanceof Uint8Array ? body : await gathered(body as AsyncIterable<Uint8Array>)
  return String(coding === null ? bytes : (decoders[coding] as Decode)(bytes))
}

for (const coding of encoders().keys()) {
  test(`${coding}: bodies of every kind are compressed for who asks for it`, async () => {
    const bodies: [string, () => unknown, string?][] = [
      ['a string', () => TEXT],
      ['a long string', () => LONG],
      ['JSON', () => ({ text: TEXT }), JSON.stringify({ text: TEXT })],
      ['long JSON', () => [LONG], JSON.stringify([LONG])],
      ['bytes', () => reply(200, Buffer.from(TEXT), { 'content-type': 'text/css' })],
      ['long bytes', () => reply(200, Buffer.from(LONG), { 'content-type': 'text/css' })],
      ['an async iterable', () => reply(200, inPieces(Buffer.from(LONG), random), { 'content-type': 'text/html' })],
      ['a Readable', () => reply(200, Readable.from([TEXT, LONG]), { 'content-type': 'text/html' }), TEXT + LONG],
      ['a ReadableStream', () => reply(200, new Blob([LONG]).stream(), { 'content-type': 'text/html' })],
      ['a Blob', () => reply(200, new Blob([LONG], { type: 'text/html' }))],
      ['a generator', () => reply(200, [TEXT, '', LONG].values(), { 'content-type': 'text/html' }), TEXT + LONG],
    ]
    for (const [what, handler, expected] of bodies) {
      const answer = await answerTo(handler, { 'accept-encoding': coding })
      assert.is(answer.headers.get('content-encoding'), coding, what)
      assert.is(answer.headers.get('vary'), 'accept-encoding', what)
      const content = await contentOf(answer)
      assert.ok(content === (expected ?? (/long|stream|Blob|async/i.test(what) ? LONG : TEXT)), what)
    }
  })

  test(`${coding}: streams survive every way of being cut`, async () => {
    for (let round = 0; round < 25; round += 1) {
      const bytes = Buffer.from(LONG.slice(0, random.one([0, 1, 50, 3000, 60_000])))
      const body = inPieces(bytes, random)
      const answer = await answerTo(() => reply(200, body, { 'content-type': 'text/html' }), {
        'accept-encoding': coding,
      })
      assert.is(await contentOf(answer), String(bytes))
    }
  })
}

test('the type is said, also where the body alone had told it', async () => {
  for (const [handler, type] of [
    [() => TEXT, 'text/plain; charset=utf-8'],
    [() => [TEXT], 'application/json'],
    [() => new Blob([TEXT], { type: 'text/css' }), 'text/css'],
  ] as const) {
    const answer = await answerTo(handler)
    assert.is(answer.headers.get('content-encoding'), 'gzip')
    assert.is(answer.headers.get('content-type'), type)
  }
})

const negotiated: readonly (readonly [string | undefined, string | null])[] = [
  // [Accept-Encoding, Content-Encoding]
  [undefined, null],
  ['', null],
  ['identity', null],
  ['deflate', null],
  ['gzip;q=0', null],
  ['gzip, br', 'br'],
  ['gzip;q=0.9, br;q=0.8', 'gzip'],
  ['identity, gzip;q=0.5', null],
  ['*', 'br'],
]

for (const [accepted, coding] of negotiated) {
  test(`Accept-Encoding: ${accepted} gets ${coding ?? 'the body as it is'}, and the caches are told`, async () => {
    const answer = await answerTo(() => TEXT, accepted === undefined ? {} : { 'accept-encoding': accepted })
    assert.is(answer.headers.get('content-encoding'), coding)
    assert.is(answer.headers.get('vary'), 'accept-encoding')
    if (coding === null) assert.is(answer.body, TEXT)
  })
}

const untouched: readonly (readonly [string, () => unknown])[] = [
  ['what is no text', () => Buffer.from(TEXT)],
  ['an image', () => reply(200, TEXT, { 'content-type': 'image/png' })],
  ['a font that is compressed', () => reply(200, TEXT, { 'content-type': 'font/woff2' })],
  ['a type that is none', () => reply(200, TEXT, { 'content-type': 'text/html\tx' })],
  ['a stream of no type', () => reply(200, [TEXT].values())],
  ['a Response without a type', () => new Response(Buffer.from(TEXT))],
  ['what is coded already', () => reply(200, TEXT, { 'content-encoding': 'br' })],
  ['what must not be transformed', () => reply(200, TEXT, { 'cache-control': 'public, No-Transform , max-age=9' })],
  ['what is under a digest', () => reply(200, TEXT, { 'repr-digest': 'sha-256=:x:' })],
  ['204', () => undefined],
  ['205', () => reply(205, undefined, { 'content-type': 'text/plain' })],
]

for (const [what, handler] of untouched) {
  test(`${what} is left alone`, async () => {
    const bare = await ask(new Router().get('/', handler as () => object), 'GET', '/')
    const answer = await answerTo(handler)
    assert.is(answer.status, bare.answer.status)
    assert.equal([...answer.headers], [...bare.answer.headers])
    assert.equal(answer.body, bare.answer.body)
  })
}

test('a part of something is left as it is, and the caches are told', async () => {
  const answer = await answerTo(() => reply(206, TEXT, { 'content-range': 'bytes 0-4399/9999', etag: '"x"' }))
  assert.equal(
    [...answer.headers],
    [
      ['content-range', 'bytes 0-4399/9999'],
      ['etag', '"x"'],
      ['vary', 'accept-encoding'],
    ],
  )
  assert.is(answer.body, TEXT)
})

test('what is small is left alone, unless the client takes it in no other way', async () => {
  const options = { threshold: 100 }
  const cases: [unknown, boolean][] = [
    ['a'.repeat(99), false],
    ['a'.repeat(100), true],
    ['ü'.repeat(49), false],
    ['ü'.repeat(50), true],
    [['a'.repeat(90)], false],
    [['a'.repeat(96)], true],
    [reply(200, ['abc'].values(), { 'content-type': 'text/css', 'content-length': 3 }), false],
    [reply(200, ['abc'].values(), { 'content-type': 'text/css' }), true],
    [new Blob(['abc'], { type: 'text/css' }), false],
  ]
  for (const [body, isCompressed] of cases) {
    const answer = await answerTo(() => body, { 'accept-encoding': 'gzip' }, { options })
    assert.is(answer.headers.has('content-encoding'), isCompressed, JSON.stringify(body))
    assert.is(answer.headers.get('vary'), 'accept-encoding')
    if (!isCompressed) assert.is(answer.body, (body as Partial<Reply>).body ?? body)
  }
  const only = await answerTo(() => 'abc', { 'accept-encoding': 'gzip, identity;q=0' }, { options })
  assert.is(only.headers.get('content-encoding'), 'gzip')
  assert.is(await contentOf(only), 'abc')
})

test('what compression makes larger is left alone', async () => {
  const noise = Array.from({ length: 4000 }, () => String.fromCharCode(random.whole(0, 255))).join('')
  const bytes = Buffer.from(noise, 'latin1')
  const answer = await answerTo(() => reply(200, bytes, { 'content-type': 'text/plain' }))
  assert.not(answer.headers.has('content-encoding'))
  assert.is(answer.body, bytes)
})

test('validators, lengths and ranges are those of the bytes that are sent', async () => {
  const make = () =>
    reply(200, TEXT, { etag: '"x"', 'content-length': TEXT.length, 'accept-ranges': 'bytes', vary: 'Origin' })
  const answer = await answerTo(make)
  assert.equal([...answer.headers].sort(), [
    ['content-encoding', 'gzip'],
    ['content-type', 'text/plain; charset=utf-8'],
    ['etag', 'W/"x"'],
    ['vary', 'Origin, accept-encoding'],
  ])
  const plain = await answerTo(make, {})
  assert.is(plain.headers.get('etag'), '"x"')
  assert.is(plain.headers.get('content-length'), String(TEXT.length))
  const weak = await answerTo(() => reply(200, TEXT, { etag: 'W/"x"', vary: '*' }))
  assert.is(weak.headers.get('etag'), 'W/"x"')
  assert.is(weak.headers.get('vary'), '*')
  const twice = await answerTo(() => reply(200, TEXT, { vary: 'origin,Accept-Encoding' }))
  assert.is(twice.headers.get('vary'), 'origin,Accept-Encoding')
})

test('304 has the tag that the client knows', async () => {
  const make = () => reply(304, undefined, { etag: '"x"' })
  for (const [known, etag] of [
    ['W/"x"', 'W/"x"'],
    ['"y", W/"x"', 'W/"x"'],
    ['"x"', '"x"'],
    ['W/"xy"', '"x"'],
  ] as const) {
    const answer = await answerTo(make, { 'accept-encoding': 'gzip', 'if-none-match': known })
    assert.is(answer.headers.get('etag'), etag)
    assert.is(answer.headers.get('vary'), 'accept-encoding')
  }
})

test('HEAD has the fields of GET', async () => {
  const get = await answerTo(() => TEXT)
  const head = await answerTo(() => TEXT, undefined, { method: 'HEAD' })
  assert.equal([...head.headers], [...get.headers])
  assert.equal(head.body, get.body)
  const own = await answerTo(
    () => reply(200, undefined, { 'content-type': 'text/css', 'content-length': 5000, etag: '"x"' }),
    undefined,
    { method: 'HEAD' },
  )
  assert.equal([...own.headers].sort(), [
    ['content-encoding', 'gzip'],
    ['content-type', 'text/css'],
    ['etag', 'W/"x"'],
    ['vary', 'accept-encoding'],
  ])
  assert.is(await contentOf(Object.assign(own, { headers: new Headers() })), '')
  const small = reply(200, undefined, { 'content-type': 'text/css', 'content-length': 50 })
  const same = await answerTo(() => small, undefined, { method: 'HEAD' })
  assert.is(same.headers.get('content-length'), '50')
})

test('one reply for all clients stays what it was made', async () => {
  const shared = reply(200, TEXT)
  assert.is((await answerTo(() => shared)).headers.get('content-encoding'), 'gzip')
  const plain = await answerTo(() => shared, {})
  assert.is(plain.headers.get('content-encoding'), null)
  assert.is(plain.body, TEXT)
})

test('a synchronous app stays synchronous where nothing takes long', () => {
  const app = new Router().use(compress()).get('/', () => TEXT)
  const req = { method: 'GET', path: '/', headers: new Headers({ 'accept-encoding': 'gzip' }) }
  const answer = compileRouter(app)
    .find('GET', '/')
    .route.run(req as never)
  assert.not.instance(answer, Promise)
  assert.is((answer as Reply).headers.get('content-encoding'), 'gzip')
})

test('what a stream gives reaches the client while the stream is quiet', async () => {
  for (const coding of encoders().keys()) {
    for (const type of ['text/event-stream', 'text/html']) {
      let more: (piece: string) => void = () => {}
      const source = new WatchedSource<string>((taken) =>
        taken === 0 ? 'data: first\n\n' : new Promise<string>((resolve) => (more = resolve)),
      )
      const answer = await answerTo(() => reply(200, source, { 'content-type': type }), { 'accept-encoding': coding })
      const stream = answer.body as AsyncIterableIterator<Uint8Array>
      const seen: Buffer[] = []
      const decoder = (decoding[coding] as () => zlib.Gunzip)()
      decoder.on('data', (bytes: Buffer) => seen.push(bytes))
      const until = async (text: string) => {
        while (!Buffer.concat(seen).includes(text)) {
          const { value } = await stream.next()
          await new Promise((resolve) => decoder.write(value, resolve))
        }
      }
      await until('first')
      more('data: second\n\n')
      await until('second')
      await stream.return?.()
      assert.is(source.returned, 1)
      decoder.destroy()
    }
  }
})

test('events are sent with gzip where the client has no preference', async () => {
  const events = () => reply(200, [TEXT].values(), { 'content-type': 'text/event-stream' })
  const coding = async (accepted: string) =>
    (await answerTo(events, { 'accept-encoding': accepted })).headers.get('content-encoding')
  assert.is(await coding('br, gzip'), 'gzip')
  assert.is(await coding('br, gzip;q=0.5'), 'br')
})

test('a client that leaves ends the source, also a quiet one', async () => {
  const cancelled: unknown[] = []
  const readable = new Readable({ read: () => {} })
  const stream = new ReadableStream({ cancel: (reason) => void cancelled.push(reason) })
  const source = new WatchedSource<string>(() => NEVER)
  for (const body of [readable, stream, source]) {
    const answer = await answerTo(() => reply(200, body, { 'content-type': 'text/html' }))
    const iterator = answer.body as AsyncIterableIterator<Uint8Array>
    const pending = iterator.next()
    await iterator.return?.()
    assert.is((await pending).done, true)
    assert.is((await iterator.next()).done, true)
  }
  assert.ok(readable.destroyed)
  assert.is(cancelled.length, 1)
  assert.is(source.returned, 1)
})

test('a stream that is never read is let go of without having been begun', async () => {
  const source = new WatchedSource<string>(() => TEXT)
  const answer = await answerTo(() => reply(200, source, { 'content-type': 'text/html' }))
  await (answer.body as AsyncIterableIterator<Uint8Array>).return?.()
  assert.equal([source.taken, source.returned], [0, 1])
})

test('a client that reads slowly holds the source back', async () => {
  const source = new WatchedSource<Buffer>(() => Buffer.from(Array.from({ length: 4096 }, () => random.whole(0, 255))))
  const answer = await answerTo(() => reply(200, source, { 'content-type': 'text/html' }))
  const iterator = answer.body as AsyncIterableIterator<Uint8Array>
  await iterator.next()
  for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(source.taken < 30, `${source.taken} pieces were taken`)
  await iterator.return?.()
})

test('what a source throws goes through, and so does a piece that cannot be sent', async () => {
  const boom = new Error('boom')
  const failing = new WatchedSource<string>(async (taken) => {
    if (taken === 1) throw boom
    return TEXT
  })
  const body = async (source: unknown) =>
    (await answerTo(() => reply(200, source as object, { 'content-type': 'text/html' }))).body
  assert.is(await errorOf(gathered((await body(failing)) as AsyncIterable<Uint8Array>)), boom)
  const readable = Readable.from([TEXT])
  const compressedReadable = (await body(readable)) as AsyncIterable<Uint8Array>
  readable.destroy(boom)
  assert.is(await errorOf(gathered(compressedReadable)), boom)
  const wrong = new WatchedSource<unknown>((taken) => (taken === 0 ? TEXT : 7))
  const error = await errorOf(gathered((await body(wrong)) as AsyncIterable<Uint8Array>))
  assert.is(error.code, 'ERR_UNSUPPORTED_CHUNK')
  assert.is(wrong.returned, 1)
})

test('a slice of a file is read and compressed, and the file closed', async () => {
  const bytes = Buffer.from(`header${LONG}`)
  for (const isPiece of [false, true]) {
    for (const [end, ending] of [
      ['all', bytes.length],
      ['changed', 100_000],
      ['left', bytes.length],
    ] as const) {
      let closed = 0
      let largest = 0
      const file = {
        read: (into: Uint8Array, offset: number) => {
          largest = Math.max(largest, into.length)
          return bytes.subarray(0, ending).copy(into, 0, offset, offset + 50_000)
        },
        close: () => {
          closed += 1
        },
      }
      const opened = new FileToSend(file as unknown as NativeFile, () => NEVER as never)
      const slice = new FileSlice(opened, 6, LONG.length, true)
      const body = isPiece ? ['<', slice, '>'].values() : slice
      const answer = await answerTo(() => reply(200, body, { 'content-type': 'text/html' }))
      if (end === 'all') assert.is(await contentOf(answer), isPiece ? `<${LONG}>` : LONG)
      else if (end === 'changed') assert.is((await errorOf(contentOf(answer))).code, 'ERR_FILE_CHANGED')
      else {
        const stream = answer.body as AsyncIterableIterator<Uint8Array>
        if (isPiece) await stream.next()
        await stream.return?.()
      }
      assert.is(closed, 1, `${end} ${isPiece}`)
      assert.ok(largest <= 65_536, 'it is read piece by piece')
    }
  }
})

test('trailers stay', async () => {
  const trailers = { 'x-sum': '1' }
  const make = () => Object.assign(reply(200, [TEXT].values(), { 'content-type': 'text/html' }), { trailers })
  assert.is((await answerTo(make)).trailers, trailers)
})

test('which codings, how hard, and what for can be said', async () => {
  const accepted = { 'accept-encoding': 'gzip, br' }
  const first = await answerTo(() => TEXT, accepted, { options: { encodings: ['gzip', 'br'] } })
  assert.is(first.headers.get('content-encoding'), 'gzip')
  const hard = await answerTo(() => TEXT, accepted, { options: { levels: { br: 11 } } })
  const easy = await answerTo(() => TEXT, accepted, { options: { levels: { br: 0 } } })
  assert.ok((hard.body as Buffer).length < (easy.body as Buffer).length)
  const options: CompressOptions = { compressible: (type) => type === 'x/y' }
  const own = await answerTo(() => reply(200, TEXT, { 'content-type': 'x/y' }), accepted, { options })
  assert.is(own.headers.get('content-encoding'), 'br')
  assert.is((await answerTo(() => TEXT, accepted, { options })).headers.get('vary'), null)
  assert.is((await answerTo(() => TEXT, accepted, { options: { encodings: [] } })).body, TEXT)
})

test('options that cannot be are errors that say so', () => {
  const cases: [unknown, string][] = [
    [null, 'ERR_INVALID_ARG_TYPE'],
    [{ treshold: 1 }, 'ERR_INVALID_ARG_VALUE'],
    [{ threshold: '1kb' }, 'ERR_INVALID_ARG_TYPE'],
    [{ threshold: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ encodings: 'gzip' }, 'ERR_INVALID_ARG_TYPE'],
    [{ encodings: ['deflate'] }, 'ERR_INVALID_ARG_VALUE'],
    [{ levels: 4 }, 'ERR_INVALID_ARG_TYPE'],
    [{ levels: { deflate: 4 } }, 'ERR_INVALID_ARG_VALUE'],
    [{ levels: { gzip: 10 } }, 'ERR_OUT_OF_RANGE'],
    [{ levels: { br: '4' } }, 'ERR_INVALID_ARG_TYPE'],
    [{ compressible: 'text/*' }, 'ERR_INVALID_ARG_TYPE'],
  ]
  for (const [options, code] of cases) {
    assert.is(
      codeThrownBy(() => compress(options as never)),
      code,
      JSON.stringify(options),
    )
  }
})

test.run()
