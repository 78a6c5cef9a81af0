import type * as zlibTypes from 'node:zlib'
import { canonicalEncoding } from '../fields/accept_encoding.js'
import { HttpError } from '../fields/http_error.js'
import { codeOf, messageOf } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { type BodySource, sourceOf } from '../streams/body_source.js'
import { type Coder, CodingStream } from '../streams/coding_stream.js'

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
const AT_ONCE_CONTENT = 64 * 1024

// So much more than the client has sent it may become, beyond what costs little. gzip and deflate can say at the most
// 1032 bytes with one; br and zstd have no bound, and what goes above it was made to cost, not to be read.
const MOST_RATIO = 1100

/**
 * The content of a body whose `Content-Encoding` field names the codings that were applied to it, in that order
 * (RFC 9110 §8.4). It is decoded as it is read, and a slow reader holds the body back.
 *
 * @param field the value of `Content-Encoding`; null when there is none, which leaves the body as it is
 * @param limit the most bytes that it may become; also what the codings make in between is bounded by it
 * @param sent how many bytes are known to be sent, where it is more than have been read
 * @throws HttpError 415 for a coding that is not supported, with an `Accept-Encoding` field that names those that are
 *   (§15.5.16). While it is read: HttpError 413 when there is more of it than the limit, or `ERR_CONTENT_CODING_RATIO`
 *   than so few bytes honestly hold; 400
 *   `ERR_INVALID_CONTENT_ENCODING` when it is damaged, incomplete, or followed by something else
 */
export function inflated(
  field: string | null,
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
  sent = 0,
): AsyncIterable<Uint8Array> {
  const codings = field === null ? [] : codingsOf(field)
  if (codings.length === 0) return chunks
  const source = new CountedSource(sourceOf(chunks) as BodySource, sent)
  let content: AsyncIterable<Uint8Array> | undefined
  for (let left = codings.length; left > 0; left -= 1) {
    const coding = codings[left - 1] as string
    // What is coded once more may be a little larger than what it holds.
    const most = left === 1 ? limit : limit + limit / 16 + 1024
    content = decoded(coding, content === undefined ? source : (sourceOf(content) as BodySource), most, source)
  }
  return content as AsyncIterable<Uint8Array>
}

/** Knows how many bytes a client has sent. */
class CountedSource implements BodySource {
  readonly #source: BodySource
  readonly #sent: number
  #read = 0

  constructor(source: BodySource, sent: number) {
    this.#source = source
    this.#sent = sent
  }

  /** What so much may honestly become. */
  get most(): number {
    return AT_ONCE_CONTENT + MOST_RATIO * Math.max(this.#read, this.#sent)
  }

  async next(): Promise<IteratorResult<unknown>> {
    const next = await this.#source.next()
    if (!next.done) this.#read += (next.value as Uint8Array).length
    return next
  }

  cancel(reason: unknown): void {
    this.#source.cancel(reason)
  }
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
  const isSmall = others.length === 0 && bytes.length <= AT_ONCE_BYTES && !mayBeLarge(coding, bytes)
  const decoded = isSmall ? decodedAtOnce(coding, bytes, Math.min(limit, AT_ONCE_CONTENT)) : undefined
  if (decoded !== undefined) return decoded
  if (isSmall && limit <= AT_ONCE_CONTENT) throw tooLarge()
  return gathered(inflated(field, piecesOf(bytes), limit, bytes.length))
}

/**
 * brotli makes room for what a body says that it becomes, which takes longer than to decode it. So only what says, in one
 * block, that it is little is decoded at once (RFC 7932 §9.1, §9.2).
 */
function mayBeLarge(coding: string, bytes: Buffer): boolean {
  if (coding !== 'br' || bytes.length < 5) return false
  const bits = bytes.readUInt32LE(0) + (bytes[4] as number) * 2 ** 32
  const take = (at: number, count: number) => Math.floor(bits / 2 ** at) % 2 ** count
  const windowBits = take(0, 1) === 0 ? 1 : take(1, 3) === 0 ? 7 : 4
  const isLast = take(windowBits, 1) === 1
  if (!isLast) return true
  const isEmpty = take(windowBits + 1, 1) === 1
  const nibbles = take(windowBits + 2, 2) + 4
  return !isEmpty && nibbles <= 6 && take(windowBits + 4, 4 * nibbles) >= AT_ONCE_CONTENT
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

function decoded(coding: string, source: BodySource, limit: number, sent: CountedSource): AsyncIterable<Uint8Array> {
  let size = 0
  const { stream } = decoders().get(coding) as Decoder
  return new CodingStream(source, stream, {
    onPiece: (bytes) => {
      size += bytes
      if (size > limit) throw tooLarge()
      if (size > sent.most) throw tooDense()
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

function tooDense(): HttpError {
  return new HttpError(413, `The body is more than ${MOST_RATIO} times as large once it is decoded.`, {
    code: 'ERR_CONTENT_CODING_RATIO',
  })
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
