import { createRequire } from 'node:module'
import { brotliCompressSync, constants, createBrotliCompress, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { HttpError } from '#brink/fields/http_error.js'
import { inflated, inflatedWhole } from '#brink/request/inflation.js'
import { Random } from '../peers/random.js'
import { noise } from '../server/messages.js'
import { errorOf } from './error_of.js'
import { gathered, inPieces, NEVER, WatchedSource } from './pieces.js'

const LIMIT = 10_000_000

// What is decoded on the thread, at the most at a time.
let mostAtOnce = 0
const zlib = createRequire(import.meta.url)('node:zlib') as Record<string, (...all: unknown[]) => unknown>
for (const name of ['gunzipSync', 'inflateSync', 'brotliDecompressSync', 'zstdDecompressSync']) {
  const original = zlib[name]
  if (original === undefined) continue
  zlib[name] = (bytes: unknown, options: unknown) => {
    const { maxOutputLength } = options as { maxOutputLength: number }
    mostAtOnce = Math.max(mostAtOnce, maxOutputLength)
    return original(bytes, options)
  }
}
const random = new Random(8)

const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer }

const encoders: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  ...(zstdCompressSync === undefined ? {} : { zstd: (bytes: Uint8Array) => zstdCompressSync(bytes) }),
}

function text(size: number): Buffer {
  const words = Array.from({ length: size / 4 + 1 }, () => random.one(['abc ', 'höhö', '1234', 'zzzz']))
  return Buffer.from(words.join('')).subarray(0, size)
}

for (const [coding, encode] of Object.entries(encoders)) {
  test(`${coding} is undone, however it is cut`, async () => {
    for (let round = 0; round < 30; round += 1) {
      const bytes = text(random.one([0, 1, 10, 1000, 20_000]))
      const content = inflated(coding, inPieces(encode(bytes), random), LIMIT)
      assert.equal(await gathered(content), bytes)
    }
  })

  test(`${coding} that ends too early is 400`, async () => {
    const coded = encode(text(5000))
    for (let round = 0; round < 40; round += 1) {
      const cut = coded.subarray(0, random.whole(0, coded.length - 1))
      const error = await errorOf(gathered(inflated(coding, inPieces(cut, random), LIMIT)))
      assert.equal([error.status, error.code], [400, 'ERR_INVALID_CONTENT_ENCODING'], String(cut.length))
    }
  })

  test(`${coding} with something behind it is 400`, async () => {
    const coded = encode(text(5000))
    for (let round = 0; round < 40; round += 1) {
      const more = Buffer.alloc(random.whole(1, 40), random.one([0, 0x1f, 0x78, 0xff, 0x41]))
      const pieces = random.chance(0.5) ? [coded, more] : [Buffer.concat([coded, more])]
      const content = inflated(
        coding,
        random.chance(0.5) ? inPieces(Buffer.concat(pieces), random) : each(pieces),
        LIMIT,
      )
      const error = await errorOf(gathered(content))
      assert.equal([error.status, error.code], [400, 'ERR_INVALID_CONTENT_ENCODING'])
    }
  })

  test(`${coding} that is damaged is 400, or what it decodes to`, async () => {
    const bytes = text(2000)
    for (let round = 0; round < 30; round += 1) {
      const coded = Buffer.from(encode(bytes))
      const at = random.whole(0, coded.length - 1)
      coded[at] = (coded[at] as number) ^ (1 << random.whole(0, 7))
      try {
        await gathered(inflated(coding, inPieces(coded, random), LIMIT))
      } catch (error) {
        assert.equal([(error as HttpError).status, (error as HttpError).code], [400, 'ERR_INVALID_CONTENT_ENCODING'])
      }
    }
  })

  test(`${coding} that becomes larger than the limit is 413, and is not read on`, async () => {
    const bomb = encode(Buffer.alloc(16 * 1024 * 1024))
    const source = new WatchedSource((taken) => (taken === 0 ? bomb : Buffer.alloc(65_536)))
    let largest = 0
    const content = inflated(coding, source, 100_000)
    const error = await errorOf(
      (async () => {
        for await (const piece of content) largest = Math.max(largest, piece.length)
      })(),
    )
    assert.is(error.status, 413)
    assert.is(source.returned, 1)
    assert.ok(source.taken < 4, `${source.taken} pieces were taken`)
    assert.ok(largest <= 100_000)
  })

  test(`${coding} of exactly the limit is let through`, async () => {
    const bytes = text(10_000)
    assert.equal(await gathered(inflated(coding, each([encode(bytes)]), 10_000)), bytes)
    assert.is((await errorOf(gathered(inflated(coding, each([encode(bytes)]), 9_999)))).status, 413)
  })
}

for (const [coding, encode] of Object.entries(encoders)) {
  test(`a whole body of ${coding} is undone like one that arrives`, async () => {
    const outcome = async (content: () => AsyncIterable<Uint8Array> | Buffer | Promise<Buffer>) => {
      try {
        const given = await content()
        return String(Buffer.isBuffer(given) ? given : await gathered(given))
      } catch (error) {
        return [(error as HttpError).status, (error as HttpError).code]
      }
    }
    for (const size of [0, 1, 1000, 5000, 100_000]) {
      const bytes = text(size)
      const coded = encode(bytes)
      const damagedBytes = Buffer.from(coded)
      damagedBytes.fill(0xff, coded.length >> 1)
      for (const [body, limit] of [
        [coded, Number.POSITIVE_INFINITY],
        [coded, size],
        [coded, Math.max(0, size - 1)],
        [coded.subarray(0, -1), LIMIT],
        [Buffer.concat([coded, Buffer.from('x')]), LIMIT],
        [Buffer.concat([coded, Buffer.alloc(1)]), LIMIT],
        [damagedBytes, LIMIT],
      ] as const) {
        const expected = await outcome(() => inflated(coding, each([body]), limit))
        assert.equal(await outcome(() => inflatedWhole(coding, body, limit)), expected)
      }
    }
  })

  test(`a small body of ${coding} that becomes large is taken off the thread, or 413`, async () => {
    const bytes = Buffer.concat([noise(1900), Buffer.alloc(1_900_000)])
    const coded = encode(bytes)
    assert.ok(coded.length < 4096)
    assert.equal(await inflatedWhole(coding, coded, bytes.length), bytes)
    const attempt = async () => inflatedWhole(coding, coded, 1_000_000)
    assert.is((await errorOf(attempt())).status, 413)
    assert.ok(mostAtOnce <= 64 * 1024, `${mostAtOnce} bytes were decoded on the thread`)
  })

  test(`rows in ${coding} that are much alike are let through`, async () => {
    const rows = Array.from({ length: 20_000 }, (_, id) => ({ id, name: 'nobody', roles: ['reader'], active: true }))
    const json = Buffer.from(JSON.stringify(rows))
    assert.ok(json.length > 1_000_000)
    assert.equal(await inflatedWhole(coding, encode(json), LIMIT), json)
    assert.equal(await gathered(inflated(coding, inPieces(encode(json), random), LIMIT)), json)
  })
}

// RFC 7932 §9.2: blocks, of which the first says that it is little, and the second that it is much.
const inTwoBlocks = () => {
  const encoder = createBrotliCompress()
  encoder.write('a')
  encoder.flush()
  encoder.end(Buffer.alloc(1_000_000))
  return gathered(encoder)
}

const dense: Record<string, () => Buffer | Promise<Buffer>> = {
  'a few bytes of br': () => brotliCompressSync(Buffer.alloc(1_000_000)),
  'a few bytes of br, in two blocks': inTwoBlocks,
  'some more of br': () => brotliCompressSync(Buffer.alloc(20_000_000)),
}

for (const [name, make] of Object.entries(dense)) {
  test(`${name} that become a mebibyte are 413, and little of it is decoded, none on the thread`, async () => {
    const coded = await make()
    mostAtOnce = 0
    for (const content of [
      async () => inflatedWhole('br', coded, LIMIT),
      async () => gathered(inflated('br', each([coded]), LIMIT)),
    ]) {
      const error = await errorOf(content())
      assert.equal([error.status, error.code], [413, 'ERR_CONTENT_CODING_RATIO'])
    }
    assert.is(mostAtOnce, 0)
  })
}

test('little that is coded twice is bounded by what was sent, not by what came between', async () => {
  const coded = gzipSync(gzipSync(Buffer.alloc(8_000_000)))
  assert.ok(coded.length < 1000)
  const error = await errorOf(gathered(inflated('gzip, gzip', each([coded]), 100_000_000)))
  assert.equal([error.status, error.code], [413, 'ERR_CONTENT_CODING_RATIO'])
})

async function* each<T>(pieces: readonly T[]): AsyncGenerator<T> {
  yield* pieces
}

test('several codings are undone in the reverse order', async () => {
  const bytes = text(20_000)
  const names = Object.keys(encoders)
  for (let round = 0; round < 30; round += 1) {
    const applied = Array.from({ length: random.whole(1, 4) }, () => random.one(names))
    let coded: Buffer = bytes
    for (const name of applied) coded = (encoders[name] as (bytes: Uint8Array) => Buffer)(coded)
    const field = applied.map((name) => random.one([name, name.toUpperCase(), `\t${name} `])).join(',')
    assert.equal(await gathered(inflated(field, inPieces(coded, random), LIMIT)), bytes, field)
  }
})

test('what codings make in between is bounded, too', async () => {
  // Half a million empty members are nothing once they are decoded, but it takes long to see that.
  const member = gzipSync(new Uint8Array(0))
  const coded = gzipSync(Buffer.concat(Array.from({ length: 500_000 }, () => member)))
  const error = await errorOf(gathered(inflated('gzip, gzip', each([coded]), 100_000)))
  assert.is(error.status, 413)
})

test('gzip may have several members', async () => {
  const coded = Buffer.concat([gzipSync('abc'), gzipSync(''), gzipSync('def')])
  for (let round = 0; round < 20; round += 1) {
    assert.is(String(await gathered(inflated('gzip', inPieces(coded, random), LIMIT))), 'abcdef')
  }
})

test('deflate without the zlib format around it is 400', async () => {
  const error = await errorOf(gathered(inflated('deflate', each([deflateRawSync('x'.repeat(100))]), LIMIT)))
  assert.is(error.status, 400)
})

test('without a coding a body is what it is', () => {
  const whole = Buffer.from('x')
  assert.is(inflatedWhole('identity', whole, 0), whole)
  const source = each([Buffer.from('x')])
  for (const field of [null, '', 'identity', ' , Identity']) assert.is(inflated(field, source, 0), source)
})

test('a coding that is not supported is 415, and says which are', () => {
  for (const field of [
    'compress',
    'gzip, aes128gcm',
    'gzip;q=1',
    '__proto__',
    'gzip gzip',
    'gzip,gzip,gzip,gzip,gzip',
  ]) {
    try {
      inflated(field, each([]), LIMIT)
      assert.unreachable(field)
    } catch (error) {
      const { status, headers } = error as HttpError
      assert.is(status, 415)
      assert.match((headers as Record<string, string>)['accept-encoding'] as string, /^gzip, deflate, br/)
    }
  }
})

test('an error of the body itself goes through', async () => {
  const gone = Object.assign(new Error('gone'), { code: 'ERR_CLIENT_GONE' })
  const source = new WatchedSource<Uint8Array>(async (taken) => {
    if (taken === 1) throw gone
    return gzipSync(text(10_000)).subarray(0, 500)
  })
  assert.is(await errorOf(gathered(inflated('gzip', source, LIMIT))), gone)
})

test('who stops early lets go of the body, though it is quiet', async () => {
  const coded = gzipSync(text(100_000))
  const source = new WatchedSource<Uint8Array>((taken) => (taken === 0 ? coded.subarray(0, coded.length - 10) : NEVER))
  for await (const piece of inflated('gzip, identity', source, LIMIT)) {
    assert.ok(piece.length > 0)
    break
  }
  assert.is(source.returned, 1)
  const quiet = new WatchedSource<Uint8Array>(() => NEVER)
  const iterator = inflated('gzip, gzip', quiet, LIMIT)[Symbol.asyncIterator]()
  const pending = iterator.next()
  await iterator.return?.()
  assert.is((await pending).done, true)
  assert.is(quiet.returned, 1)
})

test('a reader that waits holds the body back', async () => {
  const coded = gzipSync(text(1_000_000))
  const size = 1000
  const source = new WatchedSource((taken) =>
    taken * size < coded.length ? coded.subarray(taken * size, (taken + 1) * size) : undefined,
  )
  const iterator = inflated('gzip', source, LIMIT)[Symbol.asyncIterator]()
  await iterator.next()
  for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(source.taken * size < 40_000, `${source.taken * size} of ${coded.length} bytes were taken`)
  await iterator.return?.()
})

test.run()
