import { HttpError } from '../fields/http_error.js'
import { codeOf } from '../runtime/errors.js'
import { FetchResponse } from './response.js'

/** The reason of `request.signal`, and the error of the body, when the client has left. fetch uses an AbortError. */
export function clientGoneReason(): Error {
  const sentence = 'The client went away before its request was answered.'
  return Object.assign(new DOMException(sentence, 'AbortError'), { cause: 'ERR_CLIENT_GONE' })
}

/**
 * The error of reading a body, in the form that fetch apps expect: an AbortError when the client has left. An HttpError,
 * such as 413, gets a `getResponse()`, which Hono calls, and a `statusCode`, which others read.
 */
export function bodyError(error: unknown): unknown {
  if (codeOf(error) === 'ERR_CLIENT_GONE') return clientGoneReason()
  if (!(error instanceof HttpError)) return error
  const { status, message } = error
  const getResponse = () => new FetchResponse(message, { status, headers: { connection: 'close' } })
  return Object.assign(error, { statusCode: status, getResponse })
}
