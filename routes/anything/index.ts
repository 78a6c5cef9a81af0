import { bodyAnswer } from '../_echo.js'
import { endpoint } from '../_endpoint.js'

/** The request with its body, whatever its method. */
export default endpoint(bodyAnswer)
