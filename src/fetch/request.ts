import type { BrinkRequest } from '../request/request.js'
import { INSPECT, type Inspect } from '../runtime/inspection.js'
import { arrayBufferOf, decodedText, isDisturbed, streamOfBytes, textBytes, textStreamOf, utf8 } from './bodies.js'
import { bodyError } from './body_error.js'
import { FetchHeaders } from './headers.js'
import { LazyStream } from './lazy_stream.js'
import { natives } from './natives.js'
import { callLike } from './stand_in.js'
import { urlOf } from './url.js'

type Init = NonNullable<ConstructorParameters<typeof Request>[1]>

/** What a request has beyond fetch. */
export interface RequestContext {
  readonly remoteAddress: string
  readonly runtime: object
  waitUntil(promise: PromiseLike<unknown>): void
}

/**
 * A light `Request`, which is `instanceof Request`. Every property is read from the received bytes when it is used, at any
 * time, also after the response. `new Request(request)`, `fetch(request)` and `clone()` create a Request of the runtime.
 */
export class FetchRequest {
  readonly #source: BrinkRequest
  readonly #context: RequestContext
  #method: string | undefined
  #url: string | undefined
  #headers: FetchHeaders | undefined
  #stream: ReadableStream<Uint8Array> | undefined
  #isUsed = false

  constructor(source: BrinkRequest, context: RequestContext) {
    this.#source = source
    this.#context = context
  }

  /** Whether the value is a FetchRequest. */
  static is(value: unknown): value is FetchRequest {
    return typeof value === 'object' && value !== null && #isUsed in value
  }

  /** Converts to a Request of the runtime, which takes the body over unless `init` has another one. */
  static toNative(request: FetchRequest, init: Init | undefined): Request {
    const { method } = request
    const given: Init & { duplex?: 'half' } = {
      // The constructor refuses TRACE; `withMethod` sets it.
      method: method === 'TRACE' ? 'GET' : method,
      headers: request.headers,
      signal: request.signal,
    }
    const bringsBody = init?.body !== undefined && init.body !== null
    if (!bringsBody && request.#mayHaveBody) {
      if (request.#isUnusable) {
        throw new TypeError('Cannot construct a Request with a Request object that has already been used.')
      }
      // Before the body is taken: fetch's own check would come too late.
      if (/^(?:get|head)$/i.test(String(init?.method))) throw new TypeError('A GET or HEAD request has no body.')
      given.body = request.#giveBody()
      given.duplex = 'half'
    }
    return withMethod(new (natives().Request)(request.url, given), method)
  }

  get method(): string {
    this.#method ??= this.#source.method
    return this.#method
  }

  get url(): string {
    const source = this.#source
    this.#url ??= urlOf(source.scheme, source.host ?? new URL(source.url).host, source.originForm)
    return this.#url
  }

  get headers(): Headers {
    this.#headers ??= new FetchHeaders(undefined, this.#source.headers)
    return this.#headers as unknown as Headers
  }

  get signal(): AbortSignal {
    return this.#source.signal
  }

  get destination(): Request['destination'] {
    return '' as Request['destination']
  }

  get referrer(): string {
    return 'about:client'
  }

  get referrerPolicy(): Request['referrerPolicy'] {
    return ''
  }

  get mode(): Request['mode'] {
    return 'cors'
  }

  get credentials(): Request['credentials'] {
    return 'same-origin'
  }

  get cache(): Request['cache'] {
    return 'default'
  }

  get redirect(): Request['redirect'] {
    return 'follow'
  }

  get integrity(): string {
    return ''
  }

  get keepalive(): boolean {
    return false
  }

  get isReloadNavigation(): boolean {
    return false
  }

  get isHistoryNavigation(): boolean {
    return false
  }

  get duplex(): 'half' {
    return 'half'
  }

  /** The address of the client, as in srvx. */
  get ip(): string {
    return this.#context.remoteAddress
  }

  set ip(value: string) {
    this.#own('ip', value)
  }

  /** The runtime, as in srvx. */
  get runtime(): object {
    return this.#context.runtime
  }

  set runtime(value: object) {
    this.#own('runtime', value)
  }

  /** Makes `server.close()` wait for the promise, as in srvx. */
  get waitUntil(): (promise: PromiseLike<unknown>) => void {
    return (promise) => this.#context.waitUntil(promise)
  }

  set waitUntil(value: unknown) {
    this.#own('waitUntil', value)
  }

  /** Some frameworks assign these properties. */
  #own(name: string, value: unknown): void {
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true })
  }

  /** In fetch, GET and HEAD have no body (see also RFC 9110 §9.3.1). */
  get #mayHaveBody(): boolean {
    return this.method !== 'GET' && this.method !== 'HEAD' && (this.#source.hasBody || this.#saysLength)
  }

  /** With `content-length: 0` the body is an empty stream, not null. */
  get #saysLength(): boolean {
    return this.#source.headers.get('content-length') !== null
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (this.#stream !== undefined) return this.#stream
    if (!this.#mayHaveBody) return null
    this.#stream = new LazyStream(() => this.#newStream()) as unknown as ReadableStream<Uint8Array>
    if (this.#isUsed) LazyStream.spend(this.#stream)
    return this.#stream
  }

  #newStream(): ReadableStream<Uint8Array> {
    let pieces: AsyncGenerator<Uint8Array, void, undefined> | undefined
    const begun = () => {
      pieces ??= this.#source.chunks()
      return pieces
    }
    const next = async () => {
      try {
        const { done, value } = await begun().next()
        return done ? undefined : new Uint8Array(value)
      } catch (error) {
        throw bodyError(error)
      }
    }
    return streamOfBytes(next, () => void begun().return(undefined))
  }

  get bodyUsed(): boolean {
    return this.#isUsed || (this.#stream !== undefined && isDisturbed(this.#stream))
  }

  get #isUnusable(): boolean {
    return this.bodyUsed || this.#stream?.locked === true
  }

  /** A stream that the app has looked at, but not read, is locked, too. */
  #markUsed(): void {
    this.#isUsed = true
    LazyStream.spend(this.#stream)
  }

  /** Whether the stream was used. */
  get #isStreamed(): boolean {
    return this.#stream !== undefined && !LazyStream.isUntouched(this.#stream)
  }

  /** Gives the body to another Request. */
  #giveBody(): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
    const arrived = this.#isStreamed ? undefined : this.#source.takeArrived()
    if (arrived === undefined) return this.body as ReadableStream<Uint8Array>
    this.#markUsed()
    return new Uint8Array(arrived)
  }

  clone(): Request {
    if (this.#isUnusable) throw new TypeError('Request.clone: Body has already been consumed.')
    const { method, body } = this
    const init: Init & { duplex?: 'half' } = {
      method: method === 'TRACE' ? 'GET' : method,
      headers: this.headers,
      signal: this.signal,
    }
    if (body !== null) {
      const [own, other] = body.tee()
      this.#stream = own as ReadableStream<Uint8Array>
      init.body = other
      init.duplex = 'half'
    }
    return withMethod(new (natives().Request)(this.url, init), method)
  }

  text(): Promise<string> {
    const arrived = this.#arrived()
    if (arrived === undefined) return handled(this.#later().then(decodedText))
    const text = utf8(arrived)
    return Promise.resolve(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  }

  json(): Promise<unknown> {
    return handled(this.text().then(JSON.parse))
  }

  bytes(): Promise<Uint8Array> {
    const arrived = this.#arrived()
    return arrived === undefined ? handled(this.#later()) : Promise.resolve(new Uint8Array(arrived))
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return handled(this.bytes().then(arrayBufferOf))
  }

  blob(): Promise<Blob> {
    const type = this.headers.get('content-type') ?? ''
    return handled(this.arrayBuffer().then((buffer) => new Blob([buffer], { type })))
  }

  formData(): Promise<FormData> {
    const type = this.headers.get('content-type')
    const headers = type === null ? [] : [['content-type', type] as [string, string]]
    return handled(this.bytes().then((bytes) => new (natives().Response)(textBytes(bytes), { headers }).formData()))
  }

  textStream(): ReadableStream<string> {
    const body = this.body
    if (this.#isUnusable) throw new TypeError('Body is unusable: Body has already been read')
    return textStreamOf(body)
  }

  /** Takes a body that has arrived completely, synchronously, because its block is reused. Undefined for other bodies. */
  #arrived(): Uint8Array | undefined {
    if (this.#isUsed || this.#isStreamed) return undefined
    if (!this.#mayHaveBody) return NOTHING
    const arrived = this.#source.takeArrived()
    if (arrived !== undefined) this.#markUsed()
    return arrived
  }

  async #later(): Promise<Uint8Array> {
    if (this.#isUnusable) throw new TypeError('Body is unusable: Body has already been read')
    const stream = this.#isStreamed ? this.#stream : undefined
    this.#markUsed()
    if (stream !== undefined) {
      const buffer = await new (natives().Response)(stream as never).arrayBuffer()
      return new Uint8Array(buffer)
    }
    try {
      return await this.#source.bytes()
    } catch (error) {
      throw bodyError(error)
    }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { method, url, headers, bodyUsed } = this
    return `Request ${inspect({ method, url, headers, bodyUsed }, options)}`
  }
}

callLike(FetchRequest, 'Request')

/**
 * The caller still sees the error. This only prevents that an unhandled rejection ends the process when a client leaves
 * before the app awaits the body.
 */
function handled<T>(body: Promise<T>): Promise<T> {
  body.catch(() => {})
  return body
}

const NOTHING = new Uint8Array(0)

/** fetch cannot send TRACE, but a server may receive it. */
function withMethod(request: Request, method: string): Request {
  if (method === 'TRACE') Object.defineProperty(request, 'method', { value: method, configurable: true })
  return request
}
