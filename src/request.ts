import { addressText } from './address.js'
import type { Match } from './dispatcher.js'
import { coded, HttpError, messageOf } from './errors.js'
import {
  EVENT_GENERATION,
  EVENT_SLOT,
  EVENT_WORDS,
  FLAG_BODY_BY_REFERENCE,
  FLAG_IPV4,
  REQUEST_ADDRESS,
  REQUEST_BODY_LENGTH,
  REQUEST_BODY_OFFSET,
  REQUEST_FLAGS,
  REQUEST_HEAD_LENGTH,
  REQUEST_HEAD_OFFSET,
  REQUEST_METHOD,
  REQUEST_SEQUENCE,
  REQUEST_TARGET,
} from './layout.js'
import { native } from './native.js'
import { decodeParams } from './path.js'
import { type RawBuffer, raw } from './raw_buffer.js'
import { RequestHeaders } from './request_headers.js'

const BYTE_ORDER_MARK = 0xfeff

/** Whom an answer is for: which request of which connection. */
export interface Recipient {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
}

/**
 * A request, as handlers and middleware see it. Everything is read from the bytes that arrived when it is asked for,
 * and can be read for as long as the request is not answered, also after an `await`. After that every part of it throws
 * `ERR_REQUEST_ENDED`.
 */
export class BrinkRequest<Params = Readonly<Record<string, string>>> implements Recipient {
  /** Where middleware leaves things for whoever is further in. */
  state: Record<string, unknown> = {}

  /** @internal */ readonly slot: number
  /** @internal */ readonly generation: number
  /** @internal */ readonly sequence: number
  /** Counted among the batch's unanswered. @internal */ waits = false
  // The event and the bytes in the block, until detach() copies them; none once it is answered.
  #words: Int32Array | undefined
  #bytes: RawBuffer
  #at: number
  #headAt: number
  #bodyAt: number
  readonly #match: Match
  readonly #origin: string
  #headers: RequestHeaders | undefined
  #query: URLSearchParams | undefined
  #params: Params | undefined

  /** @internal */
  constructor(
    words: Int32Array,
    bytes: RawBuffer,
    at: number,
    largeBodies: Buffer[] | undefined,
    match: Match,
    origin: string,
  ) {
    this.slot = words[at + EVENT_SLOT]
    this.generation = words[at + EVENT_GENERATION]
    this.sequence = words[at + REQUEST_SEQUENCE]
    this.#words = words
    this.#bytes = bytes
    this.#at = at
    this.#headAt = words[at + REQUEST_HEAD_OFFSET]
    this.#bodyAt = words[at + REQUEST_BODY_OFFSET]
    this.#match = match
    this.#origin = origin
    if ((words[at + REQUEST_FLAGS] & FLAG_BODY_BY_REFERENCE) !== 0) this.#largeBody = largeBodies?.[this.#bodyAt]
  }

  #largeBody: Buffer | undefined

  /** The method, such as `GET` (RFC 9110 §9). */
  get method(): string {
    return methodAt(this.#event(), this.#at, this.#bytes, this.#headAt)
  }

  /**
   * The canonical path: without the query, dot segments resolved, and escapes only where they are needed, in upper case.
   * It is what routes and the prefixes of middleware are compared with.
   */
  get path(): string {
    this.#event()
    return this.#match.path
  }

  /** The absolute URL, made of the `Host` field and the request target (RFC 9110 §7.1). */
  get url(): string {
    const target = this.target
    if (!target.startsWith('/')) return target === '*' ? this.#base() : target
    return this.#base() + target
  }

  /** The request target as it was sent (RFC 9112 §3.2). */
  get target(): string {
    const span = this.#event()[this.#at + REQUEST_TARGET]
    const start = this.#headAt + (span & 0xffff)
    return this.#bytes.latin1Slice(start, start + (span >>> 16))
  }

  /** The query, decoded. */
  get query(): URLSearchParams {
    this.#event()
    this.#query ??= new URLSearchParams(this.#match.search)
    return this.#query
  }

  /** What the route's params captured, decoded. */
  get params(): Params {
    this.#event()
    this.#params ??= decodeParams(this.#match.route.names, this.#match.values) as Params
    return this.#params
  }

  /** The header fields. */
  get headers(): RequestHeaders {
    this.#event()
    this.#headers ??= new RequestHeaders(() => ({
      words: this.#event(),
      at: this.#at,
      bytes: this.#bytes,
      base: this.#headAt,
    }))
    return this.#headers
  }

  /** The address of the client, or of the proxy that it came through: the peer of the connection. */
  get ip(): string {
    const words = this.#event()
    return addressText(words, this.#at + REQUEST_ADDRESS, (words[this.#at + REQUEST_FLAGS] & FLAG_IPV4) !== 0)
  }

  /** The body as text, decoded as UTF-8. Without a body it is empty. */
  async text(): Promise<string> {
    return this.#bodyText()
  }

  /**
   * The body parsed as JSON.
   * @throws HttpError 400 when it is no JSON, saying where
   */
  async json<T = unknown>(): Promise<T> {
    const text = this.#bodyText()
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      const what = text === '' ? 'it is empty' : messageOf(cause)
      throw new HttpError(400, `The body is not valid JSON: ${what}`, { cause, code: 'ERR_INVALID_JSON' })
    }
  }

  /** The body as bytes, which are the caller's own. */
  async bytes(): Promise<Uint8Array> {
    return Uint8Array.from(this.#body())
  }

  /**
   * Copies what the request stands on out of the block, which is about to be used again.
   * @internal
   */
  detach(): void {
    const words = this.#words
    if (words === undefined) return
    const at = this.#at
    const headLength = words[at + REQUEST_HEAD_LENGTH]
    const bodyLength = this.#largeBody === undefined ? words[at + REQUEST_BODY_LENGTH] : 0
    const kept = raw(Buffer.allocUnsafe(headLength + bodyLength))
    this.#bytes.copy(kept, 0, this.#headAt, this.#headAt + headLength)
    this.#bytes.copy(kept, headLength, this.#bodyAt, this.#bodyAt + bodyLength)
    this.#words = words.slice(at, at + words[at + EVENT_WORDS])
    this.#bytes = kept
    this.#at = 0
    this.#headAt = 0
    this.#bodyAt = headLength
  }

  /**
   * The request was answered: nothing of it can be read any more.
   * @internal
   */
  end(): void {
    this.#words = undefined
    this.#largeBody = undefined
  }

  #event(): Int32Array {
    if (this.#words !== undefined) return this.#words
    throw coded(
      new Error('This request was answered already: read what is needed of it before answering.'),
      'ERR_REQUEST_ENDED',
    )
  }

  #body(): Buffer {
    const words = this.#event()
    if (this.#largeBody !== undefined) return this.#largeBody
    return this.#bytes.subarray(this.#bodyAt, this.#bodyAt + words[this.#at + REQUEST_BODY_LENGTH])
  }

  #bodyText(): string {
    const text = this.#body().toString('utf8')
    return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
  }

  #base(): string {
    const host = this.headers.get('host')
    return host === null ? this.#origin : `http://${host}`
  }
}

/** The method of the request event at a place. Its head lies at `headAt` in the bytes. */
export function methodAt(words: Int32Array, at: number, bytes: RawBuffer, headAt: number): string {
  const method = words[at + REQUEST_METHOD]
  const known = native.methods[method & 0xff]
  // The head begins with the method.
  return known ?? bytes.latin1Slice(headAt, headAt + (method >>> 8))
}
