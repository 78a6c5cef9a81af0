import { cookiesToSet } from '../_cookies.js'
import { endpoint } from '../_endpoint.js'
import { sentTo } from '../_redirects.js'

const PAST = ['Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'Max-Age=0']

/** Deletes the cookies that the query names. */
export default endpoint((req, head) => {
  const answered = sentTo(head, '/cookies', 302)
  for (const cookie of cookiesToSet(req, head, PAST)) answered.headers.append('set-cookie', cookie)
  return answered
})
