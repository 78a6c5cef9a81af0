import type { AbortListener, AbortListeners } from '../exchange/abort_listeners.js'
import { BODY_WINDOW } from '../exchange/layout.js'
import { HttpError } from '../fields/http_error.js'
import { coded } from '../runtime/errors.js'
import { clientGone } from './client_gone.js'

/** What a body that is still coming needs of whoever reads the connection. */
export interface BodySource {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  /** Above this the request is answered with 413. */
  readonly limit: number
  /** So many more bytes are wanted. */
  readonly read: (bytes: number) => void
  /** Those who are told of what comes. */
  readonly bodies: AbortListeners<IncomingBody>
}

/** Smaller pieces are put together: as Buffers of their own they would cost many times what is in them. */
const SMALL = 1024
const LEAST_ROOM = 256
const MOST_ROOM = 16 * 1024

/** The most that is asked for at a time by whoever wants all. */
const ALL = 0x7fffffff

/** A request's body that had not arrived whole when its request did. Bytes are asked for as they are taken. */
export class IncomingBody implements AbortListener {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  nextListener: AbortListener | undefined
  /** The trailer section: complete field lines. */
  trailers = ''
  readonly #limit: number
  readonly #read: (bytes: number) => void
  readonly #bodies: AbortListeners<IncomingBody>
  #waiting: Buffer[] = []
  /** Small pieces, put together: what is not taken yet lies from `#begin` to `#end`, behind all that waits. */
  #room: Buffer | undefined
  #begin = 0
  #end = 0
  #received = 0
  #ended = false
  #failure: { readonly error: unknown } | undefined
  /** Called once, when more has come, or no more will. */
  #wake: (() => void) | undefined
  #whole: Promise<Buffer> | undefined
  #streamed = false

  /** It is among the `bodies` until nothing more is to come. */
  constructor({ slot, generation, sequence, limit, read, bodies }: BodySource) {
    this.slot = slot
    this.generation = generation
    this.sequence = sequence
    this.#limit = limit
    this.#read = read
    this.#bodies = bodies
    bodies.add(this)
  }

  /** More has come. The bytes must be the body's own. */
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

  /** Why it will never be complete. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** Asks for as many bytes as come unasked over a socket. */
  askAhead(): void {
    this.#read(BODY_WINDOW)
  }

  /** Calls back when it is complete or never will be, or so much of it has come that it is better taken as it arrives. */
  whenReady(ready: () => void): void {
    if (this.#ended || this.#failure !== undefined || this.#received >= BODY_WINDOW) return ready()
    this.#wake = () => this.whenReady(ready)
  }

  /** The whole body. */
  whole(): Promise<Buffer> {
    if (this.#streamed && this.#whole === undefined) return Promise.reject(alreadyUsed())
    this.#whole ??= this.#gather()
    return this.#whole
  }

  /** The body as it arrives. No more is read from the client than is taken. */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    if (this.#whole !== undefined) {
      // What was gathered belongs to those who asked for it.
      const all = Buffer.from(await this.#whole)
      if (all.length > 0) yield all
      return
    }
    if (this.#streamed) throw alreadyUsed()
    this.#streamed = true
    // What has come was not asked for; so much more may be on its way at any time.
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

/** The body is larger than its route takes. What of it is still to come cannot be told from a next request. */
export function tooLarge(): HttpError {
  return new HttpError(413, undefined, { headers: { connection: 'close' } })
}

export function alreadyUsed(): Error {
  return coded(
    new TypeError('The body of this request was taken already: a stream of it can be read once.'),
    'ERR_BODY_USED',
  )
}
