import type { HeadersSource } from './headers.js'
import { lateBuiltin } from './late_builtin.js'
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
    if (!Number.isInteger(status) || status < 400 || status > 599) {
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

/** Gives an error the `code` that programs can tell it by. */
export function coded<E extends Error>(error: E, code: string): E & { code: string } {
  return Object.assign(error, { code })
}

/** The code and the meaning of a negative errno, as Node tells them. */
export function systemError(errno: number): [code: string, meaning: string] {
  return lateBuiltin('node:util').getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error']
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** The `code` of whatever was thrown, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : undefined
}
