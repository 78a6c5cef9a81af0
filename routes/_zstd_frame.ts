// Zstandard without a compressor (RFC 8878 §3.1.1): a frame may hold its content as it is.

const MAGIC = 0xfd2fb528
/** The size of the content takes 4 bytes, and the content is one segment. */
const DESCRIPTOR = 0xa0
const HEADER_BYTES = 9
const BLOCK_HEADER_BYTES = 3
const BLOCK_LIMIT = 128 * 1024
const LAST = 1
const SIZE_SHIFT = 3

/** The frame that decoders give `content` for, up to 4 GiB. */
export function storedFrame(content: Uint8Array): Buffer {
  const count = Math.max(1, Math.ceil(content.length / BLOCK_LIMIT))
  const frame = Buffer.alloc(HEADER_BYTES + count * BLOCK_HEADER_BYTES + content.length)
  frame.writeUInt32LE(MAGIC, 0)
  frame.writeUInt8(DESCRIPTOR, 4)
  frame.writeUInt32LE(content.length, 5)
  let place = HEADER_BYTES
  for (let block = 0; block < count; block += 1) {
    const bytes = content.subarray(block * BLOCK_LIMIT, (block + 1) * BLOCK_LIMIT)
    frame.writeUIntLE((bytes.length << SIZE_SHIFT) | (block === count - 1 ? LAST : 0), place, BLOCK_HEADER_BYTES)
    frame.set(bytes, place + BLOCK_HEADER_BYTES)
    place += BLOCK_HEADER_BYTES + bytes.length
  }
  return frame
}
