import { digestAnswer } from '../../../../_digest.js'
import { endpoint } from '../../../../_endpoint.js'

/** The same with MD5 or SHA-256. */
export default endpoint<'qop' | 'user' | 'password' | 'algorithm'>((req, head) =>
  digestAnswer(req, head, req.params.algorithm),
)
