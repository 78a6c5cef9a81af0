// Defaults for requests, with and without a server.
import type { BrinkRequest } from './request.js'

/** The default of `bodyLimit`, in bytes. */
export const STANDARD_BODY_LIMIT = 1024 * 1024

/** The default of `log`: writes the method, the target and the error to `console.error`. */
export function logToConsole(error: unknown, request: BrinkRequest): void {
  const which = request.toJSON()
  console.error('ended' in which ? 'After an answer:' : `${which.method} ${which.target}:`, error)
}
