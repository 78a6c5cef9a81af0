import { requestAnswer } from './_echo.js'
import { endpoint, preflight } from './_endpoint.js'

/** The request: its query, fields, method, URL, and where it came from. */
export const GET = endpoint(requestAnswer)
export const OPTIONS = preflight
