import { bodyAnswer } from './_echo.js'
import { endpoint, preflight } from './_endpoint.js'

/** The request, and what its body says. */
export const DELETE = endpoint(bodyAnswer)
export const OPTIONS = preflight
