import { HttpError } from '../fields/http_error.js'
import { codeOf } from '../runtime/errors.js'
import { FetchResponse } from './response.js'

/** Why a request's signal aborts, and its body fails, when its client has gone: what fetch's own say. */
export function clientGoneReason(): Error {
  const sentence = 'The client went away before its request was answered.'
  return Object.assign(new DOMException(sentence, 'AbortError'), { cause: 'ERR_CLIENT_GONE' })
}

/**
 * Why a body could not be read, as apps of fetch take it: the client's leaving is an AbortError; an error that is an answer,
 * such as 413, has `getResponse()`, by which Hono answers, beside the `status` of others.
 */
export function bodyError(error: unknown): unknown {
  if (codeOf(error) === 'ERR_CLIENT_GONE') return clientGoneReason()
  if (!(error instanceof HttpError)) return error
  const { status, message } = error
  const getResponse = () => new FetchResponse(message, { status, headers: { connection: 'close' } })
  return Object.assign(error, { statusCode: status, getResponse })
}
