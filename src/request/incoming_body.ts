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
const LEAST_ROOM = 256
const MOST_ROOM = 16 * 1024

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
  #room: Buffer | undefined
  #begin = 0
  #end = 0
  #received = 0
  #ended = false
  #failure: { readonly error: unknown } | undefined
  /** Called once, when more bytes have arrived, or none will. */
  #wake: (() => void) | undefined
  #whole: Promise<Buffer> | undefined
  #streamed = false

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
    if (this.#received > this.#limit) return this.fail(tooLarge())
    if (bytes.length >= SMALL) {
      this.#closeRoom()
      this.#waiting.push(bytes)
    } else if (bytes.length > 0) this.#gatherSmall(bytes)
    this.#awaken()
  }

  end(trailers: string): void {
    this.trailers = trailers
    this.#ended = true
    this.#bodies.remove(this)
    this.#awaken()
  }

  fail(error: unknown): void {
    if (this.#ended || this.#failure !== undefined) return
    this.#failure = { error }
    this.#waiting = []
    this.#room = undefined
    this.#bodies.remove(this)
    this.#awaken()
  }

  clientGone(): void {
    this.fail(clientGone())
  }

  /** The error that ended the body; undefined while it can still be completed. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** Calls `ready` when the body is complete or failed, or when it is too large to wait for. */
  whenReady(ready: () => void): void {
    if (this.#ended || this.#failure !== undefined || this.#received >= BODY_WINDOW) return ready()
    this.#wake = () => this.whenReady(ready)
  }

  /** Resolves to the whole body. */
  whole(): Promise<Buffer> {
    if (this.#streamed && this.#whole === undefined) return Promise.reject(alreadyUsed())
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
    if (this.#streamed) throw alreadyUsed()
    this.#streamed = true
    // The bytes that arrive before the first read were not requested; this allows as many to be in flight.
    this.#read(BODY_WINDOW)
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      const chunk = this.#next()
      if (chunk !== undefined) {
        yield chunk
        this.#read(chunk.length)
      } else if (this.#ended) return
      else await this.#more()
    }
  }

  async #gather(): Promise<Buffer> {
    this.#streamed = true
    let asked = 0
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#ended) break
      if (asked <= this.#received) {
        asked += ALL
        this.#read(ALL)
      }
      await this.#more()
    }
    this.#closeRoom()
    const [only, ...others] = this.#waiting
    this.#waiting = []
    if (only === undefined) return Buffer.alloc(0)
    return others.length === 0 ? only : Buffer.concat([only, ...others])
  }

  #next(): Buffer | undefined {
    if (this.#waiting.length === 0) this.#takeGathered()
    return this.#waiting.shift()
  }

  #gatherSmall(bytes: Buffer): void {
    if (this.#room === undefined || this.#end + bytes.length > this.#room.length) {
      const size = Math.min(MOST_ROOM, Math.max(LEAST_ROOM, 2 * (this.#room?.length ?? 0), bytes.length))
      this.#closeRoom()
      this.#room = Buffer.allocUnsafeSlow(size)
    }
    this.#room.set(bytes, this.#end)
    this.#end += bytes.length
  }

  #takeGathered(): void {
    if (this.#room === undefined || this.#begin === this.#end) return
    this.#waiting.push(this.#room.subarray(this.#begin, this.#end))
    this.#begin = this.#end
  }

  #closeRoom(): void {
    this.#takeGathered()
    this.#room = undefined
    this.#begin = this.#end = 0
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #awaken(): void {
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
