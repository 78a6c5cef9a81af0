import { base64Answer } from '../_base64.js'
import { endpoint } from '../_endpoint.js'

/** Decodes base64. */
export default endpoint<'data'>((req, head) => base64Answer(req, head, 'decode', req.params.data))
