// Converts a fetch `Request` to a BrinkRequest. It is written in the layout of the native side, so that all code that reads
// requests works with both.
import { AbortListeners } from '../exchange/abort_listeners.js'
import {
  EVENT_KIND,
  EVENT_REQUEST,
  EVENT_WORDS,
  FLAG_BODY,
  FLAG_BODY_FOLLOWS,
  REQUEST_FIELD_COUNT,
  REQUEST_FIELDS,
  REQUEST_FLAGS,
  REQUEST_HEAD_LENGTH,
  REQUEST_METHOD,
  REQUEST_TARGET,
} from '../exchange/layout.js'
import { raw } from '../exchange/raw_buffer.js'
import { HttpError } from '../fields/http_error.js'
import { clientGone } from './client_gone.js'
import { alreadyUsed, IncomingBody } from './incoming_body.js'
import { BrinkRequest, METHOD_UNKNOWN, type RequestMatch, type RequestSurroundings } from './request.js'

/** Offsets and lengths within a head have 16 bits. */
const MOST_HEAD_BYTES = 65535

/** A head in the layout of the native side. */
interface Head {
  readonly words: Int32Array
  readonly text: string
}

/** The request target of a URL (RFC 9112 §3.2.1). */
export function targetOf({ pathname, search }: URL): string {
  return pathname + search
}

/**
 * @param body the body, if the request has one
 * @throws HttpError 431 when the head is larger than 65535 bytes
 */
export function localRequest(
  request: Request,
  match: RequestMatch,
  body: IncomingBody | undefined,
  surroundings: RequestSurroundings,
): BrinkRequest {
  const { words, text } = headOf(request, body !== undefined)
  return new BrinkRequest(words, raw(Buffer.from(text, 'latin1')), 0, match, undefined, body, surroundings)
}

function headOf(request: Request, hasBody: boolean): Head {
  const url = new URL(request.url)
  const fields = [...request.headers]
  // A Request usually has no `Host` field: its URL has the host.
  if (!request.headers.has('host')) fields.unshift(['host', url.host])
  const target = targetOf(url)
  const words = new Int32Array(REQUEST_FIELDS + 2 * fields.length)
  let text = `${request.method} `
  const span = (part: string) => {
    const at = text.length
    text += part
    return at | (part.length << 16)
  }
  words[EVENT_KIND] = EVENT_REQUEST
  words[EVENT_WORDS] = words.length
  words[REQUEST_METHOD] = METHOD_UNKNOWN | (request.method.length << 8)
  words[REQUEST_FLAGS] = hasBody ? FLAG_BODY | FLAG_BODY_FOLLOWS : 0
  words[REQUEST_TARGET] = span(target)
  words[REQUEST_FIELD_COUNT] = fields.length
  text += ' HTTP/1.1\r\n'
  for (const [place, [name, value]] of fields.entries()) {
    words[REQUEST_FIELDS + 2 * place] = span(name)
    text += ': '
    words[REQUEST_FIELDS + 2 * place + 1] = span(value)
    text += '\r\n'
  }
  words[REQUEST_HEAD_LENGTH] = text.length
  if (text.length > MOST_HEAD_BYTES) throw new HttpError(431)
  return { words, text }
}

/**
 * The body of a fetch Request. It is read no faster than the app reads. A used body fails with `ERR_BODY_USED`.
 *
 * @param limit in bytes
 */
export function localBody(request: Request, limit: number): IncomingBody | undefined {
  const stream = request.body as ReadableStream<Uint8Array> | null
  if (stream === null) return undefined
  const reader = stream.locked || request.bodyUsed ? undefined : stream.getReader()
  let wanted = 0
  let isReading = false
  const pump = async (reader: ReadableStreamDefaultReader<Uint8Array>) => {
    isReading = true
    try {
      while (wanted > 0 && body.failure === undefined) {
        const { done, value } = await reader.read()
        if (done) return body.end('')
        wanted -= value.length
        body.push(Buffer.from(value))
      }
      if (body.failure !== undefined) await reader.cancel()
    } catch {
      // This corresponds to a client that has left.
      body.fail(clientGone())
    } finally {
      isReading = false
    }
  }
  const read = (bytes: number) => {
    wanted += bytes
    if (!isReading && reader !== undefined) void pump(reader)
  }
  const body = new IncomingBody({ slot: 0, generation: 0, sequence: 0, limit, read, bodies: new AbortListeners() })
  if (reader === undefined) body.fail(alreadyUsed())
  return body
}
