import { HttpError } from '../fields/http_error.js'

/**
 * The reason of `req.signal`, and the error of bodies, when the client disconnected. It is a client's error (RFC 9112
 * §8), so a handler that fails with it is not logged.
 */
export function clientGone(): HttpError {
  return new HttpError(400, 'The client disconnected before its request was answered.', { code: 'ERR_CLIENT_GONE' })
}
