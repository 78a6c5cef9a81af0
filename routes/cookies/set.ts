import { cookiesToSet } from '../_cookies.js'
import { endpoint } from '../_endpoint.js'
import { sentTo } from '../_redirects.js'

/** Sets the parameters of the query as cookies. */
export default endpoint((req, head) => {
  const answered = sentTo(head, '/cookies', 302)
  for (const cookie of cookiesToSet(req, head)) answered.headers.append('set-cookie', cookie)
  return answered
})
