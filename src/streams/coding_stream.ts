import type { BrotliCompress, BrotliDecompress, Deflate, Gunzip, Gzip, Inflate } from 'node:zlib'
import { FileSlice } from '../exchange/file_slice.js'
import { type BodySource, chunkOf } from './body_source.js'
import { SlicePieces } from './slice_pieces.js'

/** A zlib stream. */
export type Coder = BrotliCompress | BrotliDecompress | Deflate | Gunzip | Gzip | Inflate

/** The rules of a `CodingStream`. An error that one of these functions throws ends the stream. */
export interface CodingRules {
  /** The zlib flush mode for when the source pauses. Default: no flush before the end. */
  readonly flush?: number
  /** Called with the number of bytes that the coder has consumed, and of those written to it. */
  readonly onTaken?: (taken: number, written: number) => void
  /** Called with the size of each piece of output. */
  readonly onPiece?: (bytes: number) => void
  /** Converts an error of the coder to the one that the reader gets. */
  readonly translate?: (error: Error) => unknown
}

// Each write to a coder takes a trip to another thread, so small pieces that arrive meanwhile are merged.
const GATHERED_BYTES = 16 * 1024

/**
 * The output of a zlib coder that is fed from a source, with backpressure: nothing is read from the source before
 * output is requested, and little of it is held.
 *
 * `return()` destroys the coder and cancels the source at once, even while a `next()` is pending. Allows one `next()`
 * at a time.
 */
export class CodingStream implements AsyncIterableIterator<Uint8Array> {
  readonly #source: BodySource
  readonly #make: () => Coder
  readonly #rules: CodingRules
  // Created on first use, because it takes some hundred kilobytes.
  #coder: Coder | undefined
  #pulling = false
  // The file slice that the source yielded, while it is read.
  #slice: SlicePieces | undefined
  #held: Uint8Array[] = []
  #heldBytes = 0
  #written = 0
  // A write or a flush is in progress.
  #busy = false
  #unflushed = false
  #sourceEnded = false
  // The source has ended or was cancelled.
  #released = false
  #finishing = false
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #changed = false
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
      this.#changed = false
      const piece = this.#take()
      if (piece !== undefined) return { done: false, value: piece }
      if (this.#failure !== undefined) throw this.#end(this.#failure.error)
      if (this.#ended) return this.return()
      this.#feed()
      if (this.#changed) continue
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#end()
    this.#notify()
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

  /** Feeds the coder: with a piece, the end, or a flush when the source has neither. */
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
    coder.on('readable', () => this.#notify())
    coder.on('end', () => {
      this.#ended = true
      this.#notify()
    })
    coder.on('error', (error: Error) => this.#fail(this.#rules.translate?.(error) ?? error))
    return coder
  }

  #write(coder: Coder): void {
    const bytes = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held)
    this.#busy = true
    this.#written += this.#heldBytes
    this.#held = []
    this.#heldBytes = 0
    coder.write(bytes, () => {
      this.#busy = false
      this.#unflushed = true
      this.#check(coder)
      this.#notify()
    })
    // The source may yield more while the coder works; a flush is needed only if it does not.
    this.#pull()
  }

  #flush(coder: Coder, kind: number): void {
    this.#unflushed = false
    this.#busy = true
    coder.flush(kind, () => {
      this.#busy = false
      this.#notify()
    })
  }

  #finish(coder: Coder): void {
    if (this.#finishing) return
    this.#finishing = true
    coder.end()
  }

  #check(coder: Coder): void {
    try {
      this.#rules.onTaken?.(coder.bytesWritten, this.#written)
    } catch (error) {
      this.#fail(error)
    }
  }

  #pull(): void {
    if (this.#pulling || this.#released) return
    this.#pulling = true
    this.#nextPiece().then(
      ({ done, value }) => {
        this.#pulling = false
        this.#released ||= done === true
        if (done) this.#sourceEnded = true
        else this.#accept(value)
        if (this.#busy && this.#heldBytes < GATHERED_BYTES) this.#pull()
        this.#notify()
      },
      (error) => this.#fail(error),
    )
  }

  // Async, so that a source may return synchronously or throw.
  async #nextPiece(): Promise<IteratorResult<unknown>> {
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
      // Copied, because the coder reads it on another thread, and the app may reuse its memory by then.
      const bytes = Buffer.from(piece as string)
      if (bytes.length > 0) this.#held.push(bytes)
      this.#heldBytes += bytes.length
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#notify()
  }

  /** Destroys the coder and cancels the source. */
  #end(reason?: unknown): unknown {
    this.#failure = undefined
    this.#ended = true
    this.#coder?.destroy()
    this.#slice?.return()
    if (!this.#released) this.#source.cancel(reason)
    this.#released = true
    return reason
  }

  #notify(): void {
    this.#changed = true
    this.#wake?.()
    this.#wake = undefined
  }
}
