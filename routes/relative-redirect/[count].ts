import { endpoint } from '../_endpoint.js'
import { redirection } from '../_redirects.js'

/** Redirects so many times, by paths. */
export default endpoint<'count'>((req, head) => redirection(req, head, false))
