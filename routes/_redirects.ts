import { HttpError, type Reply } from 'brink'
import { type Asked, answer } from './_endpoint.js'
import { type Head, urlOf } from './_head.js'
import { integer, quoted } from './_query.js'

/** Sends a client on, one time fewer than it has asked for; at last to /get. */
export function redirection(req: Asked<'count'>, head: Head, isAbsolute: boolean): Reply {
  const count = integer(req.params.count, 'redirect count')
  if (count < 1) throw new HttpError(400, `invalid redirect count: ${quoted(req.params.count)} is not above 0`)
  const kind = isAbsolute ? 'absolute-redirect' : 'relative-redirect'
  const path = count === 1 ? '/get' : `/${kind}/${count - 1}`
  return sentTo(head, isAbsolute ? new URL(path, urlOf(req, head)).href : path, 302)
}

export function sentTo(head: Head, location: string, status: number): Reply {
  return answer(head, status, undefined, { location: location.replace(/[^\x21-\x7e]/gu, encodeURIComponent) })
}
