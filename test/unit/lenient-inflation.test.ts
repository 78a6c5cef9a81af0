// Content codings where zlib takes a body that ends too early for whole, as that of Deno does.
import { createRequire } from 'node:module'
import { type BrotliOptions, brotliCompressSync, constants } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inflated, inflatedWhole } from '#brink/request/inflation.js'
import { Random } from '../peers/random.js'
import { noise } from '../server/messages.js'
import { errorOf } from './error_of.js'
import { gathered, inPieces } from './pieces.js'

type Brotli = (...all: unknown[]) => unknown

const LIMIT = 1_000_000
const LENIENT: BrotliOptions = { finishFlush: constants.BROTLI_OPERATION_FLUSH }

const zlib = createRequire(import.meta.url)('node:zlib') as Record<string, Brotli>
const { brotliDecompressSync, createBrotliDecompress } = zlib as Record<string, Brotli>

function replace(name: string, value: Brotli): void {
  Object.defineProperty(zlib, name, { configurable: true, enumerable: true, value })
}

if (process.versions.deno === undefined) {
  replace('brotliDecompressSync', (bytes, options) =>
    brotliDecompressSync?.(bytes, { ...(options as object), ...LENIENT }),
  )
  replace('createBrotliDecompress', (options) => createBrotliDecompress?.({ ...(options as object), ...LENIENT }))
}

const random = new Random(9)
const refusal = [400, 'ERR_INVALID_CONTENT_ENCODING']
const bodies = [Buffer.alloc(0), Buffer.from('a'), Buffer.from('höhö abc '.repeat(100)), noise(3000, 3)]

test('the decoder of this test is lenient', () => {
  assert.not.throws(() => zlib.brotliDecompressSync?.(Buffer.alloc(0), {}))
})

for (const [index, body] of bodies.entries()) {
  const coded = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })

  test(`br is undone, however it is cut: ${index}`, async () => {
    assert.equal(await inflatedWhole('br', coded, LIMIT), body)
    for (let round = 0; round < 10; round += 1) {
      assert.equal(await gathered(inflated('br', inPieces(coded, random), LIMIT)), body)
      assert.equal(await gathered(inflated('br, br', inPieces(brotliCompressSync(coded), random), LIMIT)), body)
    }
  })

  test(`br that ends too early is 400, wherever it ends: ${index}`, async () => {
    const step = Math.ceil(coded.length / 60)
    for (let length = coded.length - 1; length >= 0; length -= length > 20 ? step : 1) {
      const cut = coded.subarray(0, length)
      const whole = await errorOf(Promise.resolve().then(() => inflatedWhole('br', cut, LIMIT)))
      assert.equal([whole.status, whole.code], refusal, `${length} of ${coded.length}, whole`)
      const pieces = await errorOf(gathered(inflated('br', inPieces(cut, random), LIMIT)))
      assert.equal([pieces.status, pieces.code], refusal, `${length} of ${coded.length}, in pieces`)
    }
  })

  test(`br with something behind it is 400: ${index}`, async () => {
    for (const more of [Buffer.alloc(1), Buffer.from('more'), coded]) {
      const long = Buffer.concat([coded, more])
      const whole = await errorOf(Promise.resolve().then(() => inflatedWhole('br', long, LIMIT)))
      assert.equal([whole.status, whole.code], refusal)
      const pieces = await errorOf(gathered(inflated('br', inPieces(long, random), LIMIT)))
      assert.equal([pieces.status, pieces.code], refusal)
    }
  })
}

test.run()
