import { type BodySource, chunkOf } from './body_source.js'
import { clientGone } from './client_gone.js'
import { coded } from './errors.js'
import type { Exchange } from './exchange.js'
import type { FileSlice } from './file_slice.js'
import { FLAG_CHUNK_ASKS, FLAG_CHUNK_END } from './layout.js'
import type { Parties, Party } from './parties.js'
import { isPromise } from './reply.js'
import type { Recipient } from './request.js'

/** So many bytes are handed over before the next ones wait for the client to take some. */
const WINDOW = 128 * 1024

/** What a stream needs of the server. */
export interface StreamSurroundings {
  readonly exchange: Exchange
  readonly streams: Parties<ReplyStream>
  /** Told of what a source threw when its answer had begun. */
  readonly report: (error: unknown) => void
  /** The last byte was handed over, or never will be. */
  readonly done: () => void
  /** The trailer section, when the body is complete: field lines, checked. */
  readonly trailers: () => string
}

/** The body of an answer, on its way from its source to a client, no faster than the client takes it. */
export class ReplyStream implements Party {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  nextParty: Party | undefined
  readonly #source: BodySource
  readonly #length: number | undefined
  readonly #surroundings: StreamSurroundings
  #sent = 0
  #unasked = 0
  #over = false
  #drained: (() => void) | undefined

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

  clientGone(half: boolean): void {
    if (half) return
    this.#stop(clientGone())
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const given = this.#source.next()
        const { done, value } = isPromise(given) ? await given : given
        if (this.#over) return
        if (done) break
        if (this.#send(chunkOf(value))) await this.#room()
        if (this.#over) return
      }
      this.#checkEnd()
      this.#surroundings.exchange.chunk(this, FLAG_CHUNK_END, this.#surroundings.trailers(), undefined)
      this.#finish()
    } catch (error) {
      if (this.#over) return
      this.#surroundings.exchange.abort(this)
      this.#surroundings.report(error)
      this.#stop(error)
    }
  }

  /** True when the next piece has to wait. */
  #send(piece: string | Uint8Array | FileSlice): boolean {
    const size = typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length
    this.#sent += size
    if (this.#length !== undefined && this.#sent > this.#length) throw lengthMismatch(this.#length, 'more')
    this.#unasked += size
    const asks = this.#unasked >= WINDOW
    if (asks) this.#unasked = 0
    this.#surroundings.exchange.chunk(this, asks ? FLAG_CHUNK_ASKS : 0, '', piece)
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
    this.#over = true
    this.#surroundings.streams.remove(this)
    this.#surroundings.done()
  }
}

function lengthMismatch(length: number, what: 'more' | 'less'): Error {
  return coded(
    new Error(`The content-length of the reply says ${length} bytes, but its stream gave ${what}.`),
    'ERR_CONTENT_LENGTH_MISMATCH',
  )
}
