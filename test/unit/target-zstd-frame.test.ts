// Content that is stored in a Zstandard frame. Where Node.js has a decoder, that one reads it as well.
import { randomBytes } from 'node:crypto'
import zlib from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const { storedFrame } = (await import(new URL('../../routes/_zstd_frame.js', import.meta.url).href)) as {
  storedFrame(content: Uint8Array): Buffer
}
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Buffer) => Buffer }

test('the frame of a few bytes is that of RFC 8878', () => {
  assert.is(storedFrame(Buffer.from('abc')).toString('hex'), '28b52ffda003000000190000616263')
  assert.is(storedFrame(Buffer.alloc(0)).toString('hex'), '28b52ffda000000000010000')
})

test('blocks have at most 128 KiB, and the last one says that it is', () => {
  const frame = storedFrame(Buffer.alloc(300_000))
  assert.is(frame.readUInt32LE(5), 300_000)
  const blocks = []
  for (let place = 9; place < frame.length; ) {
    const header = frame.readUIntLE(place, 3)
    blocks.push([header >> 3, header & 7])
    place += 3 + (header >> 3)
  }
  assert.equal(blocks, [
    [131_072, 0],
    [131_072, 0],
    [37_856, 1],
  ])
})

if (zstdDecompressSync !== undefined) {
  for (const length of [0, 1, 131_071, 131_072, 131_073, 1_000_000]) {
    test(`a decoder reads ${length} bytes`, () => {
      const content = randomBytes(length)
      assert.ok(zstdDecompressSync(storedFrame(content)).equals(content))
    })
  }
}

test.run()
