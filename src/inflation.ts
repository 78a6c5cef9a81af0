import * as zlib from 'node:zlib'
import { canonicalEncoding } from './accept_encoding.js'
import { type BodySource, sourceOf } from './body_source.js'
import { type Coder, CodingStream } from './coding_stream.js'
import { codeOf, HttpError } from './errors.js'

/** What undoes a coding. `deflate` is the zlib format and nothing else (RFC 9110 §8.4.1.2). */
const DECODERS = new Map<string, () => Coder>([
  ['gzip', () => zlib.createGunzip()],
  ['deflate', () => zlib.createInflate()],
  ['br', () => zlib.createBrotliDecompress()],
])
const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Coder }
if (createZstdDecompress !== undefined) DECODERS.set('zstd', createZstdDecompress)

// Each costs memory of its own, and nobody has a use for more than two.
const MOST_CODINGS = 4

/**
 * The content of a body whose `Content-Encoding` field names the codings that were applied to it, in that order
 * (RFC 9110 §8.4). It is decoded as it is read, and a slow reader holds the body back.
 *
 * @param field the value of `Content-Encoding`; null when there is none, which leaves the body as it is
 * @param limit the most bytes that it may become; also what the codings make in between is bounded by it
 * @throws HttpError 415 for a coding that is not supported, with an `Accept-Encoding` field that names those that are
 *   (§15.5.16). While it is read: HttpError 413 when there is more of it than the limit, 400
 *   `ERR_INVALID_CONTENT_ENCODING` when it is damaged, incomplete, or followed by something else
 */
export function inflated(
  field: string | null,
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncIterable<Uint8Array> {
  const codings = field === null ? [] : codingsOf(field)
  let content = chunks
  for (let left = codings.length; left > 0; left -= 1) {
    const coding = codings[left - 1] as string
    // What is coded once more may be a little larger than what it holds.
    content = decoded(coding, content, left === 1 ? limit : limit + limit / 16 + 1024)
  }
  return content
}

function codingsOf(field: string): string[] {
  const codings: string[] = []
  for (const element of field.split(',')) {
    const coding = canonicalEncoding(element.trim())
    if (coding === '' || coding === 'identity') continue
    if (!DECODERS.has(coding)) throw unsupported(`The content coding ${JSON.stringify(coding)} is not supported.`)
    codings.push(coding)
  }
  if (codings.length > MOST_CODINGS) throw unsupported(`More than ${MOST_CODINGS} content codings are not supported.`)
  return codings
}

function decoded(coding: string, chunks: AsyncIterable<Uint8Array>, limit: number): AsyncIterable<Uint8Array> {
  let size = 0
  return new CodingStream(sourceOf(chunks) as BodySource, DECODERS.get(coding) as () => Coder, {
    onPiece: (bytes) => {
      size += bytes
      if (size > limit) throw new HttpError(413, 'The body is too large once it is decoded.')
    },
    onTaken: (taken, given) => {
      if (taken < given) throw damaged(coding, 'something follows its end')
    },
    translate: (error) => (codeOf(error) === 'Z_MEM_ERROR' ? error : damaged(coding, error.message, error)),
  })
}

function damaged(coding: string, what: string, cause?: Error): HttpError {
  return new HttpError(400, `The body is not valid ${coding}: ${what}.`, {
    cause,
    code: 'ERR_INVALID_CONTENT_ENCODING',
  })
}

function unsupported(message: string): HttpError {
  const codings = [...DECODERS.keys()].join(', ')
  return new HttpError(415, message, { headers: { 'accept-encoding': codings } })
}
