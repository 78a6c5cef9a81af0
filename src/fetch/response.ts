import { bytesOf } from '../exchange/bytes_of.js'
import { isFramingField, isLength } from '../fields/header_rules.js'
import { Reply, TO_REPLY } from '../reply/reply.js'
import { WholeAnswer } from '../reply/whole_answer.js'
import { coded } from '../runtime/errors.js'
import { INSPECT, type Inspect } from '../runtime/inspection.js'
import { isBlob } from '../streams/body_source.js'
import {
  arrayBufferOf,
  byteStream,
  decodedText,
  isDisturbed,
  isNodeStream,
  piecesOf,
  textBytes,
  textStreamOf,
} from './bodies.js'
import { headOfList } from './head.js'
import { appendTo, FetchHeaders, type FieldList, listOf, placeOf } from './headers.js'
import { LazyStream } from './lazy_stream.js'
import { natives } from './natives.js'
import { callLike, takeForInstances } from './stand_in.js'

const TEXT = 'text/plain;charset=UTF-8'
const TEXT_LINE = `content-type: ${TEXT}\r\n`
const REDIRECTIONS: readonly number[] = [301, 302, 303, 307, 308]
/** Statuses without a body (WHATWG Fetch §2.2.3). */
const NULL_BODY: readonly number[] = [101, 204, 205, 304]
const NO_LIST: readonly string[] = Object.freeze([])

type ResponseBody = ConstructorParameters<typeof Response>[0]

interface Init {
  readonly status?: unknown
  readonly statusText?: unknown
  readonly headers?: unknown
}

/**
 * A light `Response`. Text, bytes and JSON are kept as they are until they are sent; a stream is created only when it is
 * used. Objects of this class and of the runtime's class are `instanceof` both.
 */
export class FetchResponse {
  #status = 200
  #statusText = ''
  /** Text, or a copy of bytes. */
  #whole: string | Uint8Array | undefined
  #stream: ReadableStream<Uint8Array> | Blob | undefined
  #list: FieldList | undefined
  #headers: FetchHeaders | undefined
  /** The content type of the body, which applies when the list has none. */
  #type: string | undefined
  #isUsed = false

  constructor(body?: unknown, init?: Init | null) {
    if (typeof body === 'string') {
      this.#whole = body
      this.#type = TEXT
    }
    if (init !== undefined && init !== null) this.#takeInit(init)
    if (body === undefined || body === null) return
    if (NULL_BODY.includes(this.#status)) {
      throw new TypeError(`Response constructor: an answer with the status ${this.#status} has no body.`)
    }
    if (typeof body !== 'string') this.#takeBody(body)
  }

  static json(data: unknown, init?: Init): FetchResponse {
    const text = JSON.stringify(data) as string | undefined
    if (text === undefined) throw new TypeError('Response.json: the value is not JSON serializable.')
    const response = new FetchResponse(text, init)
    response.#type = 'application/json'
    return response
  }

  static redirect(url: string | URL, given = 302): FetchResponse {
    const { href } = new URL(String(url))
    const status = Number(given)
    if (!REDIRECTIONS.includes(status)) throw new RangeError(`Invalid status code ${String(status)}`)
    return new FetchResponse(null, { status, headers: [['location', href]] })
  }

  static error(): Response {
    return natives().Response.error()
  }

  /** Whether the value is a FetchResponse. */
  static is(value: unknown): value is FetchResponse {
    return typeof value === 'object' && value !== null && #isUsed in value
  }

  /** The response of an accepted upgrade. */
  static handedOver(): FetchResponse {
    const response = new FetchResponse()
    response.#status = 101
    return response
  }

  #takeInit(init: Init): void {
    if (typeof init !== 'object' && typeof init !== 'function') {
      throw new TypeError('Response constructor: the second argument is an object.')
    }
    if (FetchResponse.is(init)) {
      this.#status = init.#status
      this.#statusText = init.#statusText
      const list = init.#list ?? NO_LIST
      this.#list = list.slice()
      if (init.#type !== undefined && placeOf(list, 'content-type') === -1) this.#list.push('content-type', init.#type)
      return
    }
    const { status, statusText, headers } = init
    if (status !== undefined) this.#status = checkedStatus(status)
    if (statusText !== undefined) this.#statusText = checkedStatusText(statusText)
    if (headers !== undefined && headers !== null) this.#list = listOf(headers)
  }

  #takeBody(body: unknown): void {
    if (typeof body !== 'object' || body === null) {
      // Not String(), which takes a symbol.
      this.#whole = `${body as string}`
      this.#type = TEXT
      return
    }
    const { [Symbol.toStringTag]: tag, getReader } = body as { [Symbol.toStringTag]?: unknown; getReader?: unknown }
    const bytes = bytesOf(body)
    if (bytes !== undefined) {
      this.#whole = new Uint8Array(bytes)
    } else if (LazyStream.contentOf(body) !== undefined) {
      this.#whole = LazyStream.contentOf(body)
    } else if (typeof getReader === 'function') {
      const stream = body as ReadableStream<Uint8Array>
      if (stream.locked || isDisturbed(stream)) {
        throw new TypeError('Response body object should not be disturbed or locked')
      }
      this.#stream = stream
    } else if (isBlob(body)) {
      this.#stream = body as unknown as Blob
      if (body.type !== '') this.#type = body.type
    } else if (tag === 'URLSearchParams') {
      this.#whole = String(body)
      this.#type = 'application/x-www-form-urlencoded;charset=UTF-8'
    } else if (isNodeStream(body)) {
      const pieces = piecesOf(body)
      if (isDisturbed(body)) throw new TypeError('Response body object should not be disturbed or locked')
      this.#stream = new (natives().Response)(pieces as ResponseBody).body as ReadableStream<Uint8Array>
    } else if (tag === 'FormData' || Symbol.asyncIterator in body) {
      const packed = new (natives().Response)(body as ResponseBody)
      this.#stream = packed.body as ReadableStream<Uint8Array>
      this.#type = packed.headers.get('content-type') ?? undefined
    } else {
      this.#whole = String(body)
      this.#type = TEXT
    }
  }

  get type(): Response['type'] {
    return 'default'
  }

  get url(): string {
    return ''
  }

  get redirected(): boolean {
    return false
  }

  get status(): number {
    return this.#status
  }

  get ok(): boolean {
    return this.#status >= 200 && this.#status <= 299
  }

  get statusText(): string {
    return this.#statusText
  }

  get headers(): Headers {
    this.#headers ??= new FetchHeaders(this.#ownList())
    return this.#headers as unknown as Headers
  }

  /** The list, with the content type of the body, so that it can be changed or deleted. */
  #ownList(): FieldList {
    this.#list ??= []
    if (this.#type !== undefined && placeOf(this.#list, 'content-type') === -1) {
      appendTo(this.#list, 'content-type', this.#type)
    }
    this.#type = undefined
    return this.#list
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (this.#stream === undefined) {
      if (this.#whole === undefined) return null
      this.#stream = byteStream(this.#whole)
      if (this.#isUsed) LazyStream.spend(this.#stream)
    } else if (isBlob(this.#stream)) this.#stream = this.#stream.stream()
    return this.#stream as ReadableStream<Uint8Array>
  }

  get bodyUsed(): boolean {
    return this.#isUsed || (this.#stream !== undefined && !isBlob(this.#stream) && isDisturbed(this.#stream))
  }

  get #isUnusable(): boolean {
    return this.bodyUsed || (this.#stream as Partial<ReadableStream> | undefined)?.locked === true
  }

  clone(): Response {
    if (this.#isUnusable) throw new TypeError('Response.clone: Body has already been consumed.')
    const copy = new FetchResponse(null, this as unknown as Init)
    copy.#type = undefined
    if (this.#whole !== undefined) copy.#whole = this.#whole
    else if (isBlob(this.#stream)) copy.#stream = this.#stream as unknown as Blob
    else if (this.#stream !== undefined) [this.#stream, copy.#stream] = (this.#stream as ReadableStream).tee()
    return copy as unknown as Response
  }

  /** Takes the body. */
  #take(): Promise<string | Uint8Array> | string | Uint8Array {
    if (this.#isUnusable) throw new TypeError('Body is unusable: Body has already been read')
    const hasStream = this.#stream !== undefined
    this.#isUsed = this.#whole !== undefined || hasStream
    if (this.#whole !== undefined) {
      // A used body is a locked stream.
      if (LazyStream.isUntouched(this.#stream)) LazyStream.spend(this.#stream)
      else if (hasStream) void (this.#stream as ReadableStream).getReader().cancel()
      return this.#whole
    }
    if (!hasStream) return ''
    return new (natives().Response)(this.#stream as ResponseBody).arrayBuffer().then((buffer) => new Uint8Array(buffer))
  }

  async text(): Promise<string> {
    return decodedText(await this.#take())
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return arrayBufferOf(await this.#take())
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.arrayBuffer())
  }

  async blob(): Promise<Blob> {
    const type = this.headers.get('content-type') ?? ''
    return new Blob([await this.arrayBuffer()], { type })
  }

  async formData(): Promise<FormData> {
    const headers = [...this.headers].filter(([name]) => name === 'content-type')
    return new (natives().Response)(textBytes(await this.#take()), { headers }).formData()
  }

  textStream(): ReadableStream<string> {
    const body = this.body
    if (this.#isUnusable) throw new TypeError('Body is unusable: Body has already been read')
    return textStreamOf(body)
  }

  /**
   * The response in the form that the exchange takes; undefined when the body is a stream.
   * @throws TypeError `ERR_REPLY_USED`
   */
  whole(): WholeAnswer | undefined {
    const content = this.#whole
    if (this.#isUsed || this.#stream !== undefined) {
      if (this.#isUnusable) throw used()
      if (content === undefined) return undefined
    }
    if (this.#list === undefined) {
      const fields = this.#type === TEXT ? TEXT_LINE : undefined
      if (fields !== undefined) return new WholeAnswer(this.#status, 0, fields, content, undefined)
    }
    const { flags, fields, length } = headOfList(this.#list ?? NO_LIST, this.#type)
    return new WholeAnswer(this.#status, flags, fields, content, content === undefined ? length : undefined)
  }

  /** @internal */
  [TO_REPLY](): Reply {
    if (this.#isUnusable) throw used()
    const reply = new Reply(this.#status, this.#whole ?? this.#stream)
    reply.untyped = true
    const list = this.#ownList()
    for (let place = 0; place < list.length; place += 2) {
      const name = list[place] as string
      const value = list[place + 1] as string
      const isKept = name === 'content-length' ? this.#whole === undefined && isLength(value) : !isFramingField(name)
      if (isKept || (name === 'connection' && value.toLowerCase() === 'close')) reply.headers.append(name, value)
    }
    return reply
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { status, statusText, headers, bodyUsed, ok } = this
    return `Response ${inspect({ status, statusText, headers, bodyUsed, ok }, options)}`
  }
}

callLike(FetchResponse, 'Response')
takeForInstances(FetchResponse, () => natives().Response)

function used(): TypeError {
  const sentence =
    'This Response was sent or read before, which can be done once: make one for each request, or clone().'
  return coded(new TypeError(sentence), 'ERR_REPLY_USED')
}

function checkedStatus(given: unknown): number {
  if (Number.isInteger(given) && (given as number) >= 200 && (given as number) <= 599) return given as number
  // Web IDL converts the value to an unsigned short.
  const status = Math.trunc(Number(given)) & 0xffff
  if (status >= 200 && status <= 599) return status
  throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.')
}

function checkedStatusText(given: unknown): string {
  const text = String(given)
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return text
  throw new TypeError('Invalid statusText')
}
