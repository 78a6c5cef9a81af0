import { FileSlice } from '../exchange/file_slice.js'
import { FLAG_REPLY_CLOSE } from '../exchange/layout.js'
import type { NativeFixedAnswer } from '../exchange/native.js'
import { type ConditionalRequest, evaluateConditions } from '../fields/conditions.js'
import { HttpError } from '../fields/http_error.js'
import { coded } from '../runtime/errors.js'
import { isStream } from '../streams/body_source.js'
import { encodeBody } from './body.js'
import { Reply, type ReplyBody } from './reply.js'
import { checkLength, headOf } from './reply_head.js'

/** A fixed response is copied for each client, so large ones do not belong here. */
const MAX_BYTES = 1024 * 1024

/** A response that is the same for all clients, until it is replaced. */
export class Fixed {
  #answer: Reply
  #native: NativeFixedAnswer
  readonly handler = (req: ConditionalRequest): Reply => this.answerTo(req)

  constructor(answer: Reply | ReplyBody) {
    this.#answer = toFixed(answer)
    this.#native = forNative(this.#answer)
  }

  /** The reply for requests that reach JavaScript: other spellings of the target, and rare conditions. */
  answerTo(req: ConditionalRequest): Reply {
    const { status, body, headers, untyped } = this.#answer
    const etag = headers.get('etag')
    const result = status === 200 && etag !== null ? evaluateConditions(req, { etag, lastModified: undefined }) : 'send'
    if (result === 'failed') throw new HttpError(412)
    const answer = result === 'unchanged' ? new Reply(304, undefined, headers) : new Reply(status, body, headers)
    answer.untyped = untyped
    return answer
  }

  get native(): NativeFixedAnswer {
    return this.#native
  }

  /** A copy for another server, which can be replaced independently. */
  copy(): Fixed {
    return new Fixed(this.#answer)
  }

  replace(answer: Reply | ReplyBody): void {
    const next = new Fixed(answer)
    this.#answer = next.#answer
    this.#native = next.#native
  }
}

/** The response with an encoded body and an entity tag. */
function toFixed(given: Reply | ReplyBody): Reply {
  const answer = given instanceof Reply ? given : new Reply(200, given)
  if (isStream(answer.body)) throw unsuitable('a stream can be sent only once')
  const { flags, fields, length } = headOf(answer)
  const body = encodeBody(answer.body)
  if (body instanceof FileSlice) throw unsuitable('a file may change: use files()')
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body ?? [])
  if (length !== undefined) checkLength(length, bytes)
  if (bytes.length > MAX_BYTES) throw unsuitable(`its body may have at most ${MAX_BYTES} bytes, not ${bytes.length}`)
  if ((flags & FLAG_REPLY_CLOSE) !== 0) throw unsuitable("it cannot contain 'connection: close'")
  const fixed = new Reply(answer.status, answer.body, answer.headers)
  fixed.untyped = answer.untyped
  if (answer.status === 200 && !fixed.headers.has('etag')) fixed.headers.set('etag', tagOf(fields, bytes))
  return fixed
}

function forNative(answer: Reply): NativeFixedAnswer {
  const { flags, fields } = headOf(answer)
  const body = encodeBody(answer.body) as string | Uint8Array | undefined
  return {
    status: answer.status,
    flags,
    fields: Buffer.from(fields, 'latin1'),
    body: typeof body === 'string' ? Buffer.from(body) : Uint8Array.from(body ?? []),
    etag: Buffer.from(answer.headers.get('etag') ?? '', 'latin1'),
  }
}

/** Two FNV-1a hashes with different seeds: enough to tell versions of one response apart. */
function tagOf(fields: string, body: Uint8Array): string {
  let one = 0x811c9dc5
  let two = 0x01000193 ^ body.length
  for (const bytes of [Buffer.from(fields, 'latin1'), body]) {
    for (const byte of bytes) {
      one = Math.imul(one ^ byte, 0x01000193)
      two = Math.imul(two ^ byte, 0x5bd1e995)
    }
  }
  return `"${(one >>> 0).toString(36)}${(two >>> 0).toString(36)}"`
}

function unsuitable(why: string): TypeError {
  return coded(new TypeError(`This reply cannot be fixed: ${why}.`), 'ERR_INVALID_ARG_VALUE')
}
