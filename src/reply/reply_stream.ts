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
import { lengthMismatch } from './reply_head.js'

/** So many bytes are handed over before the next ones wait for the client to take some. */
const WINDOW = 128 * 1024
/** So long may a first piece keep the head waiting: what fails meanwhile can still be answered for. */
export const HEAD_WAIT_MS = 100
/** Behind so many pieces it is looked at how long they took. */
const PIECES = 16

/** What a stream needs of the server. */
export interface StreamSurroundings {
  readonly exchange: Exchange
  readonly streams: AbortListeners<ReplyStream>
  /** Sends the head. */
  readonly begin: () => void
  /** The head does not wait for the first piece. */
  readonly isPrompt: boolean
  /** Told of what a source threw before anything was sent. It is over then, and something else can be answered. */
  readonly failed: (error: unknown) => void
  /** Told of what a source threw when its answer had begun. */
  readonly report: (error: unknown) => void
  /** Who is told, also when its answer is over, that memory of it has changed before it was sent. */
  readonly lender: () => Lender
  /** The last byte was handed over, or never will be. */
  readonly done: () => void
  /** The trailer section, when the body is complete: field lines, checked. */
  readonly trailers: () => string
}

/** The body of an answer, on its way from its source to a client, no faster than the client takes it. */
export class ReplyStream implements AbortListener {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  nextListener: AbortListener | undefined
  readonly #source: BodySource
  readonly #length: number | undefined
  readonly #surroundings: StreamSurroundings
  // That of its request: what is told of the client comes from the native side.
  readonly #context = new AsyncResource('BRINK_STREAM')
  readonly #pace = new Pace()
  #pieces = 0
  #sent = 0
  #unasked = 0
  #begun = false
  #late: NodeJS.Timeout | undefined
  #over = false
  #drained: (() => void) | undefined
  #lender: Lender | undefined

  /** `length`: what the answer's head said, if it did. */
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

  /** There is room for more. */
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
    this.#context.runInAsyncScope(this.#stop, this, clientGone())
  }

  async #run(): Promise<void> {
    this.#pace.restart()
    try {
      for (;;) {
        const given = this.#source.next()
        if (!this.#begun && isPromise(given)) this.#beginSoon()
        const { done, value } = isPromise(given) ? await given : given
        if (this.#over) return
        if (done) break
        if (this.#send(chunkOf(value))) await this.#room()
        // A source that always has more, be it nothing, must not keep the process from everything else.
        this.#pieces += 1
        if (this.#pieces % PIECES === 0 && this.#pace.look()) await this.#turn()
        if (this.#over) return
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
    timers.clearTimeout(this.#late)
  }

  #beginSoon(): void {
    if (this.#surroundings.isPrompt) this.#begin()
    else this.#late ??= timers.setTimeout(this.#beginLate, HEAD_WAIT_MS)
  }

  readonly #beginLate = (): void => {
    try {
      this.#begin()
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (this.#over) return
    const { exchange, report, failed } = this.#surroundings
    if (this.#begun) {
      exchange.abort(this)
      report(error)
      return this.#stop(error)
    }
    this.#leave()
    this.#source.cancel(error)
    failed(error)
  }

  /** True when the next piece has to wait. */
  #send(piece: string | Uint8Array | FileSlice): boolean {
    const size = typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length
    this.#sent += size
    if (this.#length !== undefined && this.#sent > this.#length) throw lengthMismatch(this.#length, 'more')
    this.#begin()
    this.#unasked += size
    const asks = this.#unasked >= WINDOW
    if (asks) this.#unasked = 0
    if (size === 0) return asks
    const { exchange } = this.#surroundings
    if (this.#source.reusesPieces) exchange.copiedChunk(this, asks ? FLAG_CHUNK_ASKS : 0, '', piece)
    else exchange.chunk(this, asks ? FLAG_CHUNK_ASKS : 0, '', piece)
    return asks
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = () => {
        this.#drained = undefined
        resolve()
      }
    })
  }

  /** Others have their turn. */
  async #turn(): Promise<void> {
    await new Promise<void>((resolve) => timers.setImmediate(resolve))
    this.#pace.restart()
  }

  #checkEnd(): void {
    if (this.#length !== undefined && this.#sent < this.#length) throw lengthMismatch(this.#length, 'less')
  }

  #stop(reason: unknown): void {
    if (this.#over) return
    this.#finish()
    this.#source.cancel(reason)
    this.#drained?.()
  }

  #finish(): void {
    this.#leave()
    this.#surroundings.done()
  }

  #leave(): void {
    this.#over = true
    timers.clearTimeout(this.#late)
    this.#surroundings.streams.remove(this)
  }
}
