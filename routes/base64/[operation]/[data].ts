import { base64Answer } from '../../_base64.js'
import { endpoint } from '../../_endpoint.js'

/** Encodes or decodes base64. */
export default endpoint<'operation' | 'data'>((req, head) =>
  base64Answer(req, head, req.params.operation, req.params.data),
)
