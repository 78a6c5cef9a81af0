import { basicLogin, isLogin } from '../../_credentials.js'
import { endpoint, failure, json } from '../../_endpoint.js'

/** The same, but whoever does not know the password finds nothing here. */
export default endpoint<'user' | 'password'>((req, head) => {
  const login = basicLogin(req)
  if (!isLogin(login, req.params)) return failure(head, 404)
  return json(head, { authenticated: true, authorized: true, user: login?.user })
})
