import { coded, isError } from '../runtime/errors.js'
import type { HeadersSource } from './headers.js'
import { reasonPhrase } from './reason_phrase.js'

/** What an `HttpError` may carry besides its status and message. */
export interface HttpErrorOptions {
  /** What led to this error. It reaches the log, never the client. */
  cause?: unknown
  /** Header fields of the answer, such as `retry-after` with a 503. */
  headers?: HeadersSource
  /** A code for programs. Default: `ERR_HTTP_` and the status, such as `ERR_HTTP_404`. */
  code?: string
  /** Whether the client may read the message. Default: true for 4xx, false for 5xx. */
  expose?: boolean
}

/**
 * An error that is an answer: throw it from a handler or a middleware to answer with its status.
 *
 * The message is the body when `expose` is true, otherwise the client reads the reason phrase alone. Errors of 500
 * and above are logged, those below are the client's doing and are not.
 *
 * @throws RangeError `ERR_INVALID_STATUS` when the status is not a client or server error (RFC 9110 §15.5, §15.6)
 */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  /** From 400 to 599. */
  readonly status: number
  /** For programs, such as `ERR_HTTP_404`. */
  readonly code: string
  /** Whether the client may read the message. */
  readonly expose: boolean
  /** Header fields of the answer. */
  readonly headers: HeadersSource | undefined

  constructor(status: number, message?: string, options: HttpErrorOptions = {}) {
    if (!isErrorStatus(status)) {
      throw coded(
        new RangeError(`An HttpError takes a status from 400 to 599, not ${String(status)}.`),
        'ERR_INVALID_STATUS',
      )
    }
    super(message ?? reasonPhrase(status), 'cause' in options ? { cause: options.cause } : undefined)
    this.status = status
    this.code = options.code ?? `ERR_HTTP_${status}`
    this.expose = options.expose ?? status < 500
    this.headers = options.headers
  }
}

/** What an error says of its answer. */
export interface ErrorAnswer {
  /** From 400 to 599. */
  readonly status: number
  /** Whether the client may read the message. */
  readonly expose: boolean
  readonly headers: HeadersSource | undefined
}

/**
 * The answer that an error asks for: an `HttpError`, or any Error with a `status` or `statusCode` from 400 to 599, as
 * http-errors, body parsers and clients of HTTP make them. Undefined for all others.
 *
 * `headers` are taken from an `HttpError`, and from what says `expose` as http-errors do. Those of other errors may be
 * the fields of an answer that somebody else gave.
 */
export function answerOfError(error: unknown): ErrorAnswer | undefined {
  if (error instanceof HttpError) return error
  if (!isError(error)) return undefined
  const { status, statusCode, expose, headers } = error as Error & {
    [Name in keyof HttpError | 'statusCode']?: unknown
  }
  const wanted = [status, statusCode].find(isErrorStatus)
  if (wanted === undefined) return undefined
  const hasHeaders = typeof expose === 'boolean' && typeof headers === 'object' && headers !== null
  return {
    status: wanted,
    expose: typeof expose === 'boolean' ? expose : wanted < 500,
    headers: hasHeaders ? (headers as HeadersSource) : undefined,
  }
}

function isErrorStatus(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599
}
