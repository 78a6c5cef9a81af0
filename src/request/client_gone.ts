import { HttpError } from '../fields/http_error.js'

/**
 * Why `req.signal` aborts, and why bodies fail, when the client has gone away. It is an answer like any other error of
 * the client's (RFC 9112 §8), though there may be nobody left to take it.
 */
export function clientGone(): HttpError {
  return new HttpError(400, 'The client went away before its request was answered.', { code: 'ERR_CLIENT_GONE' })
}
