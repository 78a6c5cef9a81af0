import { bytesOf } from '../exchange/bytes_of.js'
import { isFramingField } from '../fields/header_rules.js'
import { type HeadersSource, ReplyHeaders } from '../fields/headers.js'
import type { ReplyContext } from '../request/request_context.js'
import { coded, isError } from '../runtime/errors.js'
import { INSPECT, type Inspect } from '../runtime/inspection.js'
import { wrongType } from '../runtime/option_errors.js'
import { isPromise } from '../runtime/promises.js'
import { peeked } from '../streams/body_source.js'
import { unsupportedBody } from './body.js'
import type { HandlerResult } from './handler_result.js'

/**
 * What a reply can carry: text, bytes, a stream (`ReadableStream`, Node `Readable`, async iterable, generator, `Blob`),
 * or anything else to be sent as JSON. Nothing (or null) is an empty body.
 */
export type ReplyBody = string | number | boolean | object | null | undefined

/**
 * An answer on its way: middleware may change its status, headers and body before it is sent.
 * Make one with `reply()`.
 */
export class Reply {
  /** The header fields, to be read and changed. */
  readonly headers: ReplyHeaders
  /** What is sent: see `reply()`. */
  body: ReplyBody
  /**
   * Fields that are sent behind a streamed body, or a function that makes them when the body is complete. Only clients
   * of HTTP/1.1 get them, and only where the length of the body is not known (RFC 9110 §6.5).
   */
  trailers: HeadersSource | (() => HeadersSource) | undefined
  /** Sent without a content-type where the headers have none, as fetch does with a Response. @internal */
  untyped = false
  /**
   * What was thrown further in, and this answers for. Middleware that acts on errors looks at it: the answer may come from
   * an `onError`, with any status.
   */
  error: unknown
  /** Where a stream is read, or a connection handed over. @internal */
  context: ReplyContext | undefined
  #status: number

  constructor(status: number, body?: ReplyBody, headers?: HeadersSource) {
    this.#status = checkedStatus(status)
    this.body = body
    listenTo(body)
    this.headers = new ReplyHeaders(headers)
  }

  /** The status, from 200 to 599. Setting another one throws RangeError `ERR_INVALID_STATUS`. */
  get status(): number {
    return this.#status
  }

  /**
   * What is sent to this request in particular, when all middleware has seen the reply.
   * @throws HttpError
   * @internal
   */
  forRequest(_req: { readonly method: string; readonly headers: { get(name: string): string | null } }): Reply {
    return this
  }

  /**
   * The same for one more request: what is changed there is not changed here.
   * @internal
   */
  copy(): Reply {
    const copy = new Reply(this.#status, undefined, this.headers)
    copy.body = this.body
    copy.trailers = this.trailers
    copy.untyped = this.untyped
    copy.context = this.context
    copy.error = this.error
    return copy
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { status, headers, body } = this
    return `Reply ${inspect({ status, headers, body }, options)}`
  }

  set status(status: number) {
    this.#status = checkedStatus(status)
  }
}

/**
 * Makes an answer with a status and headers of its own.
 *
 * A string is sent as `text/plain`, bytes and streams as `application/octet-stream`, anything else as JSON, unless the
 * headers name another `content-type`. Without a body nothing is sent, and there is no `content-type`.
 *
 * A stream is made of strings and bytes, and is read no faster than the client takes it. With a `content-length` among
 * the headers it is sent with that length, and one that disagrees is broken off; otherwise it is sent in chunks. The head
 * leaves with the first piece, or after 100 ms without one (`text/event-stream`: at once). What the stream throws before
 * is answered like any other error; what it throws later breaks the connection, so that the client can tell, and is
 * logged. When the client goes away it is cancelled.
 *
 * @param status 200 to 599, default 200. 204 and 304 never carry a body (RFC 9110 §15.3.5, §15.4.5)
 * @throws RangeError `ERR_INVALID_STATUS`; TypeError for a header that cannot be sent, see `ReplyHeaders`
 */
export function reply(status = 200, body?: ReplyBody, headers?: HeadersSource): Reply {
  return new Reply(status, body, headers)
}

/**
 * A page: text as `text/html`, in UTF-8.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` when it is no string; what `reply` throws
 */
export function html(text: string, status = 200, headers?: HeadersSource): Reply {
  if (typeof text !== 'string') throw wrongType('text', 'a string', text)
  const page = new Reply(status, text, headers)
  if (!page.headers.has('content-type')) page.headers.set('content-type', 'text/html; charset=utf-8')
  return page
}

const REDIRECTIONS: readonly number[] = [301, 302, 303, 307, 308]

/**
 * Sends the client to another place (RFC 9110 §15.4). `location` is a URL, or a reference relative to that of the request;
 * characters that no URL has, such as `é`, are escaped.
 *
 * @param status 302 (default) for now, 301 for good, 303 for another resource, to be asked with GET; 307 and 308 are 302
 *   and 301 with the method and the body that the request had
 * @throws TypeError `ERR_INVALID_ARG_TYPE` when `location` is none, RangeError `ERR_INVALID_STATUS` for other statuses
 */
export function redirect(location: string | URL, status = 302): Reply {
  const isUrl = typeof location === 'object' && typeof (location as URL | null)?.href === 'string'
  if (typeof location !== 'string' && !isUrl) throw wrongType('location', 'a string or a URL', location)
  if (!REDIRECTIONS.includes(status)) {
    const sentence = `A redirection has one of the statuses ${REDIRECTIONS.join(', ')}, not ${String(status)}.`
    throw coded(new RangeError(sentence), 'ERR_INVALID_STATUS')
  }
  const target = isUrl ? (location as URL).href : (location as string)
  return new Reply(status, undefined, { location: target.replace(/[^\x21-\x7e]/gu, escaped) })
}

/** Half a surrogate pair is no character (WHATWG Encoding §8.2). */
function escaped(character: string): string {
  return /^[\uD800-\uDFFF]$/.test(character) ? '%EF%BF%BD' : encodeURIComponent(character)
}

/**
 * What a handler returned, as a Reply: a value of its own comes with status 200, nothing with 204. Only promises and
 * a standard `Response` with a body make this a promise.
 *
 * @throws TypeError `ERR_UNSUPPORTED_BODY` for a function, a symbol, a `Map`, or anything else that cannot be sent;
 *   `ERR_REPLY_USED` for a `Response` that was sent or read before; an Error that was returned
 */
export function toReply(value: HandlerResult | PromiseLike<HandlerResult>): Reply | Promise<Reply> {
  if (typeof value === 'string') return new Reply(200, value)
  if (value === undefined || value === null) return new Reply(204)
  if (value instanceof Reply) return value
  if (isPromise(value)) return Promise.resolve(value).then(toReply)
  if (isError(value)) throw value
  if (isResponse(value)) return fromResponse(value)
  const complaint = unsupportedBody(value)
  if (complaint !== undefined) throw complaint
  return new Reply(200, bytesOf(value) ?? value)
}

/** Whether a value is an answer as a whole, with a status and fields. */
export function isAnswer(value: unknown): value is Reply | Response {
  return value instanceof Reply || isResponse(value)
}

/** Whether a value is a standard `Response`, of whatever implementation. */
// Told by its tag, not by instanceof: naming the global `Response` makes Node load the whole of fetch.
export function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false
  const candidate = value as Partial<Response> & { [Symbol.toStringTag]?: unknown }
  return candidate[Symbol.toStringTag] === 'Response' && typeof candidate.arrayBuffer === 'function'
}

/** A method by which a `Response` of brink's own says what it is as a reply. */
export const TO_REPLY: unique symbol = Symbol('brink.toReply')

/**
 * A standard `Response`, of whatever implementation, as a reply.
 * @throws TypeError `ERR_REPLY_USED`
 */
export function fromResponse(response: Response): Reply | Promise<Reply> {
  const { [TO_REPLY]: own } = response as { [TO_REPLY]?: () => Reply }
  if (own !== undefined) return own.call(response)
  if (response.bodyUsed || response.body?.locked === true) {
    const sentence =
      'This Response was sent or read before, which can be done once: make one for each request, or clone().'
    throw coded(new TypeError(sentence), 'ERR_REPLY_USED')
  }
  const converted = new Reply(response.status)
  converted.untyped = true
  // What fetch received it has decoded already: that encoding is no longer true of the body.
  const received = response.type !== 'default'
  for (const [name, value] of response.headers) {
    // The length is that of the bytes below, and the connection is another one.
    const stale = name === 'content-length' || (received && name === 'content-encoding') || isFramingField(name)
    if (!stale) converted.headers.append(name, value)
  }
  if (response.body === null) return converted
  if (typeof response.body.getReader !== 'function') {
    // Other implementations have a stream of Node's here.
    converted.body = response.body
    return converted
  }
  return peeked(response.body).then((body) => {
    converted.body = body
    return converted
  })
}

/**
 * A Readable that fails before it is read from, while a middleware still waits, would end the process if nobody
 * listened. The error is seen when it is read.
 */
function listenTo(body: ReplyBody): void {
  if (typeof body !== 'object' || body === null) return
  const { pipe, on } = body as { pipe?: unknown; on?: (event: string, listener: () => void) => void }
  if (typeof pipe === 'function' && typeof on === 'function') on.call(body, 'error', () => {})
}

function checkedStatus(status: number): number {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status
  const given = typeof status === 'number' ? status : `a ${typeof status}`
  throw coded(new RangeError(`A reply takes a status from 200 to 599, not ${given}.`), 'ERR_INVALID_STATUS')
}
