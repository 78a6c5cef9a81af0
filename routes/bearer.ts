import { credentialsOf } from './_credentials.js'
import { endpoint, failure, json } from './_endpoint.js'

/** Asks for any bearer token. */
export default endpoint((req, head) => {
  const token = credentialsOf(req, 'bearer')
  if (token !== undefined && /^\S+$/.test(token)) return json(head, { authenticated: true, token })
  const answered = failure(head, 401)
  answered.headers.set('www-authenticate', 'Bearer')
  return answered
})
