import type { AbortListener, AbortListeners } from '../exchange/abort_listeners.js'
import {
  EVENT_GENERATION,
  EVENT_SLOT,
  FLAG_BODY,
  FLAG_SECURE,
  FLAG_UPGRADE,
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
import type { SecuredConnections } from '../exchange/secured.js'
import type { TlsFacts } from '../exchange/tls_facts.js'
import { decodeParams } from '../fields/path.js'
import type { FormLimits } from '../forms/form_limits.js'
import { coded } from '../runtime/errors.js'
import { INSPECT, type Inspect } from '../runtime/inspection.js'
import { clientGone } from './client_gone.js'
import type { Closing } from './closing.js'
import { clientAddress, forwardingOf, peerAddress, trustsSender } from './event_addresses.js'
import type { Forwarding, ForwardingProxies } from './forwarding.js'
import type { IncomingBody } from './incoming_body.js'
import { KeptRequests } from './kept_requests.js'
import { type RequestAbort, requestAbort } from './request_abort.js'
import { RequestBody } from './request_body.js'
import { type FieldMemory, RequestHeaders } from './request_headers.js'
import { localId, type RequestIds } from './request_ids.js'
import { parsedTrailers } from './request_trailers.js'
import type { Serving } from './serving.js'
import type { Traced } from './traced.js'

/** Stands for the number of a method that has none: its name is in the head. */
export const METHOD_UNKNOWN = 255

const kept = new KeptRequests()

/** The route that matched a request, with the parts of its target. */
export interface RequestMatch {
  /** The canonical path. */
  readonly path: string
  /** The raw query, without its `?`, or an empty string. */
  readonly search: string
  /** The captured segments, still percent-encoded: `decodeParams(route.names, values)` gives the params. */
  readonly values: readonly string[]
  readonly route: {
    /** As `Dispatcher.routes` counts; 0 for none. */
    readonly number: number
    /** The names of the params, in the order of `values`. */
    readonly names: readonly string[]
    /** The body limit of the route in bytes; undefined for the server's. */
    readonly bodyLimit?: number | undefined
  }
}

/** How requests of an application differ from those of a router. */
export interface RequestRules {
  /** Bodies are not decoded. */
  readonly leavesCodings?: boolean | undefined
  /** Requests can be read after the answer. */
  readonly outliveAnswers?: boolean | undefined
  /** Creates the reason of `signal` when the client has left. Default: an HttpError `ERR_CLIENT_GONE`. */
  readonly goneReason?: (() => Error) | undefined
  /** The scheme of URLs, with the colon. Default: `http:`. */
  readonly scheme?: string | undefined
  /** The address of the peer, if the event does not have it. */
  readonly peerAddress?: string | undefined
}

/** What all requests of a server share. */
export interface RequestSurroundings extends RequestRules {
  /** The origin of the server, for requests without a `Host` field. */
  readonly origin: () => string
  /** The body limit of routes that have none of their own, in bytes. */
  readonly bodyLimit: number
  /** How requests get their ids. Without it, they have brought no connection. */
  readonly ids?: RequestIds | undefined
  /** The proxies that are trusted. Without them, fields of proxies are not read. */
  readonly proxies?: ForwardingProxies | undefined
  /** What the TLS handshakes of connections have agreed on. */
  readonly secured?: SecuredConnections | undefined
  /** Reports that the server has begun to close. */
  readonly closing: Closing
  /** The server; undefined without one. */
  readonly server?: Serving | undefined
  /** The requests that are told when their clients disconnect. */
  readonly watching: AbortListeners
  /** Reports errors that listeners throw. */
  readonly report: (error: unknown, request: BrinkRequest) => void
}

/**
 * Values that middleware passes on to other middleware and to the handler. Until an app declares any, every name is
 * allowed, with values of type `unknown`. Declare yours in TypeScript, in a file with an `import` or `export` statement;
 * then only those are:
 *
 *     import 'brink'
 *
 *     declare module 'brink' {
 *       interface RequestState {
 *         user?: User
 *       }
 *     }
 */
// biome-ignore lint/suspicious/noEmptyInterface: apps declare its properties
export interface RequestState {}

/** `RequestState` where an app has declared it, and any property where it has not. */
export type StateOfRequest = [keyof RequestState] extends [never] ? { [name: string]: unknown } : RequestState

/** Properties that few requests use. */
interface Rare {
  state?: StateOfRequest
  gone?: Error
  abort?: RequestAbort
  forwarding?: Forwarding
  tls?: TlsFacts | undefined
  traced?: Traced
  localId?: string
}

/**
 * A request. Each property is read from the received bytes when you use it, and can be read until the request is
 * answered, also after an `await`. After that, every property and method throws `ERR_REQUEST_ENDED`.
 */
export class BrinkRequest<Params = Readonly<Record<string, string>>> {
  /** @internal */ readonly slot: number
  /** @internal */ readonly generation: number
  /** @internal */ readonly sequence: number
  // The event and the received bytes, in the exchange's block until detach() copies them.
  #words: Int32Array
  // A private name: the block holds other clients' requests, and code that enumerates the properties of this one must
  // not find it.
  #eventBytes: RawBuffer
  /** @internal */ eventAt: number
  #match: RequestMatch
  /** @internal */ readonly fieldMemory: FieldMemory | undefined
  readonly #surroundings: RequestSurroundings
  /** @internal */ readonly incoming: IncomingBody | undefined
  /** @internal */ nextListener: AbortListener | undefined
  #isWatched = false
  #isDetached = false
  #isAnswered = false
  #isEnded = false
  #rare: Rare | undefined
  #body: RequestBody | undefined
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
    this.incoming = incoming
    this.#surroundings = surroundings
  }

  /** @internal */
  get eventBytes(): RawBuffer {
    return this.#eventBytes
  }

  /** Values that middleware passes on to other middleware and to the handler. */
  get state(): StateOfRequest {
    this.#rare ??= {}
    this.#rare.state ??= {}
    return this.#rare.state
  }

  set state(state: StateOfRequest) {
    this.#rare ??= {}
    this.#rare.state = state
  }

  /** The method, such as `GET` (RFC 9110 §9). */
  get method(): string {
    const words = this.event()
    return methodAt(words, this.eventAt, this.#eventBytes, words[this.eventAt + REQUEST_HEAD_OFFSET])
  }

  /**
   * The canonical path, without the query: dot segments are resolved, and only characters that need it are
   * percent-encoded, with upper-case digits. Routes and middleware prefixes are matched against it.
   */
  get path(): string {
    this.event()
    return this.#match.path
  }

  /**
   * The absolute URL, made of the `Host` field and the request target (RFC 9110 §7.1). With the option `trustProxy`, it
   * has the scheme, the host and the port that a trusted proxy has named.
   */
  get url(): string {
    const target = this.originForm
    if (!target.startsWith('/')) return target === '*' ? this.#base() : target
    return this.#base() + target
  }

  /** The request target as the client sent it (RFC 9112 §3.2). */
  get target(): string {
    const words = this.event()
    const span = words[this.eventAt + REQUEST_TARGET]
    const start = words[this.eventAt + REQUEST_HEAD_OFFSET] + (span & 0xffff)
    return this.#eventBytes.latin1Slice(start, start + (span >>> 16))
  }

  /** The query parameters, decoded. */
  get query(): URLSearchParams {
    this.event()
    // URLSearchParams drops a leading question mark (WHATWG URL §6.2), which would belong to the first name.
    this.#query ??= new URLSearchParams(`&${this.#match.search}`)
    return this.#query
  }

  /** The params captured by the route's path, decoded. */
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

  /**
   * The IP address of the client. Without the options `trustProxy` and `proxyProtocol` it is that of the peer, which may
   * be a proxy. `unix:` for a Unix domain socket.
   */
  get ip(): string {
    const words = this.event()
    const { peerAddress: known, proxies } = this.#surroundings
    if (known !== undefined) return known
    return proxies === undefined ? clientAddress(words, this.eventAt) : this.#forwardedBy(proxies).ip
  }

  /** The IP address of the other end of the connection: the client, or the last proxy in front of the server. */
  get peer(): string {
    const words = this.event()
    return this.#surroundings.peerAddress ?? peerAddress(words, this.eventAt)
  }

  /**
   * An id for logs: with the option `requestId`, what the client's field `x-request-id` says, if its peer is trusted and
   * the id is valid; otherwise one that is made, different for each request of all processes. It is the same each time,
   * and the one in the access log.
   */
  get id(): string {
    const { ids, proxies } = this.#surroundings
    const words = this.event()
    if (ids === undefined) {
      this.#rare ??= {}
      this.#rare.localId ??= localId()
      return this.#rare.localId
    }
    const { rules } = ids
    let given: string | null = null
    if (rules !== undefined) {
      const isTrusted = rules.trust ?? (proxies !== undefined && trustsSender(words, this.eventAt, proxies))
      if (isTrusted) given = this.headers.get(rules.header)
    }
    return ids.idOf(this.slot, this.generation, this.sequence, given)
  }

  /** Whether the connection has TLS. That of a proxy in front of the server counts, not that of the client behind it. */
  get secure(): boolean {
    return (this.event()[this.eventAt + REQUEST_FLAGS] & FLAG_SECURE) !== 0
  }

  /** What the TLS handshake of the connection has agreed on; undefined without TLS. */
  get tls(): TlsFacts | undefined {
    return this.secure ? (this.#rare?.tls ?? this.#facts()) : undefined
  }

  #facts(): TlsFacts | undefined {
    return this.#surroundings.secured?.find(this.slot, this.generation)
  }

  /**
   * Aborts when the client disconnects before its response is sent. Its reason is an error with code
   * `ERR_CLIENT_GONE`. A client that closes only its sending side counts as disconnected, because most of them have
   * closed both; if it has not, it still gets the response.
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

  /** The server that has the request; undefined without one. @internal */
  get server(): Serving | undefined {
    return this.#surroundings.server
  }

  /** Who tells the life of the request, if anybody listens. @internal */
  get traced(): Traced | undefined {
    return this.#rare?.traced
  }

  set traced(traced: Traced) {
    this.#rare ??= {}
    this.#rare.traced = traced
  }

  /**
   * The body as a stream, or null when the request has none. The client is read only as fast as the stream is
   * (backpressure). As in fetch, only reading or locking the stream uses the body: you may test `req.body` and then
   * call `text()`.
   *
   * A body with a `content-encoding` (gzip, deflate, br) is decompressed; `bodyLimit` applies to the decompressed
   * size as well. The stream fails with `ERR_CLIENT_GONE` when the client disconnects, and with an HttpError 413
   * above the `bodyLimit`.
   */
  get body(): ReadableStream<Uint8Array> | null {
    if (this.#body?.hasStream) return this.#body.stream
    if ((this.event()[this.eventAt + REQUEST_FLAGS] & FLAG_BODY) === 0) return null
    return this.#bodyReader().stream
  }

  /** The chunks of the body as they arrive. The body can be read once. It fails like `body`. */
  chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    this.event()
    return this.#bodyReader().chunks()
  }

  /**
   * The trailer fields of a chunked body (RFC 9110 §6.5), after the whole body was read. Empty before that, and when
   * there are none. Names are in lower case.
   */
  get trailers(): Headers {
    const words = this.event()
    if (this.incoming !== undefined) return parsedTrailers(this.incoming.trailers)
    const start = words[this.eventAt + REQUEST_TRAILERS_OFFSET]
    return parsedTrailers(this.#eventBytes.latin1Slice(start, start + words[this.eventAt + REQUEST_TRAILERS_LENGTH]))
  }

  /** @internal */
  get routeNumber(): number {
    return this.#match.route.number
  }

  /** Counts it as one of another route. @internal */
  countAs(number: number): void {
    if (number === this.#match.route.number) return
    const { path, search, values, route } = this.#match
    const { names, bodyLimit } = route
    this.#match = { path, search, values, route: { number, names, bodyLimit } }
  }

  /** Whether the server trusts any proxies, so that `ip` and `url` are what they name. @internal */
  get trustsProxies(): boolean {
    return this.#surroundings.proxies !== undefined
  }

  /** The port of the client; 0 when a trusted proxy has not named it. @internal */
  get port(): number {
    const words = this.event()
    const { proxies } = this.#surroundings
    return proxies === undefined ? words[this.eventAt + REQUEST_PORT] : this.#forwardedBy(proxies).port
  }

  /** The scheme of the URL, with the colon. @internal */
  get scheme(): string {
    const { proxies, scheme = this.secure ? 'https:' : 'http:' } = this.#surroundings
    const said = proxies && this.#forwardedBy(proxies).scheme
    return said === undefined ? scheme : `${said}:`
  }

  /** The host of the URL, with its port; null when the client has named none. @internal */
  get host(): string | null {
    const { proxies } = this.#surroundings
    return (proxies && this.#forwardedBy(proxies).host) ?? this.headers.get('host')
  }

  /** The request target, without the origin when a trusted proxy has named another one. @internal */
  get originForm(): string {
    const { target } = this
    const { proxies } = this.#surroundings
    if (proxies === undefined || target.startsWith('/')) return target
    const { scheme, host } = this.#forwardedBy(proxies)
    if (scheme === undefined && host === undefined) return target
    return target.replace(/^https?:\/\/[^/?#]*\/?/i, '/')
  }

  #forwardedBy(proxies: ForwardingProxies): Forwarding {
    const words = this.event()
    this.#rare ??= {}
    this.#rare.forwarding ??= forwardingOf(words, this.eventAt, this.headers, proxies)
    return this.#rare.forwarding
  }

  /**
   * Reads the body as UTF-8 text; an empty string when there is none.
   *
   * You may call this before the response and await it afterwards, like `json()`, `bytes()`, `formData()` and a
   * reader of `body`: it resolves if the whole body has arrived by then, and rejects with `ERR_REQUEST_ENDED` if not.
   * To answer 202 and still get the body, await it first, or reply with a stream that reads it (on a route with
   * `stream: true`).
   *
   * @throws HttpError 413 above the `bodyLimit`; Error `ERR_CLIENT_GONE`; TypeError `ERR_BODY_USED` when the body was
   * read before
   */
  text(): Promise<string> {
    return this.#bodyReader().text()
  }

  /**
   * Reads the body and parses it as JSON.
   * @throws HttpError 400 `ERR_INVALID_JSON` with the position of the mistake; 415 when `content-type` names another
   * type; otherwise like `text()`
   */
  json<T = unknown>(): Promise<T> {
    return this.#bodyReader().json<T>()
  }

  /** Reads the body as bytes. The array is yours to keep and change. It fails like `text()`. */
  bytes(): Promise<Uint8Array> {
    return this.#bodyReader().bytes()
  }

  /**
   * Reads the body as a form, `application/x-www-form-urlencoded` or `multipart/form-data`. Files are held in memory;
   * use `parts()` for large ones.
   * @throws HttpError 415 for another type, 400 `ERR_INVALID_FORM`, 413 above the limits; Error `ERR_MISSING_PEER`
   * for a multipart form when `@fastify/busboy` is not installed; otherwise like `text()`
   */
  formData(limits?: FormLimits): Promise<FormData> {
    return this.#bodyReader().formData(limits)
  }

  /** Method, target and IP address, for logs. Header fields are left out because they may hold secrets. */
  toJSON(): { method: string; target: string; ip: string } | { ended: true } {
    return this.#isEnded ? { ended: true } : { method: this.method, target: this.target, ip: this.ip }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `BrinkRequest ${inspect(this.toJSON(), options)}`
  }

  /**
   * The client disconnected. With `half` it closed its sending side only, and may still read the response.
   * @internal
   */
  clientGone(half: boolean): void {
    this.#rare ??= {}
    this.#rare.gone ??= this.#surroundings.goneReason?.() ?? clientGone()
    if (!half) this.isGone = true
    this.#rare.abort?.abort(this.#rare.gone)
    if (!half) this.#rare.traced?.left()
  }

  /** Whether the client went away, or has stopped sending. @internal */
  get hasLeft(): boolean {
    return this.isGone || this.#rare?.gone !== undefined
  }

  /** Logs an error of this request by the server's `log`. @internal */
  report(error: unknown): void {
    this.#surroundings.report(error, this as BrinkRequest)
  }

  /** The connection is closed in both directions. @internal */
  isGone = false

  /**
   * Copies the request out of the block, before the block is used again.
   * @internal
   */
  detach(): void {
    if (this.#isEnded || this.#isDetached) return
    // A body that is still arriving is kept by `incoming`.
    this.#copy(this.incoming === undefined)
    this.#watch()
  }

  #copy(withBody: boolean): void {
    this.#isDetached = true
    // Until later its slot may be another connection's.
    if (this.secure) {
      this.#rare ??= {}
      this.#rare.tls ??= this.#facts()
    }
    kept.copy(this.#words, this.#eventBytes, this.eventAt, withBody)
    this.#words = kept.words
    this.#eventBytes = kept.bytes
    this.eventAt = kept.wordsAt
  }

  /**
   * A copy for logging errors of the response body, which may come after the request has ended. Made before the block
   * is used again.
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
    copy.#bodyReader().markTaken()
    if (this.#isDetached) copy.#isDetached = true
    else copy.#copy(false)
    return copy
  }

  /** @internal */
  bodyChanged(error: Error): void {
    this.#surroundings.report(error, this as BrinkRequest)
  }

  /**
   * The request was answered; from now on nothing of it can be read.
   * @internal
   */
  end(): void {
    // While it can still be read.
    this.#rare?.traced?.ended()
    this.#body?.end()
    this.#isAnswered = true
    if (this.#surroundings.outliveAnswers !== true) this.#isEnded = true
    else if (!this.#isDetached) this.#copy(this.incoming === undefined && this.#body?.isTaken !== true)
    if (this.#isWatched) this.#surroundings.watching.remove(this)
    this.incoming?.fail(ended())
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

  #bodyReader(): RequestBody {
    this.#body ??= new RequestBody(this)
    return this.#body
  }

  /** @internal */
  get bodyLimit(): number {
    return this.#match.route.bodyLimit ?? this.#surroundings.bodyLimit
  }

  /** The content codings of the body that are undone. @internal */
  get codings(): string | null {
    return this.#surroundings.leavesCodings === true ? null : this.headers.get('content-encoding')
  }

  /**
   * Takes a body that has arrived completely: a view of the block, which is reused. Undefined for other bodies.
   * @internal
   */
  takeArrived(): Buffer | undefined {
    return this.#bodyReader().takeArrived()
  }

  /** Whether the client asks to switch to another protocol. @internal */
  get offersUpgrade(): boolean {
    return (this.event()[this.eventAt + REQUEST_FLAGS] & FLAG_UPGRADE) !== 0
  }

  /** Whether the request has a body that is not empty. @internal */
  get hasBody(): boolean {
    return (this.event()[this.eventAt + REQUEST_FLAGS] & FLAG_BODY) !== 0
  }

  /** @internal */
  arrived(): Buffer {
    const words = this.event()
    const start = words[this.eventAt + REQUEST_BODY_OFFSET]
    return this.#eventBytes.subarray(start, start + words[this.eventAt + REQUEST_BODY_LENGTH])
  }

  #base(): string {
    const { host } = this
    if (host !== null) return `${this.scheme}//${host}`
    // Not every listener of a server has TLS, and that of a Unix domain socket has no origin that says so.
    return this.#surroundings.origin().replace(/^[^:]*:/, this.scheme)
  }
}

function ended(): Error {
  return coded(
    new Error('This request was already answered: read what you need of it before you answer.'),
    'ERR_REQUEST_ENDED',
  )
}

/** The method of the request event at a place in `words`. Its head begins at `headAt` in `bytes`. */
export function methodAt(words: Int32Array, at: number, bytes: RawBuffer, headAt: number): string {
  const method = words[at + REQUEST_METHOD]
  const known = (method & 0xff) === METHOD_UNKNOWN ? undefined : native.methods[method & 0xff]
  // The head begins with the method.
  return known ?? bytes.latin1Slice(headAt, headAt + (method >>> 8))
}
