import { AsyncResource } from 'node:async_hooks'
import type { AbortListener, AbortListeners } from '../exchange/abort_listeners.js'
import type { Lender } from '../exchange/body_changed.js'
import type { Exchange } from '../exchange/exchange.js'
import type { FileSlice } from '../exchange/file_slice.js'
import { FLAG_CHUNK_ASKS, FLAG_CHUNK_END } from '../exchange/layout.js'
import type { Recipient } from '../exchange/recipient.js'
import { clientGone } from '../request/client_gone.js'
import { Pace } from '../runtime/pace.js'
import { isPromise } from '../runtime/promises.js'
import { timers } from '../runtime/timers.js'
import { type BodySource, chunkOf } from '../streams/body_source.js'
import type { SentInPieces } from './own_answer.js'
import { lengthMismatch } from './reply_head.js'

/** How many bytes are sent before the stream waits until the client has taken some. */
const WINDOW = 128 * 1024
/** How long the head waits for the first piece. An error before that can still be answered. */
export const HEAD_WAIT_MS = 100
/** After how many pieces the clock is read. */
const PIECES = 16

/** What a stream needs of its server. */
export interface StreamSurroundings {
  readonly exchange: Exchange
  readonly streams: AbortListeners<SentInPieces>
  /** Sends the head. */
  readonly begin: () => void
  /** Whether the head is sent without waiting for the first piece. */
  readonly isPrompt: boolean
  /**
   * Called with an error of the source before anything was sent. The stream is over, and another response can be
   * sent.
   */
  readonly failed: (error: unknown) => void
  /** Called with an error of the source after the head was sent. */
  readonly report: (error: unknown) => void
  /** Called when the client has left before the last piece, before `done`. */
  readonly left: () => void
  /** The object to notify, also after the response, when memory that is still being sent was changed. */
  readonly lender: () => Lender
  /** Called when the last byte was handed to the native code, or never will be. */
  readonly done: () => void
  /** Returns the trailer section as checked field lines. Called when the body is complete. */
  readonly trailers: () => string
}

/** Sends a streamed body from its source to a client, with backpressure. */
export class ReplyStream implements SentInPieces {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  nextListener: AbortListener | undefined
  readonly #source: BodySource
  readonly #length: number | undefined
  readonly #surroundings: StreamSurroundings
  // The async context of the request: events of the client arrive in the server's own context.
  readonly #context = new AsyncResource('BRINK_STREAM')
  readonly #pace = new Pace()
  #pieces = 0
  #sent = 0
  #sentSinceDrain = 0
  #begun = false
  #headTimer: NodeJS.Timeout | undefined
  #ended = false
  #drained: (() => void) | undefined
  #lender: Lender | undefined

  /**
   * @param length the `content-length` of the head, if it has one
   */
  constructor(to: Recipient, source: BodySource, length: number | undefined, surroundings: StreamSurroundings) {
    this.slot = to.slot
    this.generation = to.generation
    this.sequence = to.sequence
    this.#source = source
    this.#length = length
    this.#surroundings = surroundings
  }

  /** Begins to send. Never throws or rejects. */
  start(): void {
    this.#surroundings.streams.add(this)
    void this.#run()
  }

  /** The client has taken enough of the output: continue. */
  drained(): void {
    this.#drained?.()
  }

  lender(): Lender {
    this.#lender ??= this.#surroundings.lender()
    return this
  }

  bodyChanged(error: Error): void {
    this.#lender?.bodyChanged(error)
    this.#stop(error)
  }

  clientGone(half: boolean): void {
    if (half) return
    this.#surroundings.left()
    this.#context.runInAsyncScope(this.#stop, this, clientGone())
  }

  async #run(): Promise<void> {
    this.#pace.restart()
    try {
      for (;;) {
        const next = this.#source.next()
        if (!this.#begun && isPromise(next)) this.#scheduleBegin()
        const { done, value } = isPromise(next) ? await next : next
        if (this.#ended) return
        if (done) break
        if (this.#send(chunkOf(value))) await this.#waitForDrain()
        // A source that always has a next piece, even an empty one, must not block the event loop.
        this.#pieces += 1
        if (this.#pieces % PIECES === 0 && this.#pace.look()) await this.#yieldToEventLoop()
        if (this.#ended) return
      }
      this.#checkEnd()
      const trailers = this.#surroundings.trailers()
      this.#begin()
      this.#surroundings.exchange.chunk(this, FLAG_CHUNK_END, trailers, undefined)
      this.#finish()
    } catch (error) {
      this.#failed(error)
    }
  }

  #begin(): void {
    if (this.#begun) return
    this.#surroundings.begin()
    this.#begun = true
    timers.clearTimeout(this.#headTimer)
  }

  #scheduleBegin(): void {
    if (this.#surroundings.isPrompt) this.#begin()
    else this.#headTimer ??= timers.setTimeout(this.#beginWithoutPiece, HEAD_WAIT_MS)
  }

  readonly #beginWithoutPiece = (): void => {
    try {
      this.#begin()
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (this.#ended) return
    const { exchange, report, failed } = this.#surroundings
    if (this.#begun) {
      exchange.abort(this)
      report(error)
      return this.#stop(error)
    }
    this.#detach()
    this.#source.cancel(error)
    failed(error)
  }

  /** Sends a piece. Returns true when the next one must wait for the client. */
  #send(piece: string | Uint8Array | FileSlice): boolean {
    const size = typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length
    this.#sent += size
    if (this.#length !== undefined && this.#sent > this.#length) throw lengthMismatch(this.#length, 'more')
    this.#begin()
    this.#sentSinceDrain += size
    const asks = this.#sentSinceDrain >= WINDOW
    if (asks) this.#sentSinceDrain = 0
    if (size === 0) return asks
    const { exchange } = this.#surroundings
    if (this.#source.reusesPieces) exchange.copiedChunk(this, asks ? FLAG_CHUNK_ASKS : 0, '', piece)
    else exchange.chunk(this, asks ? FLAG_CHUNK_ASKS : 0, '', piece)
    return asks
  }

  #waitForDrain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = () => {
        this.#drained = undefined
        resolve()
      }
    })
  }

  /** Lets the event loop run. */
  async #yieldToEventLoop(): Promise<void> {
    await new Promise<void>((resolve) => timers.setImmediate(resolve))
    this.#pace.restart()
  }

  #checkEnd(): void {
    if (this.#length !== undefined && this.#sent < this.#length) throw lengthMismatch(this.#length, 'less')
  }

  #stop(reason: unknown): void {
    if (this.#ended) return
    this.#finish()
    this.#source.cancel(reason)
    this.#drained?.()
  }

  #finish(): void {
    this.#detach()
    this.#surroundings.done()
  }

  #detach(): void {
    this.#ended = true
    timers.clearTimeout(this.#headTimer)
    this.#surroundings.streams.remove(this)
  }
}
