import type { FileSlice } from '../exchange/file_slice.js'
import { coded } from '../runtime/errors.js'

const PIECE_BYTES = 64 * 1024

/** Reads a slice of a file piece by piece, for code that needs the bytes in JavaScript. */
export class SlicePieces implements IterableIterator<Uint8Array> {
  readonly #slice: FileSlice
  #at: number
  #begun = false
  #closed = false

  constructor(slice: FileSlice) {
    this.#slice = slice
    this.#at = slice.offset
  }

  [Symbol.iterator](): this {
    return this
  }

  /**
   * @throws Error `ERR_FILE_CHANGED` when the file ends before the slice, or cannot be read; HttpError when it cannot
   * be opened
   */
  next(): IteratorResult<Uint8Array, undefined> {
    if (!this.#begun) this.#slice.take()
    this.#begun = true
    const { file, offset, length } = this.#slice
    const left = this.#closed ? 0 : offset + length - this.#at
    if (left === 0) return this.return()
    const bytes = Buffer.allocUnsafe(Math.min(left, PIECE_BYTES))
    const read = file.read(bytes, this.#at)
    if (read <= 0) {
      this.return()
      const what = read === 0 ? 'has become shorter' : `cannot be read (errno ${-read})`
      throw coded(new Error(`A file that is being sent ${what}.`), 'ERR_FILE_CHANGED')
    }
    this.#at += read
    return { done: false, value: bytes.subarray(0, read) }
  }

  return(): IteratorResult<Uint8Array, undefined> {
    if (!this.#closed) this.#slice.release()
    this.#closed = true
    return { done: true, value: undefined }
  }
}
