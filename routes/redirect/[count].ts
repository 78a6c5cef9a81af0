import { endpoint } from '../_endpoint.js'
import { param } from '../_query.js'
import { redirection } from '../_redirects.js'

/** Redirects so many times, by paths, or with `?absolute=true` by URLs. */
export default endpoint<'count'>((req, head) =>
  redirection(req, head, param(req, 'absolute')?.toLowerCase() === 'true'),
)
