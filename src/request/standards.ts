// What a request has where nobody says otherwise, whoever took it.
import type { BrinkRequest } from './request.js'

/** The largest body, in bytes. */
export const STANDARD_BODY_LIMIT = 1024 * 1024

/** Writes an error of the app to `console.error`, behind the method and the target. */
export function logToConsole(error: unknown, request: BrinkRequest): void {
  const which = request.toJSON()
  console.error('ended' in which ? 'After an answer:' : `${which.method} ${which.target}:`, error)
}
