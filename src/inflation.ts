import type * as zlibTypes from 'node:zlib'
import { canonicalEncoding } from './accept_encoding.js'
import { type BodySource, sourceOf } from './body_source.js'
import { type Coder, CodingStream } from './coding_stream.js'
import { codeOf, HttpError, messageOf } from './errors.js'
import { lateBuiltin } from './late_builtin.js'

interface Decoder {
  stream(): Coder
  /** All at once. With `info`, what comes out is told with the engine that made it. */
  now(bytes: Uint8Array, options: { readonly maxOutputLength: number; readonly info: true }): unknown
}

// Twice what is usual: each piece of output costs a crossing to another thread and back.
const PIECES = { chunkSize: 32 * 1024 }

let known: ReadonlyMap<string, Decoder> | undefined

/** What undoes a coding. `deflate` is the zlib format and nothing else (RFC 9110 §8.4.1.2). */
function decoders(): ReadonlyMap<string, Decoder> {
  if (known !== undefined) return known
  const zlib = lateBuiltin('node:zlib')
  const all = new Map<string, Decoder>([
    ['gzip', { stream: () => zlib.createGunzip(PIECES), now: zlib.gunzipSync }],
    ['deflate', { stream: () => zlib.createInflate(PIECES), now: zlib.inflateSync }],
    ['br', { stream: () => zlib.createBrotliDecompress(PIECES), now: zlib.brotliDecompressSync }],
  ])
  // Node 22.15 and newer.
  const { createZstdDecompress, zstdDecompressSync } = zlib as {
    createZstdDecompress?: typeof zlibTypes.createBrotliDecompress
    zstdDecompressSync?: Decoder['now']
  }
  if (createZstdDecompress !== undefined && zstdDecompressSync !== undefined) {
    all.set('zstd', { stream: () => createZstdDecompress(PIECES), now: zstdDecompressSync })
  }
  known = all
  return known
}

// Each costs memory of its own, and nobody has a use for more than two.
const MOST_CODINGS = 4

// Up to these sizes, before and after, another thread is not worth the crossing.
const AT_ONCE_BYTES = 4 * 1024
const AT_ONCE_CONTENT = 1024 * 1024

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

/**
 * The same for a body that has arrived whole. A small one is decoded at once.
 *
 * @throws HttpError as `inflated` does, or gives a promise that is rejected with it
 */
export function inflatedWhole(field: string | null, bytes: Buffer, limit: number): Buffer | Promise<Buffer> {
  const codings = field === null ? [] : codingsOf(field)
  const [coding, ...others] = codings
  if (coding === undefined) return bytes
  const isSmall = others.length === 0 && bytes.length <= AT_ONCE_BYTES
  const decoded = isSmall ? decodedAtOnce(coding, bytes, Math.min(limit, AT_ONCE_CONTENT)) : undefined
  if (decoded !== undefined) return decoded
  if (isSmall && limit <= AT_ONCE_CONTENT) throw tooLarge()
  return gathered(inflated(field, piecesOf(bytes), limit))
}

/** Undefined when it is more than the limit. */
function decodedAtOnce(coding: string, bytes: Buffer, limit: number): Buffer | undefined {
  const { now } = decoders().get(coding) as Decoder
  try {
    // zlib knows no limit of nothing.
    const options = { maxOutputLength: Math.max(1, limit), info: true } as const
    const { buffer, engine } = now(bytes, options) as { buffer: Buffer; engine: Coder }
    checkTaken(coding, engine.bytesWritten, bytes.length)
    return buffer.length > limit ? undefined : buffer
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw translated(coding, error)
  }
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  // Bytes that turn out to be too many are not all handed over.
  for (let at = 0; at < bytes.length; at += PIECES.chunkSize) yield bytes.subarray(at, at + PIECES.chunkSize)
}

async function gathered(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces)
}

function codingsOf(field: string): string[] {
  const codings: string[] = []
  for (const element of field.split(',')) {
    const coding = canonicalEncoding(element.trim())
    if (coding === '' || coding === 'identity') continue
    if (!decoders().has(coding)) throw unsupported(`The content coding ${JSON.stringify(coding)} is not supported.`)
    codings.push(coding)
  }
  if (codings.length > MOST_CODINGS) throw unsupported(`More than ${MOST_CODINGS} content codings are not supported.`)
  return codings
}

function decoded(coding: string, chunks: AsyncIterable<Uint8Array>, limit: number): AsyncIterable<Uint8Array> {
  let size = 0
  const { stream } = decoders().get(coding) as Decoder
  return new CodingStream(sourceOf(chunks) as BodySource, stream, {
    onPiece: (bytes) => {
      size += bytes
      if (size > limit) throw tooLarge()
    },
    onTaken: (taken, given) => checkTaken(coding, taken, given),
    translate: (error) => translated(coding, error),
  })
}

function checkTaken(coding: string, taken: number, given: number): void {
  if (taken < given) throw damaged(coding, 'something follows its end')
}

function translated(coding: string, error: unknown): unknown {
  if (error instanceof HttpError || codeOf(error) === 'Z_MEM_ERROR') return error
  return damaged(coding, messageOf(error), error)
}

function tooLarge(): HttpError {
  return new HttpError(413, 'The body is too large once it is decoded.')
}

function damaged(coding: string, what: string, cause?: unknown): HttpError {
  return new HttpError(400, `The body is not valid ${coding}: ${what}.`, {
    cause,
    code: 'ERR_INVALID_CONTENT_ENCODING',
  })
}

function unsupported(message: string): HttpError {
  const codings = [...decoders().keys()].join(', ')
  return new HttpError(415, message, { headers: { 'accept-encoding': codings } })
}
