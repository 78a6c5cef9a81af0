// The answer of a route, taken apart, so that it can be sent otherwise than a server sends it.
import { FileSlice } from '../exchange/file_slice.js'
import {
  CONTENT_TYPE_BYTES,
  CONTENT_TYPE_HTML,
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_MASK,
  CONTENT_TYPE_TEXT,
  FLAG_REPLY_CLOSE,
  FLAG_REPLY_DATED,
} from '../exchange/layout.js'
import type { ReplyBytes } from '../exchange/reply_bytes.js'
import { encodeBody } from '../reply/body.js'
import type { HandlerResult } from '../reply/handler_result.js'
import { type Reply, toReply } from '../reply/reply.js'
import { headOf } from '../reply/reply_head.js'
import { trailerLines, trailerNames } from '../reply/trailers.js'
import { WholeAnswer } from '../reply/whole_answer.js'
import type { BrinkRequest } from '../request/request.js'
import { Upgrade } from '../routing/upgrade.js'
import { isPromise } from '../runtime/promises.js'
import { type BodySource, isBlob, isStream, sourceOf } from '../streams/body_source.js'
import { SlicePieces } from '../streams/slice_pieces.js'

export interface AnswerParts {
  readonly status: number
  /** Flags of the layout: the number of a content type, FLAG_REPLY_DATED and FLAG_REPLY_CLOSE. */
  readonly flags: number
  /** Complete field lines, without those of framing and without a content type that `flags` has. */
  readonly fields: string
  /** The length of the body, or that of the body which is not sent; undefined when nobody knows it. */
  readonly length: number | undefined
  /** Undefined when no body is sent: for HEAD, 204, 205 and 304. */
  readonly body: BodySource | undefined
  /** The trailer section as complete field lines. Called when the body is complete. */
  readonly trailers: () => string
}

/** What a handler has returned, with its promises kept. An upgrade has no parts: it is returned as it is. */
export function partsOf(
  value: HandlerResult | PromiseLike<HandlerResult>,
  request: BrinkRequest,
  method: string,
): AnswerParts | Upgrade | Promise<AnswerParts | Upgrade> {
  if (isPromise(value)) {
    return Promise.resolve(value as PromiseLike<HandlerResult>).then((settled) => partsOf(settled, request, method))
  }
  if (value instanceof WholeAnswer) return partsOfWhole(value, method)
  const answer = toReply(value)
  if (answer instanceof Promise) return answer.then((reply) => partsOfReply(reply, request, method))
  return partsOfReply(answer, request, method)
}

function partsOfReply(given: Reply, request: BrinkRequest, method: string): AnswerParts | Upgrade {
  const answer = given.forRequest(request)
  if (answer instanceof Upgrade) return answer
  const { status, body, trailers } = answer
  const { flags, fields, length: said } = headOf(answer)
  if (!isStream(body)) return partsOfBody(status, flags, fields, encodeBody(body), said, method)
  const names = trailerNames(trailers)
  const source = sourceOf(body) as BodySource
  const isSilent = hasNoBody(status, method)
  if (isSilent) source.cancel(undefined)
  return {
    status,
    flags,
    fields: names === '' ? fields : `${fields}trailer: ${names}\r\n`,
    length: said ?? (isBlob(body) ? body.size : undefined),
    body: isSilent ? undefined : source,
    trailers: () => trailerLines(trailers),
  }
}

function partsOfWhole({ status, flags, fields, body, length }: WholeAnswer, method: string): AnswerParts {
  return partsOfBody(status, flags, fields, body, length, method)
}

function partsOfBody(
  status: number,
  flags: number,
  fields: string,
  body: ReplyBytes,
  said: number | undefined,
  method: string,
): AnswerParts {
  const isSilent = hasNoBody(status, method)
  if (isSilent && body instanceof FileSlice) body.release()
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  // As the native side says it: to HEAD and with 304 a length only if it is known, and never with 204.
  const isUnknown = isSilent && bytes === undefined && status !== 205
  const length = said ?? (isUnknown || status === 304 ? undefined : (bytes?.length ?? 0))
  return {
    status,
    flags,
    fields,
    length: status === 204 ? undefined : length,
    body: isSilent ? undefined : sourceOfBytes(bytes),
    trailers: () => '',
  }
}

/** RFC 9110 §6.4.1, §15.3.5, §15.3.6, §15.4.5 */
function hasNoBody(status: number, method: string): boolean {
  return method === 'HEAD' || status === 204 || status === 205 || status === 304
}

function sourceOfBytes(bytes: Uint8Array | FileSlice | undefined): BodySource {
  const pieces =
    bytes instanceof FileSlice ? new SlicePieces(bytes) : (bytes === undefined ? [] : [bytes])[Symbol.iterator]()
  return { next: () => pieces.next(), cancel: () => void pieces.return?.() }
}

const CONTENT_TYPES: Readonly<Record<number, string>> = {
  [CONTENT_TYPE_TEXT]: 'text/plain; charset=utf-8',
  [CONTENT_TYPE_JSON]: 'application/json',
  [CONTENT_TYPE_BYTES]: 'application/octet-stream',
  [CONTENT_TYPE_HTML]: 'text/html; charset=utf-8',
}

/** The content type that is not among the fields. */
export function contentTypeIn({ flags }: AnswerParts): string | undefined {
  return CONTENT_TYPES[flags & CONTENT_TYPE_MASK]
}

export function isDated({ flags }: AnswerParts): boolean {
  return (flags & FLAG_REPLY_DATED) !== 0
}

export function isClosing({ flags }: AnswerParts): boolean {
  return (flags & FLAG_REPLY_CLOSE) !== 0
}
