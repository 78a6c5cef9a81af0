import { requestAnswer } from '../_echo.js'
import { endpoint } from '../_endpoint.js'
import { integerWithin } from '../_query.js'

/** As RFC 9111 §1.2.2 has it: larger numbers overflow in caches. */
const MOST = 2 ** 31 - 1

/** The request, which may be kept for so many seconds. */
export default endpoint<'seconds'>((req, head) => {
  const seconds = integerWithin(req.params.seconds, 'seconds', 0, MOST)
  const answered = requestAnswer(req, head)
  answered.headers.set('cache-control', `public, max-age=${seconds}`)
  return answered
})
