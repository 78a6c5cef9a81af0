import type { Asked } from './_endpoint.js'
import { type Head, originOf, urlOf } from './_head.js'
import { argsOf } from './_query.js'

/** Makes lines of JSON, each of which tells the request and a number. */
export function jsonLine(req: Asked, head: Head): (id: number) => string {
  const { origin, url, args } = { origin: originOf(req, head), url: urlOf(req, head), args: argsOf(req) }
  const rest = JSON.stringify({ args, headers: head.fields, origin, url }).slice(1)
  return (id) => `{"id":${id},${rest}\n`
}
