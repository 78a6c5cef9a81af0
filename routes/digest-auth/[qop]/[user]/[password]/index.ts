import { digestAnswer } from '../../../../_digest.js'
import { endpoint } from '../../../../_endpoint.js'

/** Asks for this user and this password, by Digest authentication with MD5. */
export default endpoint<'qop' | 'user' | 'password'>((req, head) => digestAnswer(req, head, 'MD5'))
