import { bodyAnswer } from './_echo.js'
import { endpoint, preflight } from './_endpoint.js'

/** The request, and what its body says. */
export const PUT = endpoint(bodyAnswer)
export const OPTIONS = preflight
