import { HttpError, type Reply } from 'brink'
import { type DigestAlgorithm, digestChallenge, isDigestLogin } from './_credentials.js'
import { type Asked, failure, json } from './_endpoint.js'
import type { Head } from './_head.js'
import { quoted } from './_query.js'

/** Asks for a user and a password by Digest authentication. */
export function digestAnswer(req: Asked<'qop' | 'user' | 'password'>, head: Head, named: string): Reply {
  const { qop, user, password } = req.params
  const algorithm = named.toUpperCase()
  if (qop.toLowerCase() !== 'auth') throw new HttpError(400, `invalid qop: ${quoted(qop)} is not auth`)
  if (!isAlgorithm(algorithm))
    throw new HttpError(400, `invalid algorithm: ${quoted(named)} is neither MD5 nor SHA-256`)
  if (isDigestLogin(req, { user, password }, algorithm)) {
    return json(head, { authenticated: true, authorized: true, user })
  }
  const answered = failure(head, 401)
  answered.headers.set('www-authenticate', digestChallenge(algorithm))
  return answered
}

function isAlgorithm(name: string): name is DigestAlgorithm {
  return name === 'MD5' || name === 'SHA-256'
}
