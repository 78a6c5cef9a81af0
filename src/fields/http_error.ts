import { describe } from '../runtime/describe.js'
import { coded, isError } from '../runtime/errors.js'
import { wrongArgument } from '../runtime/option_errors.js'
import type { HeadersSource } from './headers.js'
import { reasonPhrase } from './reason_phrase.js'

/** The options of an `HttpError`. */
export interface HttpErrorOptions {
  /** The error that caused this one. It is logged and never sent to the client. */
  cause?: unknown
  /** Header fields of the response, such as `retry-after` for a 503. */
  headers?: HeadersSource
  /** A code for programs. Default: `ERR_HTTP_` and the status, such as `ERR_HTTP_404`. */
  code?: string
  /** Whether the message is sent to the client. Default: true for 4xx, false for 5xx. */
  expose?: boolean
}

/**
 * An error with an HTTP status. Throw it from a handler or a middleware to end the request with that status.
 *
 * The message becomes the body when `expose` is true; otherwise the client gets the reason phrase of the status.
 * Errors with a status of 500 or above are logged, those below are not.
 *
 * @throws RangeError `ERR_INVALID_STATUS` when the status is not a number from 400 to 599 (RFC 9110 §15.5, §15.6);
 * TypeError `ERR_INVALID_ARG_TYPE` when the message is not a string, or the options are not an object
 */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  /** The status, from 400 to 599. */
  readonly status: number
  /** A code for programs, such as `ERR_HTTP_404`. */
  readonly code: string
  /** Whether the message is sent to the client. */
  readonly expose: boolean
  /** Header fields of the response. */
  readonly headers: HeadersSource | undefined

  constructor(status: number, message?: string, options: HttpErrorOptions = {}) {
    if (!isErrorStatus(status)) throw invalidStatus(status)
    if (typeof message !== 'string' && message !== undefined && message !== null) throw invalidMessage(message)
    if (typeof options !== 'object' || options === null) {
      throw wrongArgument('new HttpError(status, message, options)', 'its options as an object', options)
    }
    super(message ?? reasonPhrase(status), 'cause' in options ? { cause: options.cause } : undefined)
    this.status = status
    this.code = options.code ?? `ERR_HTTP_${status}`
    this.expose = options.expose ?? status < 500
    this.headers = options.headers
  }
}

/** The response that an error stands for. */
export interface ErrorAnswer {
  /** The status, from 400 to 599. */
  readonly status: number
  /** Whether the message is sent to the client. */
  readonly expose: boolean
  readonly headers: HeadersSource | undefined
}

/**
 * The response that an error stands for: an `HttpError`, or any Error whose `status` or `statusCode` is from 400 to
 * 599, as http-errors, body parsers and HTTP clients throw them. Undefined for other errors.
 *
 * `headers` are used only of an `HttpError` or an error with a boolean `expose` (the convention of http-errors).
 * Those of an HTTP client's error may be header fields of another server's response.
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

function invalidStatus(given: unknown): RangeError {
  const number =
    typeof given === 'string' && isErrorStatus(Number(given)) ? `: write ${Number(given)}, without quotes` : ''
  return coded(
    new RangeError(`The status of an HttpError must be a number from 400 to 599, not ${describe(given)}${number}.`),
    'ERR_INVALID_STATUS',
  )
}

function invalidMessage(given: unknown): TypeError {
  const call = 'new HttpError(status, message, options)'
  const hint = isError(given) ? '; an error is given as { cause } in the options' : ''
  return wrongArgument(call, `its message as a string${hint}`, given)
}

function isErrorStatus(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599
}
