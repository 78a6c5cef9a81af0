// Memory for requests that are still being answered when their block is used again. It is had in pieces that many
// requests share, since making a buffer takes longer than copying a request.
import { type RawBuffer, raw } from './raw_buffer.js'

/** Some fifty requests. A piece lives as long as the longest of them, so that it must not be large. */
const PIECE_WORDS = 2048
const PIECE_BYTES = 8192

export class KeptRequests {
  /** Where the words of the request go that was taken room for last, and its bytes. */
  words = new Int32Array(PIECE_WORDS)
  wordsAt = 0
  bytes: RawBuffer = raw(Buffer.allocUnsafeSlow(PIECE_BYTES))
  bytesAt = 0
  #wordsUsed = 0
  #bytesUsed = 0

  /** Makes room for one more request. What does not fit a piece gets one of its own. */
  take(words: number, bytes: number): void {
    if (this.#wordsUsed + words > this.words.length) {
      this.words = new Int32Array(Math.max(words, PIECE_WORDS))
      this.#wordsUsed = 0
    }
    if (this.#bytesUsed + bytes > this.bytes.length) {
      this.bytes = raw(Buffer.allocUnsafeSlow(Math.max(bytes, PIECE_BYTES)))
      this.#bytesUsed = 0
    }
    this.wordsAt = this.#wordsUsed
    this.bytesAt = this.#bytesUsed
    this.#wordsUsed += words
    this.#bytesUsed += bytes
  }
}
