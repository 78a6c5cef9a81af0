import { cookiesOf } from '../_cookies.js'
import { endpoint, json } from '../_endpoint.js'

/** The cookies of the request. */
export default endpoint((req, head) => json(head, { cookies: cookiesOf(req) }))
