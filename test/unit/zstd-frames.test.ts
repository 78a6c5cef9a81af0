// Where frames of zstd end. The frames are made here: Node 20 has no zstd.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ZstdFrames } from '#brink/request/zstd_frames.js'

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd]
const RAW = 0
const RLE = 1
const COMPRESSED = 2

function block(type: number, content: number[], isLast: boolean, size = content.length): number[] {
  const head = (size << 3) | (type << 1) | (isLast ? 1 : 0)
  return [head & 255, (head >> 8) & 255, head >> 16, ...content]
}

const zeros = (count: number): number[] => new Array<number>(count).fill(0)

const frames: Readonly<Record<string, number[]>> = {
  'an empty block': [...MAGIC, 0x20, 0, ...block(RAW, [], true)],
  'a window': [...MAGIC, 0, 0x58, ...block(RAW, [65, 66], true)],
  'a checksum': [...MAGIC, 0x24, 2, ...block(RAW, [65, 66], true), 1, 2, 3, 4],
  'a dictionary, and a large content size': [...MAGIC, 0xc3, ...zeros(13), ...block(COMPRESSED, zeros(300), true)],
  'several blocks': [
    ...MAGIC,
    0x60,
    ...zeros(2),
    ...block(RLE, [65], false, 1000),
    ...block(COMPRESSED, zeros(70_000), false),
    ...block(RAW, MAGIC, true),
  ],
  'a skippable frame': [0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3],
  'a skippable frame of nothing': [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0],
}

function areWhole(...pieces: number[][]): boolean {
  const found = new ZstdFrames()
  for (const piece of pieces) found.push(Uint8Array.from(piece))
  return found.areWhole
}

for (const [name, frame] of Object.entries(frames)) {
  test(`a frame with ${name} is whole at its last byte, and not before`, () => {
    assert.is(areWhole(frame), true)
    assert.is(areWhole(...frame.map((byte) => [byte])), true)
    for (let length = 0; length < frame.length; length += frame.length > 1000 && length > 40 ? 997 : 1) {
      assert.is(areWhole(frame.slice(0, length)), false, `${length} of ${frame.length}`)
    }
  })

  test(`a frame may follow one with ${name}`, () => {
    const second = frames['a checksum'] as number[]
    assert.is(areWhole(frame, second), true)
    assert.is(areWhole([...frame, ...second.slice(0, -1)]), false)
    assert.is(areWhole(frame, second.slice(0, 3)), false)
  })
}

test('nothing at all is not whole; what is no frame is left to the decoder', () => {
  assert.is(areWhole([]), false)
  assert.is(areWhole([1, 2, 3, 4, 5]), true)
  assert.is(areWhole(frames['a window'] as number[], [1, 2, 3, 4]), true)
})

test.run()
