// What all endpoints that httpbin has too share: CORS, errors as JSON, and answers that a browser never takes for a page.
import { type BrinkRequest, HttpError, type Reply, reply } from 'brink'
import { type Head, headOf } from './_head.js'
import { pretty } from './_json.js'

type Answered = Reply | Promise<Reply>

/** A request to an endpoint with these params. */
export type Asked<Params extends string = never> = BrinkRequest<Record<Params, string>>

const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' }
const SAFE = { ...CORS, 'x-content-type-options': 'nosniff' }
const METHODS = 'GET, POST, HEAD, PUT, DELETE, PATCH, OPTIONS'

export const JSON_TYPE = 'application/json; charset=utf-8'
export const TEXT_TYPE = 'text/plain; charset=utf-8'
export const BINARY_TYPE = 'application/octet-stream'
export const HTML_TYPE = 'text/html; charset=utf-8'

// The headers of a reply that is never sent: others share them, and copy them before a change.
const jsonFields = reply(200, undefined, { 'content-type': JSON_TYPE, ...SAFE }).headers
const textFields = reply(200, undefined, { 'content-type': TEXT_TYPE, ...SAFE }).headers
const binaryFields = reply(200, undefined, { 'content-type': BINARY_TYPE, ...SAFE }).headers
const plainFields = reply(200, undefined, SAFE).headers

/** A handler that answers preflights, and errors as JSON. */
export function endpoint<Params extends string = never>(
  answer: (req: Asked<Params>, head: Head) => Answered,
): (req: Asked<Params>) => Answered {
  return (req) => {
    const head = headOf(req)
    if (req.method === 'OPTIONS') return preflight(req)
    try {
      const answered = answer(req, head)
      return answered instanceof Promise ? answered.catch((error: unknown) => refused(head, error)) : answered
    } catch (error) {
      return refused(head, error)
    }
  }
}

/** Answers the question of a browser whether a page may ask (Fetch §4.8). */
export function preflight(req: BrinkRequest): Reply {
  const answer = reply(200, undefined, plainFields)
  allowOrigin(answer, headOf(req).origin)
  answer.headers.set('access-control-allow-methods', METHODS)
  answer.headers.set('access-control-max-age', '3600')
  const asked = req.headers.get('access-control-request-headers')
  if (asked) answer.headers.set('access-control-allow-headers', asked)
  return answer
}

/** JSON that is text already. */
export function jsonText(head: Head, text: string, status = 200): Reply {
  return answerOf(head, status, text, jsonFields)
}

export function json(head: Head, value: unknown, status = 200): Reply {
  return jsonText(head, `${pretty(value)}\n`, status)
}

export function text(head: Head, body: string | undefined, status = 200): Reply {
  return answerOf(head, status, body, textFields)
}

/** Bytes that have no other type. */
export function binary(head: Head, bytes: Uint8Array): Reply {
  return answerOf(head, 200, bytes, binaryFields)
}

/** Any other answer. The body's own type counts, unless fields name another. */
export function answer(head: Head, status: number, body: Reply['body'], fields: Record<string, string> = {}): Reply {
  const made = answerOf(head, status, body, plainFields)
  for (const [name, value] of Object.entries(fields)) made.headers.set(name, value)
  return made
}

/** A page whose every byte is the target's own. */
export function page(head: Head, html: string, policy = "default-src 'none'; style-src 'unsafe-inline'"): Reply {
  return answer(head, 200, html, { 'content-type': HTML_TYPE, 'content-security-policy': policy })
}

/** Errors are answered as httpbin answers them. Others than those that endpoints throw go to the server. */
function refused(head: Head, error: unknown): Reply {
  if (!(error instanceof HttpError) || error.status >= 500) throw error
  const made = failure(head, error.status, error.message)
  for (const [name, value] of reply(200, undefined, error.headers).headers) made.headers.append(name, value)
  return made
}

/** An error as JSON. */
export function failure(head: Head, status: number, detail?: string): Reply {
  return json(head, { status_code: status, error: new HttpError(status).message, detail }, status)
}

function answerOf(head: Head, status: number, body: Reply['body'], fields: Reply['headers']): Reply {
  const made = reply(status, body, fields)
  allowOrigin(made, head.origin)
  return made
}

function allowOrigin({ headers }: Reply, origin: string | undefined): void {
  if (origin === undefined) return
  headers.set('access-control-allow-origin', Buffer.from(origin).toString('latin1'))
  headers.append('vary', 'origin')
}
