// Frames of WebSockets (RFC 6455 §5), as a server reads and writes them.

export const CONTINUATION = 0
export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

export interface Frame {
  readonly opcode: number
  readonly isLast: boolean
  readonly payload: Buffer
}

/** Why a connection is closed, with the code for the peer (RFC 6455 §7.4.1). */
export class FrameError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message)
  }
}

const EMPTY = Buffer.alloc(0)
const MOST_OF_CONTROL = 125
const LENGTH_16 = 126
const LENGTH_64 = 127
const MASK_BYTES = 4
const MOST_CHUNKS = 1024

/** Cuts what a client sends into frames. It keeps no more than one frame of the largest size. */
export class FrameReader {
  readonly #most: number
  #chunks: Buffer[] = []
  #size = 0

  /** @param most the largest payload of a frame, in bytes */
  constructor(most: number) {
    this.#most = most
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#size += chunk.length
    // Many small chunks take more memory than their bytes.
    if (this.#chunks.length > MOST_CHUNKS) this.#chunks = [Buffer.concat(this.#chunks, this.#size)]
  }

  /**
   * The next frame, unmasked; undefined when it has not arrived.
   * @throws FrameError
   */
  next(): Frame | undefined {
    const head = this.#head()
    if (head === undefined || this.#size < head.length + head.payload) return undefined
    const { opcode, isLast, length } = head
    const bytes = this.#take(length + head.payload)
    const payload = bytes.subarray(length)
    unmask(payload, bytes.subarray(length - MASK_BYTES, length))
    return { opcode, isLast, payload }
  }

  #head() {
    if (this.#size < 2) return undefined
    const [first, second] = [this.#at(0), this.#at(1)]
    const opcode = first & 0x0f
    const isLast = (first & 0x80) !== 0
    const told = second & 0x7f
    if ((first & 0x70) !== 0) throw new FrameError(1002, 'a reserved bit is set, and no extension was agreed on')
    if (opcode > BINARY && (opcode < CLOSE || opcode > PONG))
      throw new FrameError(1002, `the opcode ${opcode} is reserved`)
    if ((second & 0x80) === 0) throw new FrameError(1002, 'a frame of a client is not masked')
    if (opcode >= CLOSE && told > MOST_OF_CONTROL) throw new FrameError(1002, 'a control frame is too long')
    if (opcode >= CLOSE && !isLast) throw new FrameError(1002, 'a control frame is fragmented')
    const lengthBytes = told === LENGTH_16 ? 2 : told === LENGTH_64 ? 8 : 0
    if (this.#size < 2 + lengthBytes) return undefined
    const payload = lengthBytes === 0 ? told : this.#length(lengthBytes)
    if (opcode < CLOSE && payload > this.#most) throw new FrameError(1009, `a frame is larger than ${this.#most} bytes`)
    return { opcode, isLast, payload, length: 2 + lengthBytes + MASK_BYTES }
  }

  #length(bytes: number): number {
    let length = 0
    for (let index = 0; index < bytes; index += 1) length = length * 256 + this.#at(2 + index)
    if (bytes === 8 && this.#at(2) >= 0x80) throw new FrameError(1002, 'a length is negative')
    if (length <= (bytes === 2 ? MOST_OF_CONTROL : 0xffff))
      throw new FrameError(1002, 'a length has more bytes than it needs')
    return length
  }

  /** One of the first bytes. A head may be spread over several chunks. */
  #at(index: number): number {
    let left = index
    for (const chunk of this.#chunks) {
      if (left < chunk.length) return chunk[left] as number
      left -= chunk.length
    }
    return 0
  }

  #take(size: number): Buffer {
    const [first = EMPTY] = this.#chunks
    const all = first.length >= size ? first : Buffer.concat(this.#chunks, this.#size)
    if (first.length < size) this.#chunks = [all]
    if (all.length === size) this.#chunks.shift()
    else this.#chunks[0] = all.subarray(size)
    this.#size -= size
    return all.subarray(0, size)
  }
}

function unmask(payload: Buffer, mask: Buffer): void {
  for (let index = 0; index < payload.length; index += 1)
    payload[index] = (payload[index] as number) ^ (mask[index & 3] as number)
}

/** A frame of a server, which is not masked. */
export function frameBytes({ opcode, isLast, payload }: Frame): Buffer[] {
  const first = (isLast ? 0x80 : 0) | opcode
  const { length } = payload
  if (length <= MOST_OF_CONTROL) return [Buffer.of(first, length), payload]
  if (length <= 0xffff) return [Buffer.of(first, LENGTH_16, length >> 8, length & 0xff), payload]
  const head = Buffer.alloc(10)
  head[0] = first
  head[1] = LENGTH_64
  head.writeBigUInt64BE(BigInt(length), 2)
  return [head, payload]
}

/** A message in frames of at most so many bytes. */
export function framesOf(opcode: number, payload: Buffer, most: number): Frame[] {
  const frames: Frame[] = []
  for (let start = 0; start === 0 || start < payload.length; start += most) {
    const end = Math.min(payload.length, start + most)
    frames.push({
      opcode: start === 0 ? opcode : CONTINUATION,
      isLast: end === payload.length,
      payload: payload.subarray(start, end),
    })
  }
  return frames
}

/** The payload of a close frame; without a code it is empty. */
export function closePayload(code?: number, reason = ''): Buffer {
  if (code === undefined) return EMPTY
  const text = Buffer.from(reason).subarray(0, MOST_OF_CONTROL - 2)
  return Buffer.concat([Buffer.of(code >> 8, code & 0xff), text])
}
