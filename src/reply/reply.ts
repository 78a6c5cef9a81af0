import { bytesOf } from '../exchange/bytes_of.js'
import { isFramingField } from '../fields/header_rules.js'
import { type HeadersSource, ReplyHeaders } from '../fields/headers.js'
import type { ReplyContext } from '../request/request_context.js'
import { describe } from '../runtime/describe.js'
import { coded, isError } from '../runtime/errors.js'
import { INSPECT, type Inspect } from '../runtime/inspection.js'
import { wrongArgument } from '../runtime/option_errors.js'
import { isPromise } from '../runtime/promises.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { peeked } from '../streams/body_source.js'
import { unsupportedBody } from './body.js'
import type { HandlerResult } from './handler_result.js'

/**
 * The body of a reply: text, bytes, a stream (`ReadableStream`, Node `Readable`, async iterable, generator, `Blob`),
 * or any other value, sent as JSON. Undefined and null are an empty body.
 */
export type ReplyBody = string | number | boolean | object | null | undefined

/** A response before it is sent. Middleware may change its status, headers and body. Make one with `reply()`. */
export class Reply {
  /** The header fields. Change them in place. */
  readonly headers: ReplyHeaders
  /** The body: see `reply()`. */
  body: ReplyBody
  /**
   * Trailer fields, sent after a streamed body: a record, or a function that is called when the body is complete.
   * They are sent only to HTTP/1.1 clients, and only when the body has no known length (RFC 9110 §6.5).
   */
  trailers: HeadersSource | (() => HeadersSource) | undefined
  /** Whether to send no content-type when the headers have none, as fetch does for a Response. @internal */
  untyped = false
  /**
   * The error that this reply answers; undefined when nothing was thrown. Middleware that reports errors reads this,
   * because an `onError` may answer with any status.
   */
  error: unknown
  /** The async context in which a stream is read or a connection is taken over. @internal */
  context: ReplyContext | undefined
  #status: number

  constructor(status: number, body?: ReplyBody, headers?: HeadersSource) {
    this.#status = checkedStatus(status)
    this.body = body
    listenTo(body)
    this.headers = new ReplyHeaders(headers)
  }

  /** The status, from 200 to 599. Setting any other value throws RangeError `ERR_INVALID_STATUS`. */
  get status(): number {
    return this.#status
  }

  /**
   * Returns the reply for this request, after all middleware has run.
   * @throws HttpError
   * @internal
   */
  forRequest(_req: { readonly method: string; readonly headers: { get(name: string): string | null } }): Reply {
    return this
  }

  /**
   * Returns a copy for another request; changes to it do not affect this one.
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
 * Creates a response with a status, a body and headers.
 *
 * A string is sent as `text/plain`, bytes and streams as `application/octet-stream`, any other value as JSON, unless
 * `headers` sets a `content-type`. Without a body nothing is sent, and no `content-type`.
 *
 * A stream yields strings or bytes. It is read only as fast as the client takes it (backpressure). With a
 * `content-length` header it is sent with that length, and the connection is closed if the stream yields more or
 * less; otherwise it is sent chunked. The head is sent with the first piece, or after 100 ms if there is none yet
 * (for `text/event-stream` at once). An error before that is answered like any other error. A later error closes the
 * connection, so that the client notices, and is logged. When the client disconnects, the stream is cancelled.
 *
 * @param status 200 to 599. Default: 200. Responses with 204 and 304 have no body (RFC 9110 §15.3.5, §15.4.5)
 * @throws RangeError `ERR_INVALID_STATUS`; TypeError for a header that cannot be sent, see `ReplyHeaders`
 */
export function reply(status = 200, body?: ReplyBody, headers?: HeadersSource): Reply {
  return new Reply(status, body, headers)
}

/**
 * Creates an HTML response: `text/html; charset=utf-8`, unless `headers` sets a `content-type`.
 *
 * @param status 200 to 599. Default: 200
 * @throws TypeError `ERR_INVALID_ARG_TYPE` when `text` is not a string; otherwise like `reply()`
 */
export function html(text: string, status = 200, headers?: HeadersSource): Reply {
  if (typeof text !== 'string') throw wrongArgument('html(text, status, headers)', 'a string as its text', text)
  const page = new Reply(status, text, headers)
  if (!page.headers.has('content-type')) page.headers.set('content-type', 'text/html; charset=utf-8')
  return page
}

const REDIRECTIONS: readonly number[] = [301, 302, 303, 307, 308]

/**
 * Creates a redirect (RFC 9110 §15.4). `location` is a URL, absolute or relative to the URL of the request.
 * Characters that a URL cannot contain, such as `é`, are percent-encoded.
 *
 * @param status Default: 302 (temporary). 301 is permanent; 303 makes the client GET another resource; 307 and 308
 * are like 302 and 301 and keep the method and the body
 * @throws TypeError `ERR_INVALID_ARG_TYPE` when `location` is neither a string nor a URL; RangeError
 * `ERR_INVALID_STATUS` for any other status
 */
export function redirect(location: string | URL, status = 302): Reply {
  const isUrl = typeof location === 'object' && typeof (location as URL | null)?.href === 'string'
  if (typeof location !== 'string' && !isUrl) {
    throw wrongArgument('redirect(location, status)', 'a string or a URL as its location', location)
  }
  if (!REDIRECTIONS.includes(status)) {
    const sentence = `The status of a redirect must be one of ${REDIRECTIONS.join(', ')}, not ${describe(status)}.`
    throw coded(new RangeError(sentence), 'ERR_INVALID_STATUS')
  }
  const target = isUrl ? (location as URL).href : (location as string)
  return new Reply(status, undefined, { location: target.replace(/[^\x21-\x7e]/gu, escaped) })
}

/** A lone surrogate becomes U+FFFD (WHATWG Encoding §8.2). */
function escaped(character: string): string {
  return /^[\uD800-\uDFFF]$/.test(character) ? '%EF%BF%BD' : encodeURIComponent(character)
}

/**
 * Converts what a handler returned to a Reply. A plain value gets status 200, undefined and null get 204. The result
 * is a promise only for promises and for a standard `Response` with a body.
 *
 * @throws TypeError `ERR_UNSUPPORTED_BODY` for a function, a symbol, a `Map` or any other value that cannot be sent;
 * `ERR_REPLY_USED` for a `Response` that was sent or read before; the value itself when it is an Error
 */
export function toReply(value: HandlerResult | PromiseLike<HandlerResult>): Reply | Promise<Reply> {
  if (typeof value === 'string') return new Reply(200, value)
  if (value === undefined || value === null) return new Reply(204)
  if (value instanceof Reply) return value
  if (isPromise(value)) return Promise.resolve(value).then(toReply)
  if (isError(value)) throw value
  if (isResponse(value)) return fromResponse(value)
  const bytes = bytesOf(value)
  if (bytes !== undefined) return new Reply(200, bytes)
  const complaint = unsupportedBody(value)
  if (complaint !== undefined) throw complaint
  return new Reply(200, value)
}

/** Whether a value is a complete response, with a status and header fields. */
export function isAnswer(value: unknown): value is Reply | Response {
  return value instanceof Reply || isResponse(value)
}

/** Whether a value is a standard `Response` of any implementation. */
// Tested by tag, not by instanceof: naming the global `Response` makes Node load all of fetch.
export function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false
  const candidate = value as Partial<Response> & { [Symbol.toStringTag]?: unknown }
  return candidate[Symbol.toStringTag] === 'Response' && typeof candidate.arrayBuffer === 'function'
}

/** The key of a method of brink's own `Response` that converts it to a reply. */
export const TO_REPLY: unique symbol = Symbol('brink.toReply')

/**
 * Converts a `Response` of any implementation to a reply.
 * @throws TypeError `ERR_REPLY_USED`
 */
export function fromResponse(response: Response): Reply | Promise<Reply> {
  const { [TO_REPLY]: own } = response as { [TO_REPLY]?: () => Reply }
  if (own !== undefined) return own.call(response)
  if (response.bodyUsed || response.body?.locked === true) {
    const sentence =
      'This Response was already sent or read, and can be sent only once: create one for each request, or clone() it.'
    throw coded(new TypeError(sentence), 'ERR_REPLY_USED')
  }
  const converted = new Reply(response.status)
  converted.untyped = true
  // A response that was received by fetch has a decoded body: its content-encoding is no longer true.
  const received = response.type !== 'default'
  for (const [name, value] of response.headers) {
    // content-length is taken from the body that is sent, and connection fields belong to the other connection.
    const stale = name === 'content-length' || (received && name === 'content-encoding') || isFramingField(name)
    if (!stale) converted.headers.append(name, value)
  }
  if (response.body === null) return converted
  if (typeof response.body.getReader !== 'function') {
    // Other implementations have a Node stream here.
    converted.body = response.body
    return converted
  }
  return peeked(response.body).then((body) => {
    converted.body = body
    return converted
  })
}

/**
 * A Readable that fails before it is read, while a middleware still waits, would end the process if it had no error
 * listener. The error is reported when the stream is read.
 */
function listenTo(body: ReplyBody): void {
  if (typeof body !== 'object' || body === null) return
  const { pipe, on } = body as { pipe?: unknown; on?: (event: string, listener: () => void) => void }
  if (typeof pipe === 'function' && typeof on === 'function') on.call(body, 'error', () => {})
}

function checkedStatus(status: number): number {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status
  const sentence = `The status of a reply must be a number from 200 to 599, not ${describe(status)}`
  throw coded(new RangeError(`${sentence}: reply(status, body, headers).`), 'ERR_INVALID_STATUS')
}

isNoHandler(reply, 'call it in a handler, () => reply(status, body)')
isNoHandler(html, 'call it in a handler, () => html(text)')
isNoHandler(redirect, 'call it in a handler, () => redirect(location)')
