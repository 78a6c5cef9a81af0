import type { BrotliCompress, BrotliDecompress, Deflate, Gunzip, Gzip, Inflate } from 'node:zlib'
import { FileSlice } from '../exchange/file_slice.js'
import { type BodySource, chunkOf } from './body_source.js'
import { SlicePieces } from './slice_pieces.js'

/** One of zlib's streams. */
export type Coder = BrotliCompress | BrotliDecompress | Deflate | Gunzip | Gzip | Inflate

/** How a `CodingStream` is to go about it. What the functions throw ends the stream, and is its error. */
export interface CodingRules {
  /** zlib's kind of flush, for whenever the source has nothing more for the moment. Default: not before its end. */
  readonly flush?: number
  /** Told of how many bytes the coder has taken, out of those that it was given. */
  readonly onTaken?: (taken: number, given: number) => void
  /** Told of the size of each piece that comes out. */
  readonly onPiece?: (bytes: number) => void
  /** What an error of the coder is to those who read. */
  readonly translate?: (error: Error) => unknown
}

// Each write to a coder crosses to another thread and back, so small pieces that come meanwhile are gathered.
const GATHERED_BYTES = 16 * 1024

/**
 * What comes out of a zlib coder that a source is fed into. Nothing is fed before somebody waits for what comes out, and
 * little of the source is held, so a slow reader holds back the source.
 *
 * Whoever stops early calls `return()`: the coder is destroyed and the source cancelled at once, also while a `next()`
 * is pending. One `next()` at a time.
 */
export class CodingStream implements AsyncIterableIterator<Uint8Array> {
  readonly #source: BodySource
  readonly #make: () => Coder
  readonly #rules: CodingRules
  // Made when it is first needed: it costs some hundred kilobytes.
  #coder: Coder | undefined
  #pulling = false
  // The slice of a file that the source gave, while it is read.
  #slice: SlicePieces | undefined
  #held: Uint8Array[] = []
  #heldBytes = 0
  #given = 0
  // A write or a flush is under way.
  #busy = false
  #unflushed = false
  #sourceEnded = false
  // The source has ended, or was cancelled.
  #released = false
  #finishing = false
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #stirred = false
  #wake: (() => void) | undefined

  constructor(source: BodySource, make: () => Coder, rules: CodingRules = {}) {
    this.#source = source
    this.#make = make
    this.#rules = rules
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      this.#stirred = false
      const piece = this.#take()
      if (piece !== undefined) return { done: false, value: piece }
      if (this.#failure !== undefined) throw this.#end(this.#failure.error)
      if (this.#ended) return this.return()
      this.#feed()
      if (this.#stirred) continue
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#end()
    this.#stir()
    return { done: true, value: undefined }
  }

  #take(): Uint8Array | undefined {
    if (this.#ended || this.#failure !== undefined) return undefined
    const piece = this.#coder?.read() as Uint8Array | null | undefined
    if (piece === null || piece === undefined) return undefined
    try {
      this.#rules.onPiece?.(piece.length)
      return piece
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  /** The next step of what goes in: a piece, the end, or a flush when there is neither. */
  #feed(): void {
    if (this.#busy) return
    this.#coder ??= this.#open()
    if (this.#heldBytes > 0) this.#write(this.#coder)
    else if (this.#sourceEnded) this.#finish(this.#coder)
    else {
      this.#pull()
      if (this.#unflushed && this.#rules.flush !== undefined) this.#flush(this.#coder, this.#rules.flush)
    }
  }

  #open(): Coder {
    const coder = this.#make()
    coder.on('readable', () => this.#stir())
    coder.on('end', () => {
      this.#ended = true
      this.#stir()
    })
    coder.on('error', (error: Error) => this.#fail(this.#rules.translate?.(error) ?? error))
    return coder
  }

  #write(coder: Coder): void {
    const bytes = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held)
    this.#busy = true
    this.#given += this.#heldBytes
    this.#held = []
    this.#heldBytes = 0
    coder.write(bytes, () => {
      this.#busy = false
      this.#unflushed = true
      this.#check(coder)
      this.#stir()
    })
    // While the coder works, the source has time to bring more: only if it does not there is a need to flush.
    this.#pull()
  }

  #flush(coder: Coder, kind: number): void {
    this.#unflushed = false
    this.#busy = true
    coder.flush(kind, () => {
      this.#busy = false
      this.#stir()
    })
  }

  #finish(coder: Coder): void {
    if (this.#finishing) return
    this.#finishing = true
    coder.end()
  }

  #check(coder: Coder): void {
    try {
      this.#rules.onTaken?.(coder.bytesWritten, this.#given)
    } catch (error) {
      this.#fail(error)
    }
  }

  #pull(): void {
    if (this.#pulling || this.#released) return
    this.#pulling = true
    this.#ask().then(
      ({ done, value }) => {
        this.#pulling = false
        this.#released ||= done === true
        if (done) this.#sourceEnded = true
        else this.#accept(value)
        if (this.#busy && this.#heldBytes < GATHERED_BYTES) this.#pull()
        this.#stir()
      },
      (error) => this.#fail(error),
    )
  }

  // A source may answer at once, or throw.
  async #ask(): Promise<IteratorResult<unknown>> {
    const piece = this.#slice?.next()
    if (piece?.done === false) return piece
    this.#slice = undefined
    return this.#source.next()
  }

  #accept(value: unknown): void {
    try {
      const piece = chunkOf(value)
      if (piece instanceof FileSlice) {
        this.#slice = new SlicePieces(piece)
        return
      }
      // Copied, for the coder reads it on another thread, and whoever made it may have it back by then.
      const bytes = Buffer.from(piece as string)
      if (bytes.length > 0) this.#held.push(bytes)
      this.#heldBytes += bytes.length
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#stir()
  }

  /** Lets go of the coder and the source. */
  #end(reason?: unknown): unknown {
    this.#failure = undefined
    this.#ended = true
    this.#coder?.destroy()
    this.#slice?.return()
    if (!this.#released) this.#source.cancel(reason)
    this.#released = true
    return reason
  }

  #stir(): void {
    this.#stirred = true
    this.#wake?.()
    this.#wake = undefined
  }
}
