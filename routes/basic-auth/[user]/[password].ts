import { BASIC_CHALLENGE, basicLogin, isLogin } from '../../_credentials.js'
import { endpoint, json } from '../../_endpoint.js'

/** Asks for this user and this password, by Basic authentication. */
export default endpoint<'user' | 'password'>((req, head) => {
  const login = basicLogin(req)
  const isRight = isLogin(login, req.params)
  const told = { authenticated: isRight, authorized: isRight, user: login?.user ?? '' }
  const answered = json(head, told, isRight ? 200 : 401)
  if (!isRight) answered.headers.set('www-authenticate', BASIC_CHALLENGE)
  return answered
})
