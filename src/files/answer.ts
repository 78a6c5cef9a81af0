// From a file and a request to the reply, whatever the file was found by.

import { type Asking, judge, mayBeInParts } from '../fields/conditions.js'
import { ReplyHeaders } from '../fields/headers.js'
import { HttpError } from '../fields/http_error.js'
import { Reply } from '../reply/reply.js'
import { type Content, contentRange, multipart, pieceOf } from './byteranges.js'
import { type ByteRange, rangesOf } from './ranges.js'
import type { Representation } from './representation.js'

/** What of a representation is to be sent: nothing, for the client has it; its fields alone; all of it; or parts. */
export type Plan = 'unchanged' | 'fields' | 'whole' | readonly ByteRange[]

/** What is told of a file: its size in bytes, and the fields of a reply that sends it. */
interface Fields {
  readonly size: number
  readonly headers: ReplyHeaders
}

/** Whether the content is needed to carry a plan out. */
export function sendsContent(plan: Plan): boolean {
  return plan !== 'unchanged' && plan !== 'fields'
}

/**
 * What a request gets of a representation (RFC 9110 §13.2.2, §14.2).
 * @throws HttpError 412 when it is not the one that the client wants to work on, 416 when there is nothing where it asks
 */
export function planFor(req: Asking, representation: Representation): Plan {
  const verdict = judge(req, representation)
  if (verdict === 'failed') throw new HttpError(412)
  if (verdict === 'unchanged') return 'unchanged'
  // Only GET knows ranges.
  if (req.method !== 'GET') return 'fields'
  const range = req.headers.get('range')
  if (range === null || !mayBeInParts(req, representation)) return 'whole'
  const ranges = rangesOf(range, representation.size)
  if (ranges === undefined) return 'whole'
  if (ranges.length > 0) return ranges
  const fields = { 'accept-ranges': 'bytes', 'content-range': `bytes */${representation.size}` }
  throw new HttpError(416, undefined, { headers: fields })
}

/** The reply that sends nothing of the content. */
export function replyWithout(plan: Plan, { size, headers, unchanged }: Fields & { unchanged: ReplyHeaders }): Reply {
  if (plan === 'unchanged') return new Reply(304, undefined, unchanged)
  const reply = new Reply(200, undefined, headers)
  reply.headers.set('content-length', size)
  return reply
}

/** The reply that sends the content, or parts of it. A file that it is sent from is closed when it was sent. */
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
