import type { AbortListener, AbortListeners } from '../exchange/abort_listeners.js'
import { BODY_WINDOW } from '../exchange/layout.js'
import { HttpError } from '../fields/http_error.js'
import { coded } from '../runtime/errors.js'
import { clientGone } from './client_gone.js'

/** What a body that is still arriving needs of its connection. */
export interface BodySource {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  /** The maximum size in bytes. A larger body gets 413. */
  readonly limit: number
  /** Requests that many more bytes. */
  readonly read: (bytes: number) => void
  /** The bodies that are told when bytes arrive. */
  readonly bodies: AbortListeners<IncomingBody>
}

/** Smaller chunks are merged: a Buffer for each would cost many times its content. */
const SMALL = 1024
const MIN_MERGED = 256
const MAX_MERGED = 16 * 1024

/** Requests all bytes of a body at once. */
const ALL = 0x7fffffff

/** A request body that had not arrived completely with its head. Bytes are requested as they are consumed. */
export class IncomingBody implements AbortListener {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  nextListener: AbortListener | undefined
  /** The trailer section, as complete field lines. */
  trailers = ''
  readonly #limit: number
  readonly #read: (bytes: number) => void
  readonly #bodies: AbortListeners<IncomingBody>
  #waiting: Buffer[] = []
  /** Merged small chunks. What is not consumed yet lies from `#begin` to `#end`, after the chunks in `#waiting`. */
  #merged: Buffer | undefined
  #begin = 0
  #end = 0
  #received = 0
  #ended = false
  #failure: { readonly error: unknown } | undefined
  /** Called once, when more bytes have arrived, or none will. */
  #wake: (() => void) | undefined
  #whole: Promise<Buffer> | undefined
  #isUsed = false
  #observer: ((bytes: Buffer) => void) | undefined

  /** The body is registered in `bodies` until it has ended or failed. */
  constructor({ slot, generation, sequence, limit, read, bodies }: BodySource) {
    this.slot = slot
    this.generation = generation
    this.sequence = sequence
    this.#limit = limit
    this.#read = read
    this.#bodies = bodies
    bodies.add(this)
  }

  /** Adds bytes that have arrived. They must not be changed afterwards. */
  push(bytes: Buffer): void {
    if (this.#ended || this.#failure !== undefined) return
    this.#received += bytes.length
    this.#observer?.(bytes)
    if (this.#received > this.#limit) return this.fail(tooLarge())
    if (bytes.length >= SMALL) {
      this.#closeMerged()
      this.#waiting.push(bytes)
    } else if (bytes.length > 0) this.#merge(bytes)
    this.#notify()
  }

  end(trailers: string): void {
    this.trailers = trailers
    this.#ended = true
    this.#bodies.remove(this)
    this.#notify()
  }

  fail(error: unknown): void {
    if (this.#ended || this.#failure !== undefined) return
    this.#failure = { error }
    this.#waiting = []
    this.#merged = undefined
    this.#bodies.remove(this)
    this.#notify()
  }

  clientGone(): void {
    this.fail(clientGone())
  }

  /** The error that ended the body; undefined while it can still be completed. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** Shows an observer what has arrived and is not consumed yet, and what arrives. It copies what it keeps. */
  observe(observer: (bytes: Buffer) => void): void {
    this.#observer = observer
    for (const bytes of this.#waiting) observer(bytes)
    if (this.#merged !== undefined) observer(this.#merged.subarray(this.#begin, this.#end))
  }

  /** Asks for as many bytes as a client sends without being asked. */
  askAhead(): void {
    this.#read(BODY_WINDOW)
  }

  /** Calls `ready` when the body is complete or failed, or when it is too large to wait for. */
  whenReady(ready: () => void): void {
    if (this.#ended || this.#failure !== undefined || this.#received >= BODY_WINDOW) return ready()
    this.#wake = () => this.whenReady(ready)
  }

  /** Resolves to the whole body. */
  whole(): Promise<Buffer> {
    if (this.#isUsed && this.#whole === undefined) return Promise.reject(alreadyUsed())
    this.#whole ??= this.#gather()
    return this.#whole
  }

  /** The chunks of the body as they arrive, with backpressure. */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    if (this.#whole !== undefined) {
      // The gathered bytes belong to the first caller, so this one gets a copy.
      const all = Buffer.from(await this.#whole)
      if (all.length > 0) yield all
      return
    }
    if (this.#isUsed) throw alreadyUsed()
    this.#isUsed = true
    // The bytes that arrive before the first read were not requested; this allows as many to be in flight.
    this.#read(BODY_WINDOW)
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      const chunk = this.#next()
      if (chunk !== undefined) {
        yield chunk
        this.#read(chunk.length)
      } else if (this.#ended) return
      else await this.#waitForMore()
    }
  }

  async #gather(): Promise<Buffer> {
    this.#isUsed = true
    let requested = 0
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#ended) break
      if (requested <= this.#received) {
        requested += ALL
        this.#read(ALL)
      }
      await this.#waitForMore()
    }
    this.#closeMerged()
    const [only, ...others] = this.#waiting
    this.#waiting = []
    if (only === undefined) return Buffer.alloc(0)
    return others.length === 0 ? only : Buffer.concat([only, ...others])
  }

  #next(): Buffer | undefined {
    if (this.#waiting.length === 0) this.#takeMerged()
    return this.#waiting.shift()
  }

  #merge(bytes: Buffer): void {
    if (this.#merged === undefined || this.#end + bytes.length > this.#merged.length) {
      const size = Math.min(MAX_MERGED, Math.max(MIN_MERGED, 2 * (this.#merged?.length ?? 0), bytes.length))
      this.#closeMerged()
      this.#merged = Buffer.allocUnsafeSlow(size)
    }
    this.#merged.set(bytes, this.#end)
    this.#end += bytes.length
  }

  #takeMerged(): void {
    if (this.#merged === undefined || this.#begin === this.#end) return
    this.#waiting.push(this.#merged.subarray(this.#begin, this.#end))
    this.#begin = this.#end
  }

  #closeMerged(): void {
    this.#takeMerged()
    this.#merged = undefined
    this.#begin = this.#end = 0
  }

  #waitForMore(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

/**
 * The error for a body above the limit. The rest of it cannot be told from a next request, so the connection is
 * closed.
 */
export function tooLarge(): HttpError {
  return new HttpError(413, undefined, { headers: { connection: 'close' } })
}

export function alreadyUsed(): Error {
  return coded(
    new TypeError('The body of this request was already read, or is being read: it can be read only once.'),
    'ERR_BODY_USED',
  )
}
