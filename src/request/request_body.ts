// Reads the body of a request: whole or as a stream, and decoded in both cases.
import { HttpError } from '../fields/http_error.js'
import { isJson, parseMediaType } from '../fields/media_type.js'
import { readForm } from '../forms/form_data.js'
import type { FormLimits } from '../forms/form_limits.js'
import { messageOf } from '../runtime/errors.js'
import { alreadyUsed, type IncomingBody } from './incoming_body.js'
import { inflated, inflatedWhole } from './inflation.js'

const BYTE_ORDER_MARK = 0xfeff

/** The request of a body. */
export interface BodyOwner {
  readonly headers: { get(name: string): string | null }
  /** The content codings that are undone. */
  readonly codings: string | null
  /** The body while it arrives; undefined when it arrived with the request. */
  readonly incoming: IncomingBody | undefined
  /** The maximum size in bytes, also after decoding. */
  readonly bodyLimit: number
  /** The body that arrived with the request. The bytes belong to the block. */
  arrived(): Buffer
  /** Throws `ERR_REQUEST_ENDED` when the request was answered. */
  event(): unknown
}

export class RequestBody {
  readonly #owner: BodyOwner
  #stream: ReadableStream<Uint8Array> | undefined
  /** The source of `stream`, once it is read. */
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
    // Creating the stream does not use the body; reading or cancelling it does.
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

  /** Whether somebody has read the body, or begun to. */
  get isTaken(): boolean {
    return this.#isTaken
  }

  /** The body that arrived with the request, as it was sent. Undefined when it is still coming, or is taken. */
  takeArrived(): Buffer | undefined {
    if (this.#owner.incoming !== undefined || this.#isTaken) return undefined
    const arrived = this.#owner.arrived()
    this.#isTaken = true
    return arrived
  }

  /** Marks the body as used, because another request object has it. */
  markTaken(): void {
    this.#isTaken = true
  }

  /** The request was answered. A reader that was created before may still read what has arrived. */
  end(): void {
    if (this.#isLocked && !this.#isTaken) this.#pieces ??= this.#take()
  }

  /** Bytes that have arrived are copied synchronously: after an `await`, the block may be in use again. */
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
    const { incoming, codings, bodyLimit } = this.#owner
    if (this.#isTaken) throw alreadyUsed()
    const sent = incoming?.chunks() ?? piecesOf(new Uint8Array(this.#owner.arrived()))
    this.#isTaken = true
    return codings === null ? sent : decoded(codings, sent, bodyLimit)
  }

  #whole(): Buffer | Promise<Buffer> {
    this.#owner.event()
    if (this.#isLocked) throw alreadyUsed()
    if (this.#isTaken) {
      if (this.#decoded !== undefined) return this.#decoded
      throw alreadyUsed()
    }
    const { incoming, codings } = this.#owner
    if (codings !== null) {
      this.#decoded = incoming === undefined ? this.#decodedWhole(codings) : gathered(this.#take())
      return this.#decoded
    }
    return incoming === undefined ? this.#owner.arrived() : incoming.whole()
  }

  /** A body that has arrived completely is usually small, and is decoded without a stream. */
  async #decodedWhole(codings: string): Promise<Buffer> {
    this.#isTaken = true
    const { bodyLimit } = this.#owner
    // The block may be used again while the body is decoded.
    return inflatedWhole(codings, Buffer.from(this.#owner.arrived()), bodyLimit)
  }

  /** Whether the stream has a reader, which may not have read anything yet. */
  get #isLocked(): boolean {
    return this.#stream?.locked === true
  }
}

/**
 * The caller still sees the error. This only prevents an unhandled rejection if the handler fails before it awaits
 * the body.
 */
function handled<T>(body: Promise<T>): Promise<T> {
  body.catch(() => {})
  return body
}

/** A generator, so that an unsupported coding is an error when the body is read. */
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

/** The gathered bytes belong to the first caller, so this one gets a copy. */
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
