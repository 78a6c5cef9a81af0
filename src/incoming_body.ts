import { clientGone } from './client_gone.js'
import { coded, HttpError } from './errors.js'
import { BODY_WINDOW } from './layout.js'
import type { Party } from './parties.js'

/** What a body that is still coming needs of whoever reads the connection. */
export interface BodySource {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  /** Above this the request is answered with 413. */
  readonly limit: number
  /** So many more bytes are wanted. */
  readonly read: (bytes: number) => void
}

/** The most that is asked for at a time by whoever wants all. */
const ALL = 0x7fffffff

/** A request's body that had not arrived whole when its request did. Bytes are asked for as they are taken. */
export class IncomingBody implements Party {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  nextParty: Party | undefined
  /** The trailer section: complete field lines. */
  trailers = ''
  readonly #limit: number
  readonly #read: (bytes: number) => void
  #waiting: Buffer[] = []
  #received = 0
  #ended = false
  #failure: { readonly error: unknown } | undefined
  /** Called once, when more has come, or no more will. */
  #wake: (() => void) | undefined
  #whole: Promise<Buffer> | undefined
  #streamed = false

  constructor({ slot, generation, sequence, limit, read }: BodySource) {
    this.slot = slot
    this.generation = generation
    this.sequence = sequence
    this.#limit = limit
    this.#read = read
  }

  /** More has come. The bytes must be the body's own. */
  push(bytes: Buffer): void {
    if (this.#ended || this.#failure !== undefined) return
    this.#received += bytes.length
    if (this.#received > this.#limit) return this.fail(tooLarge())
    if (bytes.length > 0) this.#waiting.push(bytes)
    this.#awaken()
  }

  end(trailers: string): void {
    this.trailers = trailers
    this.#ended = true
    this.#awaken()
  }

  fail(error: unknown): void {
    if (this.#ended || this.#failure !== undefined) return
    this.#failure = { error }
    this.#waiting = []
    this.#awaken()
  }

  clientGone(): void {
    this.fail(clientGone())
  }

  /** Why it will never be complete. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
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
    if (this.#streamed || this.#whole !== undefined) throw alreadyUsed()
    this.#streamed = true
    // What has come was not asked for; so much more may be on its way at any time.
    this.#read(BODY_WINDOW)
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      const chunk = this.#waiting.shift()
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
    const [only, ...others] = this.#waiting
    this.#waiting = []
    if (only === undefined) return Buffer.alloc(0)
    return others.length === 0 ? only : Buffer.concat([only, ...others])
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
