// The body of a request, in the ways in which it can be taken: whole, or as it arrives; decoded either way.
import { HttpError } from '../fields/http_error.js'
import { isJson, parseMediaType } from '../fields/media_type.js'
import { readForm } from '../forms/form_data.js'
import type { FormLimits } from '../forms/form_limits.js'
import { messageOf } from '../runtime/errors.js'
import { alreadyUsed, type IncomingBody } from './incoming_body.js'
import { inflated, inflatedWhole } from './inflation.js'

const BYTE_ORDER_MARK = 0xfeff

/** The request that a body is of. */
export interface BodyOwner {
  readonly headers: { get(name: string): string | null }
  /** What is still coming; undefined when the body arrived with its request. */
  readonly incoming: IncomingBody | undefined
  /** The most bytes that it may be, also decoded. */
  readonly bodyLimit: number
  /** The bytes that arrived with the request, which belong to the block. */
  arrived(): Buffer
  /** Throws `ERR_REQUEST_ENDED` when the request was answered. */
  event(): unknown
}

export class RequestBody {
  readonly #owner: BodyOwner
  #stream: ReadableStream<Uint8Array> | undefined
  /** What `stream` is read from, once it is. */
  #pieces: AsyncGenerator<Uint8Array, void, undefined> | undefined
  #decoded: Promise<Buffer> | undefined
  #isTaken = false

  constructor(owner: BodyOwner) {
    this.#owner = owner
  }

  get hasStream(): boolean {
    return this.#stream !== undefined
  }

  get stream(): ReadableStream<Uint8Array> {
    if (this.#stream !== undefined) return this.#stream
    // To look at it uses nothing up: its pieces are taken when it is read or cancelled.
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      this.#pieces ??= this.#take()
      const { done, value } = await this.#pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    }
    const cancel = () => {
      this.#pieces ??= this.#take()
      void this.#pieces.return(undefined)
    }
    this.#stream = new ReadableStream<Uint8Array>({ pull, cancel }, { highWaterMark: 0 })
    return this.#stream
  }

  chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#isLocked) throw alreadyUsed()
    return this.#take()
  }

  text(): Promise<string> {
    return handled(this.#text())
  }

  json<T>(): Promise<T> {
    return handled(this.#json<T>())
  }

  bytes(): Promise<Uint8Array> {
    return handled(this.#bytes())
  }

  formData(limits?: FormLimits): Promise<FormData> {
    return handled(this.#formData(limits))
  }

  /** It is not to be had here: it belongs to another request object. */
  markTaken(): void {
    this.#isTaken = true
  }

  /** The request was answered. Who has a reader has begun to take what has arrived, though it is asked for later. */
  end(): void {
    if (this.#isLocked && !this.#isTaken) this.#pieces ??= this.#take()
  }

  /** What has arrived is read at once: before an `await` goes on, its block may be used again. */
  async #text(): Promise<string> {
    const whole = this.#whole()
    return textOf(whole instanceof Promise ? await whole : whole)
  }

  async #json<T>(): Promise<T> {
    const contentType = this.#owner.headers.get('content-type')
    if (contentType !== null) {
      const type = parseMediaType(contentType)
      if (type === undefined || !isJson(type)) throw new HttpError(415, 'The body must be application/json.')
    }
    const text = await this.#text()
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      const what = text === '' ? 'it is empty' : messageOf(cause)
      throw new HttpError(400, `The body is not valid JSON: ${what}`, { cause, code: 'ERR_INVALID_JSON' })
    }
  }

  async #bytes(): Promise<Uint8Array> {
    const whole = this.#whole()
    return new Uint8Array(whole instanceof Promise ? await whole : whole)
  }

  async #formData(limits?: FormLimits): Promise<FormData> {
    return readForm(this.#owner.headers.get('content-type'), this.chunks(), limits)
  }

  #take(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#owner.event()
    if (this.#decoded !== undefined) return copyOf(this.#decoded)
    const { incoming, headers, bodyLimit } = this.#owner
    if (this.#isTaken) throw alreadyUsed()
    const sent = incoming?.chunks() ?? piecesOf(new Uint8Array(this.#owner.arrived()))
    this.#isTaken = true
    const codings = headers.get('content-encoding')
    return codings === null ? sent : decoded(codings, sent, bodyLimit)
  }

  #whole(): Buffer | Promise<Buffer> {
    this.#owner.event()
    if (this.#isLocked) throw alreadyUsed()
    if (this.#isTaken) {
      if (this.#decoded !== undefined) return this.#decoded
      throw alreadyUsed()
    }
    const { incoming, headers } = this.#owner
    const codings = headers.get('content-encoding')
    if (codings !== null) {
      this.#decoded = incoming === undefined ? this.#decodedWhole(codings) : gathered(this.#take())
      return this.#decoded
    }
    return incoming === undefined ? this.#owner.arrived() : incoming.whole()
  }

  /** What has arrived whole is mostly small, and need not be taken through a stream. */
  async #decodedWhole(codings: string): Promise<Buffer> {
    this.#isTaken = true
    const { bodyLimit } = this.#owner
    // The block is used again while it is decoded.
    return inflatedWhole(codings, Buffer.from(this.#owner.arrived()), bodyLimit)
  }

  /** Somebody has a reader of the stream, and may have read nothing yet. */
  get #isLocked(): boolean {
    return this.#stream?.locked === true
  }
}

/** Who awaits it sees the error. A handler that failed before it did must not end the process with it. */
function handled<T>(body: Promise<T>): Promise<T> {
  body.catch(() => {})
  return body
}

/** Codings are undone as the body is read, within a limit; one that is not supported is an error then. */
async function* decoded(
  codings: string,
  sent: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* inflated(codings, sent, limit)
}

async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

/** What was gathered belongs to those who asked for it. */
async function* copyOf(whole: Promise<Buffer>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* piecesOf(new Uint8Array(await whole))
}

async function* piecesOf(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) if (piece.length > 0) yield piece
}

function textOf(body: Buffer): string {
  const text = body.toString('utf8')
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
}
