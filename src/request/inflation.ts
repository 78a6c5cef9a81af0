import type * as zlibTypes from 'node:zlib'
import { canonicalEncoding } from '../fields/accept_encoding.js'
import { HttpError } from '../fields/http_error.js'
import { codeOf, messageOf } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { type BodySource, sourceOf } from '../streams/body_source.js'
import { type Coder, CodingStream } from '../streams/coding_stream.js'
import { CheckedSource, checkedBytes } from './coded_end.js'

interface Decoder {
  stream(): Coder
  /** Decodes at once. With `info`, the result includes the zlib engine. */
  now(bytes: Uint8Array, options: { readonly maxOutputLength: number; readonly info: true }): unknown
}

// Twice the default: each piece of output costs a trip to another thread.
const PIECES = { chunkSize: 32 * 1024 }

let known: ReadonlyMap<string, Decoder> | undefined

/** The decoder of each content coding. `deflate` means the zlib format (RFC 9110 §8.4.1.2). */
function decoders(): ReadonlyMap<string, Decoder> {
  if (known !== undefined) return known
  const zlib = lateBuiltin('node:zlib')
  const all = new Map<string, Decoder>([
    ['gzip', { stream: () => zlib.createGunzip(PIECES), now: zlib.gunzipSync }],
    ['deflate', { stream: () => zlib.createInflate(PIECES), now: zlib.inflateSync }],
    ['br', { stream: () => zlib.createBrotliDecompress(PIECES), now: zlib.brotliDecompressSync }],
  ])
  // Added in Node 22.15.
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

const checkers = new Map<string, boolean>()

/** Whether the decoder of a coding refuses a body that ends too early. Not all of Deno's and Bun's do. */
function checksEnd(coding: string): boolean {
  const checks = checkers.get(coding) ?? refusesNothing(decoders().get(coding) as Decoder)
  checkers.set(coding, checks)
  return checks
}

function refusesNothing({ now }: Decoder): boolean {
  try {
    now(Buffer.alloc(0), { maxOutputLength: 1, info: true })
    return false
  } catch {
    return true
  }
}

// Each decoder costs memory, and real clients use at most two.
const MAX_CODINGS = 4

// Up to these sizes of input and output, decoding on the JavaScript thread is cheaper than the trip to another one.
const AT_ONCE_BYTES = 4 * 1024
const AT_ONCE_CONTENT = 64 * 1024

// The maximum ratio of decoded to received bytes, beyond a small allowance. gzip and deflate cannot exceed 1032; br
// and zstd have no bound, and a body above this one is an attack.
const MAX_RATIO = 1100

/**
 * Decodes a body by its `Content-Encoding` field, which lists the codings in the order in which they were applied
 * (RFC 9110 §8.4). The body is decoded as it is read, with backpressure.
 *
 * @param field the value of `Content-Encoding`; null leaves the body unchanged
 * @param limit the maximum decoded size in bytes; it also bounds intermediate results of several codings
 * @param sent the number of bytes that are known to be sent, if it is more than were read
 * @throws HttpError 415 for an unsupported coding, with an `Accept-Encoding` field that lists the supported ones
 * (§15.5.16). While reading: 413 above the limit, 413 `ERR_CONTENT_CODING_RATIO` above the maximum ratio, 400
 * `ERR_INVALID_CONTENT_ENCODING` when the body is damaged, incomplete, or followed by other bytes
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
    // The encoded form of incompressible data is slightly larger than the data.
    const most = left === 1 ? limit : limit + limit / 16 + 1024
    content = decoded(coding, content === undefined ? source : (sourceOf(content) as BodySource), most, source)
  }
  return content as AsyncIterable<Uint8Array>
}

/** Counts the bytes that a client has sent. */
class CountedSource implements BodySource {
  readonly #source: BodySource
  readonly #sent: number
  #read = 0

  constructor(source: BodySource, sent: number) {
    this.#source = source
    this.#sent = sent
  }

  /** The largest decoded size that the ratio allows. */
  get most(): number {
    return AT_ONCE_CONTENT + MAX_RATIO * Math.max(this.#read, this.#sent)
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
 * Decodes a body that has arrived completely. A small one is decoded synchronously.
 *
 * @throws HttpError as `inflated` does, or returns a promise that rejects with it
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
 * brotli allocates as much memory as the header of a block announces, which takes longer than decoding. So only a
 * body that consists of one block and announces little is decoded synchronously (RFC 7932 §9.1, §9.2).
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

/** Undefined when the decoded size exceeds the limit. */
function decodedAtOnce(coding: string, bytes: Buffer, limit: number): Buffer | undefined {
  const { now } = decoders().get(coding) as Decoder
  try {
    // zlib does not accept a limit of 0.
    const options = { maxOutputLength: Math.max(1, limit), info: true } as const
    const checked = checksEnd(coding) ? bytes : checkedBytes(coding, bytes)
    if (checked === undefined) throw endsTooEarly(coding)
    const { buffer, engine } = now(checked, options) as { buffer: Buffer; engine: Coder }
    checkTaken(coding, engine.bytesWritten, bytes.length)
    return buffer.length > limit ? undefined : buffer
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw translated(coding, error)
  }
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  // In pieces, so that decoding can stop at the limit.
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
  if (codings.length > MAX_CODINGS) throw unsupported(`More than ${MAX_CODINGS} content codings are not supported.`)
  return codings
}

function decoded(coding: string, source: BodySource, limit: number, sent: CountedSource): AsyncIterable<Uint8Array> {
  let size = 0
  const { stream } = decoders().get(coding) as Decoder
  const checked = checksEnd(coding) ? undefined : new CheckedSource(coding, source, () => endsTooEarly(coding))
  return new CodingStream(checked ?? source, stream, {
    onPiece: (bytes) => {
      size += bytes
      if (size > limit) throw tooLarge()
      if (size > sent.most) throw tooDense()
    },
    onTaken: (taken, given) => checkTaken(coding, taken, Math.min(given, checked?.bytes ?? given)),
    translate: (error) => translated(coding, error),
  })
}

/** `given` is without the stray byte. */
function checkTaken(coding: string, taken: number, given: number): void {
  if (taken < given) throw damaged(coding, 'there are bytes after its end')
  if (taken > given) throw endsTooEarly(coding)
}

function endsTooEarly(coding: string): HttpError {
  return damaged(coding, 'it ends too early')
}

function translated(coding: string, error: unknown): unknown {
  if (error instanceof HttpError || codeOf(error) === 'Z_MEM_ERROR') return error
  return damaged(coding, messageOf(error), error)
}

function tooLarge(): HttpError {
  return new HttpError(413, 'The body is too large once it is decoded.')
}

function tooDense(): HttpError {
  return new HttpError(413, `The body is more than ${MAX_RATIO} times as large once it is decoded.`, {
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
