// Memory for requests that outlive their block. It is allocated in chunks that many requests share, because
// allocating a buffer takes longer than copying a request.
import {
  EVENT_WORDS,
  REQUEST_BODY_LENGTH,
  REQUEST_BODY_OFFSET,
  REQUEST_HEAD_LENGTH,
  REQUEST_HEAD_OFFSET,
  REQUEST_TRAILERS_LENGTH,
  REQUEST_TRAILERS_OFFSET,
} from '../exchange/layout.js'
import { type RawBuffer, raw } from '../exchange/raw_buffer.js'

/** Room for about fifty requests. A chunk lives as long as its longest request, so it must be small. */
const PIECE_WORDS = 2048
const PIECE_BYTES = 8192

export class KeptRequests {
  /** The place of the request that was copied last. */
  words = new Int32Array(PIECE_WORDS)
  wordsAt = 0
  bytes: RawBuffer = raw(Buffer.allocUnsafeSlow(PIECE_BYTES))
  #bytesAt = 0
  #wordsUsed = 0
  #bytesUsed = 0

  /** Copies a request with its head and trailers, and with its body unless that is kept elsewhere. */
  copy(words: Int32Array, bytes: RawBuffer, at: number, withBody: boolean): void {
    const headAt = words[at + REQUEST_HEAD_OFFSET]
    const headLength = words[at + REQUEST_HEAD_LENGTH]
    const bodyAt = words[at + REQUEST_BODY_OFFSET]
    const bodyLength = withBody ? words[at + REQUEST_BODY_LENGTH] : 0
    const trailersAt = words[at + REQUEST_TRAILERS_OFFSET]
    const trailersLength = words[at + REQUEST_TRAILERS_LENGTH]
    const length = words[at + EVENT_WORDS]
    this.#makeRoom(length, headLength + bodyLength + trailersLength)
    const { words: copy, wordsAt } = this
    for (let word = 0; word < length; word += 1) copy[wordsAt + word] = words[at + word]
    copy[wordsAt + REQUEST_HEAD_OFFSET] = this.#add(bytes, headAt, headLength)
    copy[wordsAt + REQUEST_BODY_OFFSET] = this.#add(bytes, bodyAt, bodyLength)
    copy[wordsAt + REQUEST_TRAILERS_OFFSET] = this.#add(bytes, trailersAt, trailersLength)
  }

  /** Returns the offset of the copy. */
  #add(bytes: RawBuffer, start: number, length: number): number {
    const at = this.#bytesAt
    if (length > 0) bytes.copy(this.bytes, at, start, start + length)
    this.#bytesAt += length
    return at
  }

  /** A request that is larger than a chunk gets one of its own. */
  #makeRoom(words: number, bytes: number): void {
    if (this.#wordsUsed + words > this.words.length) {
      this.words = new Int32Array(Math.max(words, PIECE_WORDS))
      this.#wordsUsed = 0
    }
    if (this.#bytesUsed + bytes > this.bytes.length) {
      this.bytes = raw(Buffer.allocUnsafeSlow(Math.max(bytes, PIECE_BYTES)))
      this.#bytesUsed = 0
    }
    this.wordsAt = this.#wordsUsed
    this.#bytesAt = this.#bytesUsed
    this.#wordsUsed += words
    this.#bytesUsed += bytes
  }
}
