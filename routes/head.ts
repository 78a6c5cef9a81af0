import { requestAnswer } from './_echo.js'
import { endpoint, preflight } from './_endpoint.js'

/** For clients that ask with HEAD alone. */
export const HEAD = endpoint(requestAnswer)
export const OPTIONS = preflight
