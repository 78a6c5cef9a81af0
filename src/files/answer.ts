// From a file and a request to the reply, for `file()` and `files()`.

import { type ConditionalRequest, evaluateConditions, rangeApplies } from '../fields/conditions.js'
import { ReplyHeaders } from '../fields/headers.js'
import { HttpError } from '../fields/http_error.js'
import { Reply } from '../reply/reply.js'
import { type Content, contentRange, multipart, pieceOf } from './byteranges.js'
import { type ByteRange, rangesOf } from './ranges.js'
import type { Representation } from './representation.js'

/** What to send of a representation: 304, the header fields only, the whole content, or ranges of it. */
export type Plan = 'unchanged' | 'fields' | 'whole' | readonly ByteRange[]

/** The size in bytes and the header fields of a file's response. */
interface Fields {
  readonly size: number
  readonly headers: ReplyHeaders
}

/** Whether a plan sends content. */
export function sendsContent(plan: Plan): boolean {
  return plan !== 'unchanged' && plan !== 'fields'
}

/**
 * Decides what a request gets of a representation (RFC 9110 §13.2.2, §14.2).
 * @throws HttpError 412 when a precondition fails, 416 when all ranges lie outside the content
 */
export function planFor(req: ConditionalRequest, representation: Representation): Plan {
  const result = evaluateConditions(req, representation)
  if (result === 'failed') throw new HttpError(412)
  if (result === 'unchanged') return 'unchanged'
  // Ranges apply only to GET.
  if (req.method !== 'GET') return 'fields'
  const range = req.headers.get('range')
  if (range === null || !rangeApplies(req, representation)) return 'whole'
  const ranges = rangesOf(range, representation.size)
  if (ranges === undefined) return 'whole'
  if (ranges.length > 0) return ranges
  const fields = { 'accept-ranges': 'bytes', 'content-range': `bytes */${representation.size}` }
  throw new HttpError(416, undefined, { headers: fields })
}

/** The reply of a plan without content. */
export function replyWithout(plan: Plan, { size, headers, unchanged }: Fields & { unchanged: ReplyHeaders }): Reply {
  if (plan === 'unchanged') return new Reply(304, undefined, unchanged)
  const reply = new Reply(200, undefined, headers)
  reply.headers.set('content-length', size)
  return reply
}

/** The reply that sends the content or ranges of it. A file is closed when it was sent. */
export function replyWith(plan: Plan, { size, headers }: Fields, content: Content): Reply {
  if (typeof plan === 'string') return new Reply(200, pieceOf(content, { first: 0, last: size - 1 }, true), headers)
  const [range, ...others] = plan as readonly [ByteRange, ...ByteRange[]]
  const fields = new ReplyHeaders(headers)
  if (others.length === 0) {
    fields.set('content-range', contentRange(range, size))
    return new Reply(206, pieceOf(content, range, true), fields)
  }
  const type = headers.get('content-type') ?? 'application/octet-stream'
  const parts = multipart(plan, size, type, content)
  fields.set('content-type', parts.type)
  fields.set('content-length', parts.length)
  return new Reply(206, parts.body, fields)
}
