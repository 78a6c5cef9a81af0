import type { BrotliCompress, BrotliDecompress, Deflate, Gunzip, Gzip, Inflate } from 'node:zlib'
import type { ChunkSource } from './chunk_source.js'

/** One of zlib's streams. */
export type Coder = BrotliCompress | BrotliDecompress | Deflate | Gunzip | Gzip | Inflate

/** How a `CodingStream` is to go about it. What the functions throw ends the stream, and is its error. */
export interface CodingRules {
  /** zlib's kind of flush, for whenever the source has nothing more for the moment. Default: not before its end. */
  readonly flush?: number
  /** The bytes of a piece of the source. Default: it must be bytes or a string. */
  readonly bytesOf?: (piece: unknown) => Uint8Array | string
  /** Told of how many bytes the coder has taken, out of those that it was given. */
  readonly onTaken?: (taken: number, given: number) => void
  /** Told of the size of each piece that comes out. */
  readonly onPiece?: (bytes: number) => void
  /** What an error of the coder is to those who read. */
  readonly translate?: (error: Error) => unknown
}

/**
 * What comes out of a zlib coder that a source is fed into. Nothing is fed before somebody waits for what comes out, and
 * one piece of the source at the most is held, so a slow reader holds back the source.
 *
 * Whoever stops early calls `return()`: the coder is destroyed and the source cancelled at once, also while a `next()`
 * is pending. One `next()` at a time.
 */
export class CodingStream implements AsyncIterableIterator<Uint8Array> {
  readonly #source: ChunkSource
  readonly #make: () => Coder
  readonly #rules: CodingRules
  // Made when it is first needed: it costs some hundred kilobytes.
  #coder: Coder | undefined
  #pulling = false
  #piece: Uint8Array | string | undefined
  #given = 0
  // A write or a flush is under way.
  #busy = false
  #unflushed = false
  #sourceEnded = false
  #finishing = false
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #stirred = false
  #wake: (() => void) | undefined

  constructor(source: ChunkSource, make: () => Coder, rules: CodingRules = {}) {
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
      if (this.#ended) return { done: true, value: undefined }
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
    if (this.#piece !== undefined) this.#write(this.#coder, this.#piece)
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

  #write(coder: Coder, piece: Uint8Array | string): void {
    this.#piece = undefined
    this.#busy = true
    this.#given += piece.length
    coder.write(piece, () => {
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
    if (this.#pulling || this.#sourceEnded) return
    this.#pulling = true
    this.#source.next().then(
      ({ done, value }) => {
        this.#pulling = false
        if (done) this.#sourceEnded = true
        else this.#accept(value)
        this.#stir()
      },
      (error) => this.#fail(error),
    )
  }

  #accept(value: unknown): void {
    try {
      const piece = this.#rules.bytesOf?.(value) ?? (value as Uint8Array | string)
      // An empty write would count as one that has to be flushed.
      if (piece.length > 0) this.#piece = piece
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#stir()
  }

  /** Lets go of the coder and the source. */
  #end(error?: unknown): unknown {
    this.#failure = undefined
    this.#coder?.destroy()
    if (!this.#ended || !this.#sourceEnded) this.#source.cancel()
    this.#ended = true
    return error
  }

  #stir(): void {
    this.#stirred = true
    this.#wake?.()
    this.#wake = undefined
  }
}
