import type { AbortListener, AbortListeners } from '../exchange/abort_listeners.js'
import { addressText } from '../exchange/address.js'
import {
  EVENT_GENERATION,
  EVENT_SLOT,
  FLAG_BODY,
  FLAG_IPV4,
  FLAG_UPGRADE,
  REQUEST_ADDRESS,
  REQUEST_BODY_LENGTH,
  REQUEST_BODY_OFFSET,
  REQUEST_FLAGS,
  REQUEST_HEAD_OFFSET,
  REQUEST_METHOD,
  REQUEST_PORT,
  REQUEST_SEQUENCE,
  REQUEST_TARGET,
  REQUEST_TRAILERS_LENGTH,
  REQUEST_TRAILERS_OFFSET,
} from '../exchange/layout.js'
import { native } from '../exchange/native.js'
import type { RawBuffer } from '../exchange/raw_buffer.js'
import { HttpError } from '../fields/http_error.js'
import { isJson, parseMediaType } from '../fields/media_type.js'
import { decodeParams } from '../fields/path.js'
import { readForm } from '../forms/form_data.js'
import type { FormLimits } from '../forms/form_limits.js'
import { coded, messageOf } from '../runtime/errors.js'
import { INSPECT, type Inspect } from '../runtime/inspection.js'
import { clientGone } from './client_gone.js'
import type { Closing } from './closing.js'
import { alreadyUsed, type IncomingBody } from './incoming_body.js'
import { inflated, inflatedWhole } from './inflation.js'
import { KeptRequests } from './kept_requests.js'
import { type RequestAbort, requestAbort } from './request_abort.js'
import { type FieldMemory, RequestHeaders } from './request_headers.js'
import { parsedTrailers } from './request_trailers.js'

const BYTE_ORDER_MARK = 0xfeff

/** In the place of a method's number: its name stands in the head. */
export const METHOD_UNKNOWN = 255

const kept = new KeptRequests()

/** Where the router sent a request, as far as the request tells of it. */
export interface RequestMatch {
  /** The canonical path. */
  readonly path: string
  /** The raw text after the first `?`, without it, or an empty string. */
  readonly search: string
  /** The captured segments, still encoded: `decodeParams(route.names, values)` makes params of them. */
  readonly values: readonly string[]
  readonly route: {
    /** The names of the params, in the order of `values`. */
    readonly names: readonly string[]
    /** The largest body that it takes; undefined for the server's limit. */
    readonly bodyLimit?: number | undefined
  }
}

/** In what requests of an application may differ from those of a router. */
export interface RequestRules {
  /** Content codings of bodies are the application's to undo. */
  readonly leavesCodings?: boolean | undefined
  /** They can be read behind their answer. */
  readonly outliveAnswers?: boolean | undefined
  /** Why `signal` aborts when the client has gone; by default an HttpError `ERR_CLIENT_GONE`. */
  readonly goneReason?: (() => Error) | undefined
  /** Of their URLs, with the colon. Default: `http:`. */
  readonly scheme?: string | undefined
  /** The address of the peer, where the event does not say it. */
  readonly peerAddress?: string | undefined
}

/** What all requests of a server have in common. */
export interface RequestSurroundings extends RequestRules {
  /** Where the server is found, for requests that do not say it. */
  readonly origin: () => string
  /** The largest body of routes that have no limit of their own. */
  readonly bodyLimit: number
  /** That the server begins to close. */
  readonly closing: Closing
  /** Those who hear when their clients go away. */
  readonly watching: AbortListeners
  /** Told of what listeners throw. */
  readonly report: (error: unknown, request: BrinkRequest) => void
}

/**
 * What middleware leaves for whoever is further in. Apps say what that is:
 *
 *     declare module 'brink' {
 *       interface RequestState {
 *         user?: User
 *       }
 *     }
 */
export interface RequestState {
  [name: string]: unknown
}

/** What few requests have. */
interface Rare {
  state?: RequestState
  gone?: Error
  abort?: RequestAbort
  body?: ReadableStream<Uint8Array>
  /** What the body is read from, once it is. */
  pieces?: AsyncGenerator<Uint8Array, void, undefined>
  decoded?: Promise<Buffer>
}

/**
 * A request, as handlers and middleware see it. Everything is read from the bytes that arrived when it is asked for,
 * and can be read for as long as the request is not answered, also after an `await`. After that every part of it throws
 * `ERR_REQUEST_ENDED`.
 */
export class BrinkRequest<Params = Readonly<Record<string, string>>> {
  /** @internal */ readonly slot: number
  /** @internal */ readonly generation: number
  /** @internal */ readonly sequence: number
  // The event and the bytes in the block, until detach() copies them.
  #words: Int32Array
  // In the block are other clients' requests, too: nobody who walks over the properties of this one may find it.
  #eventBytes: RawBuffer
  /** @internal */ eventAt: number
  readonly #match: RequestMatch
  /** @internal */ readonly fieldMemory: FieldMemory | undefined
  readonly #surroundings: RequestSurroundings
  readonly #incoming: IncomingBody | undefined
  /** @internal */ nextListener: AbortListener | undefined
  #isWatched = false
  #isDetached = false
  #isAnswered = false
  #isEnded = false
  #isStreamed = false
  #rare: Rare | undefined
  #headers: RequestHeaders | undefined
  #query: URLSearchParams | undefined
  #params: Params | undefined

  /** @internal */
  constructor(
    words: Int32Array,
    bytes: RawBuffer,
    at: number,
    match: RequestMatch,
    fieldMemory: FieldMemory | undefined,
    incoming: IncomingBody | undefined,
    surroundings: RequestSurroundings,
  ) {
    this.slot = words[at + EVENT_SLOT]
    this.generation = words[at + EVENT_GENERATION]
    this.sequence = words[at + REQUEST_SEQUENCE]
    this.#words = words
    this.#eventBytes = bytes
    this.eventAt = at
    this.#match = match
    this.fieldMemory = fieldMemory
    this.#incoming = incoming
    this.#surroundings = surroundings
  }

  /** @internal */
  get eventBytes(): RawBuffer {
    return this.#eventBytes
  }

  /** Where middleware leaves things for whoever is further in. */
  get state(): RequestState {
    this.#rare ??= {}
    this.#rare.state ??= {}
    return this.#rare.state
  }

  set state(state: RequestState) {
    this.#rare ??= {}
    this.#rare.state = state
  }

  /** The method, such as `GET` (RFC 9110 §9). */
  get method(): string {
    const words = this.event()
    return methodAt(words, this.eventAt, this.#eventBytes, words[this.eventAt + REQUEST_HEAD_OFFSET])
  }

  /**
   * The canonical path: without the query, dot segments resolved, and escapes only where they are needed, in upper case.
   * It is what routes and the prefixes of middleware are compared with.
   */
  get path(): string {
    this.event()
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
    const words = this.event()
    const span = words[this.eventAt + REQUEST_TARGET]
    const start = words[this.eventAt + REQUEST_HEAD_OFFSET] + (span & 0xffff)
    return this.#eventBytes.latin1Slice(start, start + (span >>> 16))
  }

  /** The query, decoded. */
  get query(): URLSearchParams {
    this.event()
    // A question mark that comes first would be taken for the query's own (WHATWG URL §6.2).
    this.#query ??= new URLSearchParams(`&${this.#match.search}`)
    return this.#query
  }

  /** What the route's params captured, decoded. */
  get params(): Params {
    this.event()
    this.#params ??= decodeParams(this.#match.route.names, this.#match.values) as Params
    return this.#params
  }

  /** The header fields. */
  get headers(): RequestHeaders {
    this.event()
    this.#headers ??= new RequestHeaders(this)
    return this.#headers
  }

  /** The address of the client, or of the proxy that it came through: the peer of the connection. */
  get ip(): string {
    const words = this.event()
    const { peerAddress } = this.#surroundings
    if (peerAddress !== undefined) return peerAddress
    return addressText(words, this.eventAt + REQUEST_ADDRESS, (words[this.eventAt + REQUEST_FLAGS] & FLAG_IPV4) !== 0)
  }

  /**
   * Aborts when the client goes away before its answer is out; its reason has the code `ERR_CLIENT_GONE`. A client that
   * only stops sending counts as gone, since most that do have closed; if it has not, it still gets the answer.
   */
  get signal(): AbortSignal {
    this.#rare ??= {}
    let { abort } = this.#rare
    if (abort === undefined) {
      this.event()
      abort = requestAbort((error) => this.#surroundings.report(error, this as BrinkRequest))
      this.#rare.abort = abort
      if (this.#rare.gone !== undefined) abort.abort(this.#rare.gone)
      else if (!this.#isAnswered) this.#watch()
    }
    return abort.signal
  }

  /** @internal */
  get serverClosing(): Closing {
    return this.#surroundings.closing
  }

  /**
   * The body as it arrives, or null when there is none. No more is read from the client than is taken from the stream.
   * As in fetch, to look at it uses nothing up: `text()` and its like can be called until it is read or locked.
   * It fails with `ERR_CLIENT_GONE` when the client goes away, and with an HttpError 413 above the `bodyLimit`. A
   * `content-encoding` (gzip, deflate, br) is undone: what comes out is bounded by the `bodyLimit` as well.
   */
  get body(): ReadableStream<Uint8Array> | null {
    if (this.#rare?.body !== undefined) return this.#rare.body
    if ((this.event()[this.eventAt + REQUEST_FLAGS] & FLAG_BODY) === 0) return null
    // To look at it uses nothing up: its pieces are taken when it is read or cancelled.
    this.#rare ??= {}
    const rare = this.#rare
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      rare.pieces ??= this.#pieces()
      const { done, value } = await rare.pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    }
    const cancel = () => {
      rare.pieces ??= this.#pieces()
      void rare.pieces.return(undefined)
    }
    const body = new ReadableStream<Uint8Array>({ pull, cancel }, { highWaterMark: 0 })
    rare.body = body
    return body
  }

  /** The pieces of the body as they arrive, which can be taken once: what `body` is made of. */
  chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    this.event()
    if (this.#isLocked) throw alreadyUsed()
    return this.#pieces()
  }

  #pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    this.event()
    const decodedWhole = this.#rare?.decoded
    if (decodedWhole !== undefined) return copyOf(decodedWhole)
    if (this.#isStreamed) throw alreadyUsed()
    this.#isStreamed = true
    const sent = this.#incoming?.chunks() ?? piecesOf(new Uint8Array(this.#arrived()))
    const codings = this.#codings
    return codings === null ? sent : decoded(codings, sent, this.#bodyLimit)
  }

  /**
   * The trailer section (RFC 9110 §6.5), of a body that came in chunks, when all of it has been read; names in lower
   * case. Empty before that, and when there is none.
   */
  get trailers(): Headers {
    const words = this.event()
    if (this.#incoming !== undefined) return parsedTrailers(this.#incoming.trailers)
    const start = words[this.eventAt + REQUEST_TRAILERS_OFFSET]
    return parsedTrailers(this.#eventBytes.latin1Slice(start, start + words[this.eventAt + REQUEST_TRAILERS_LENGTH]))
  }

  /** The port of the peer. @internal */
  get port(): number {
    return this.event()[this.eventAt + REQUEST_PORT]
  }

  /**
   * The body as text, decoded as UTF-8. Without a body it is empty.
   *
   * It may be begun before the answer and awaited behind it, like `json()`, `bytes()`, `formData()` and a reader of `body`:
   * what has arrived by the answer resolves, of whatever size; what has not rejects with `ERR_REQUEST_ENDED`. To answer
   * 202 and take a body for sure, await it first, or answer with a stream (on a route with `stream`) that reads it.
   */
  text(): Promise<string> {
    return heard(this.#text())
  }

  /** What has arrived is read at once: before an `await` goes on, its block may be used again. */
  async #text(): Promise<string> {
    const whole = this.#whole()
    return textOf(whole instanceof Promise ? await whole : whole)
  }

  /**
   * The body parsed as JSON.
   * @throws HttpError 400 `ERR_INVALID_JSON` when it is no JSON, saying where; 415 when its `content-type` is another one
   */
  json<T = unknown>(): Promise<T> {
    return heard(this.#json<T>())
  }

  async #json<T>(): Promise<T> {
    const contentType = this.headers.get('content-type')
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

  /** The body as bytes, which are the caller's own. */
  bytes(): Promise<Uint8Array> {
    return heard(this.#bytes())
  }

  async #bytes(): Promise<Uint8Array> {
    const whole = this.#whole()
    return new Uint8Array(whole instanceof Promise ? await whole : whole)
  }

  /**
   * The body as a form, `application/x-www-form-urlencoded` or `multipart/form-data`, with its files in memory; `parts`
   * is for larger ones.
   * @throws HttpError 415 when it is another type, 400 `ERR_INVALID_FORM`, 413; Error `ERR_MISSING_PEER` when a
   *   multipart form comes and `@fastify/busboy` is not installed
   */
  formData(limits?: FormLimits): Promise<FormData> {
    return heard(this.#formData(limits))
  }

  async #formData(limits?: FormLimits): Promise<FormData> {
    return readForm(this.headers.get('content-type'), this.chunks(), limits)
  }

  /** Which request it is, for logs: not its header fields, for those may hold secrets. */
  toJSON(): { method: string; target: string; ip: string } | { ended: true } {
    return this.#isEnded ? { ended: true } : { method: this.method, target: this.target, ip: this.ip }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `BrinkRequest ${inspect(this.toJSON(), options)}`
  }

  /**
   * The client went away. `half`: it may still take the answer.
   * @internal
   */
  clientGone(half: boolean): void {
    this.#rare ??= {}
    this.#rare.gone ??= this.#surroundings.goneReason?.() ?? clientGone()
    if (!half) this.isGone = true
    this.#rare.abort?.abort(this.#rare.gone)
  }

  /** The client went away, or has at least stopped sending. @internal */
  get hasLeft(): boolean {
    return this.isGone || this.#rare?.gone !== undefined
  }

  /** Has the server log an error of this request. @internal */
  report(error: unknown): void {
    this.#surroundings.report(error, this as BrinkRequest)
  }

  /** Nobody is left to take the answer. @internal */
  isGone = false

  /**
   * Copies what the request stands on out of the block, which is about to be used again.
   * @internal
   */
  detach(): void {
    if (this.#isEnded || this.#isDetached) return
    // Of a body that follows, what has come is kept there.
    this.#copy(this.#incoming === undefined)
    this.#watch()
  }

  #copy(withBody: boolean): void {
    this.#isDetached = true
    kept.copy(this.#words, this.#eventBytes, this.eventAt, withBody)
    this.#words = kept.words
    this.#eventBytes = kept.bytes
    this.eventAt = kept.wordsAt
  }

  /**
   * A copy for the log, but for the body, which outlives the answer: to be made before the block is used again.
   * @internal
   */
  lender(): BrinkRequest {
    const copy = new BrinkRequest(
      this.#words,
      this.#eventBytes,
      this.eventAt,
      this.#match,
      this.fieldMemory,
      undefined,
      this.#surroundings,
    )
    if (this.#rare?.state !== undefined) copy.#rare = { state: this.#rare.state }
    copy.#isStreamed = true
    if (this.#isDetached) copy.#isDetached = true
    else copy.#copy(false)
    return copy
  }

  /** @internal */
  bodyChanged(error: Error): void {
    this.#surroundings.report(error, this as BrinkRequest)
  }

  /**
   * The request was answered: nothing of it can be read any more.
   * @internal
   */
  end(): void {
    // Who has a reader has begun to take what has arrived, though the stream asks for the first piece a little later.
    if (this.#isLocked && !this.#isStreamed && this.#rare !== undefined) this.#rare.pieces ??= this.#pieces()
    this.#isAnswered = true
    if (this.#surroundings.outliveAnswers !== true) this.#isEnded = true
    else if (!this.#isDetached) this.#copy(this.#incoming === undefined && !this.#isStreamed)
    if (this.#isWatched) this.#surroundings.watching.remove(this)
    this.#incoming?.fail(ended())
  }

  #watch(): void {
    if (!this.#isWatched) this.#surroundings.watching.add(this)
    this.#isWatched = true
  }

  /** @internal */
  event(): Int32Array {
    if (!this.#isEnded) return this.#words
    throw ended()
  }

  #whole(): Buffer | Promise<Buffer> {
    this.event()
    if (this.#isLocked) throw alreadyUsed()
    if (this.#isStreamed) {
      if (this.#rare?.decoded !== undefined) return this.#rare.decoded
      throw alreadyUsed()
    }
    const codings = this.#codings
    if (codings !== null) {
      const decoded = this.#incoming === undefined ? this.#decodedWhole(codings) : gathered(this.chunks())
      this.#rare ??= {}
      this.#rare.decoded = decoded
      return decoded
    }
    return this.#incoming === undefined ? this.#arrived() : this.#incoming.whole()
  }

  /** What has arrived whole is mostly small, and need not be taken through a stream. */
  async #decodedWhole(codings: string): Promise<Buffer> {
    this.#isStreamed = true
    const limit = this.#bodyLimit
    // The block is used again while it is decoded.
    return inflatedWhole(codings, Buffer.from(this.#arrived()), limit)
  }

  /** Somebody has a reader of the body, and may have read nothing yet. */
  get #isLocked(): boolean {
    return this.#rare?.body?.locked === true
  }

  get #bodyLimit(): number {
    return this.#match.route.bodyLimit ?? this.#surroundings.bodyLimit
  }

  /** The content codings that are to be undone. */
  get #codings(): string | null {
    return this.#surroundings.leavesCodings === true ? null : this.headers.get('content-encoding')
  }

  /**
   * The body as it lies in the block, which is used again, where it has arrived whole; undefined where it follows. It
   * counts as taken.
   * @internal
   */
  takeArrived(): Buffer | undefined {
    if (this.#incoming !== undefined || this.#isStreamed) return undefined
    const arrived = this.#arrived()
    this.#isStreamed = true
    return arrived
  }

  /** Whether the client offers to speak another protocol. @internal */
  get offersUpgrade(): boolean {
    return (this.event()[this.eventAt + REQUEST_FLAGS] & FLAG_UPGRADE) !== 0
  }

  /** Whether the client has sent a body, or announced one. @internal */
  get hasBody(): boolean {
    return (this.event()[this.eventAt + REQUEST_FLAGS] & FLAG_BODY) !== 0
  }

  #arrived(): Buffer {
    const words = this.event()
    const start = words[this.eventAt + REQUEST_BODY_OFFSET]
    return this.#eventBytes.subarray(start, start + words[this.eventAt + REQUEST_BODY_LENGTH])
  }

  #base(): string {
    const host = this.headers.get('host')
    const { origin, scheme = 'http:' } = this.#surroundings
    return host === null ? origin() : `${scheme}//${host}`
  }
}

/** Whoever awaits it sees the error. A handler that does not, for it failed before, must not end the process with it. */
function heard<T>(body: Promise<T>): Promise<T> {
  body.catch(() => {})
  return body
}

function ended(): Error {
  return coded(
    new Error('This request was answered already: read what is needed of it before answering.'),
    'ERR_REQUEST_ENDED',
  )
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

/** The method of the request event at a place. Its head lies at `headAt` in the bytes. */
export function methodAt(words: Int32Array, at: number, bytes: RawBuffer, headAt: number): string {
  const method = words[at + REQUEST_METHOD]
  const known = (method & 0xff) === METHOD_UNKNOWN ? undefined : native.methods[method & 0xff]
  // The head begins with the method.
  return known ?? bytes.latin1Slice(headAt, headAt + (method >>> 8))
}
