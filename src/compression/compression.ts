import { FileSlice } from '../exchange/file_slice.js'
import { chooseEncoding } from '../fields/accept_encoding.js'
import type { ReplyHeaders } from '../fields/headers.js'
import { parseMediaType } from '../fields/media_type.js'
import { contentTypeOf, encodeBody } from '../reply/body.js'
import { Reply, type ReplyBody } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import type { Middleware } from '../routing/handler.js'
import { describe } from '../runtime/describe.js'
import { knownOptions, wholeNumber, wrongType, wrongValue } from '../runtime/option_errors.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { type BodySource, isBlob, isStream, sourceOf } from '../streams/body_source.js'
import { CodingStream } from '../streams/coding_stream.js'
import { SlicePieces } from '../streams/slice_pieces.js'
import { type Encoder, type Encoding, encoders } from './encoders.js'

/** The options of `compress()`. */
export interface CompressOptions {
  /** The minimum size of a body, in bytes. Smaller ones are sent uncompressed. Default: 1024. */
  threshold?: number | undefined
  /**
   * The codings to use, preferred ones first. Those that the runtime lacks (`zstd` before Node 22.15) are ignored.
   * Default: `['br', 'zstd', 'gzip']`.
   */
  encodings?: readonly Encoding[] | undefined
  /** The compression level of each coding: br 0 to 11, default 4; zstd 1 to 19, default 3; gzip 1 to 9, default 6. */
  levels?: Partial<Readonly<Record<Encoding, number>>> | undefined
  /**
   * Decides by the value of `content-type` whether to compress. Default: text, JSON, XML, JavaScript, SVG,
   * WebAssembly, uncompressed fonts and similar types.
   */
  compressible?: ((contentType: string) => boolean) | undefined
}

interface Settings {
  readonly threshold: number
  /** `identity` is the last. */
  readonly codings: readonly string[]
  /**
   * The codings for event streams. gzip comes first: it takes the least memory per stream and makes the smallest
   * events.
   */
  readonly codingsOfEvents: readonly string[]
  readonly levels: Readonly<Partial<Record<Encoding, number>>>
  readonly compressible: (contentType: string) => boolean
}

/**
 * Creates a middleware that compresses responses for clients that accept it (RFC 9110 §12.5.3). Add it first, so that
 * it is outermost and other middleware sees uncompressed bodies.
 *
 * Not compressed are: bodies below `threshold`, types that do not shrink, responses with a `content-encoding` or a
 * digest field, 204, 206 and 304, and `cache-control: no-transform`. Every response that could be compressed gets
 * `vary: accept-encoding`. When it is compressed, a strong `etag` becomes weak, because the bytes differ, and
 * `content-length` and `accept-ranges` are removed.
 *
 * Streams are compressed as they are produced, and flushed when the source pauses, so that pages in pieces and events
 * arrive in time. When the client disconnects, the source is cancelled.
 *
 * Do not compress a response that contains a secret next to text that another party may choose: its length leaks the
 * secret (BREACH). Set `cache-control: no-transform` on it.
 *
 * @throws TypeError or RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for invalid
 * options
 */
export function compress(options: CompressOptions = {}): Middleware {
  const settings = checked(options)
  return (req, next) => {
    const answer = next()
    if (answer instanceof Promise) return answer.then((settled) => compressed(req, settled, settings))
    return compressed(req, answer, settings)
  }
}

isNoHandler(compress, 'call it, compress()')

/** What the middleware of other servers calls its options. */
const ADVICE = {
  filter: 'it is "compressible", which is given a content type',
  level: 'it is "levels", with one for each coding',
}

// Bodies up to this size are compressed on the JavaScript thread: passing one to another thread and back costs 60 µs,
// as long as compressing 8 KiB.
const AT_ONCE_BYTES = 8 * 1024

// Not compressed: no content, encoded already, or covered by a digest.
const NO_CONTENT = new Set([204, 205])
const FINISHED_WITH = ['content-encoding', 'content-digest', 'repr-digest']
const NO_TRANSFORM = /(?:^|,)[ \t]*no-transform[ \t]*(?:,|$)/i

function compressed(req: BrinkRequest, given: Reply, settings: Settings): Reply | Promise<Reply> {
  // Conditions and ranges apply to the uncompressed content.
  const answer = given.forRequest(req)
  const { headers, status } = answer
  if (status === 304) return unchanged(req, answer)
  if (NO_CONTENT.has(status) || FINISHED_WITH.some((name) => headers.has(name))) return answer
  const contentType = headers.get('content-type') ?? (answer.untyped ? undefined : contentTypeOf(answer.body))
  if (contentType === undefined || !settings.compressible(contentType)) return answer
  if (NO_TRANSFORM.test(headers.get('cache-control') ?? '')) return answer
  addVary(headers)
  // A range is a part of the uncompressed bytes (RFC 9110 §14.2).
  if (status === 206) return answer

  const accepted = req.headers.get('accept-encoding')
  const isEvents = contentType.startsWith('text/event-stream')
  const chosen = chooseEncoding(accepted, isEvents ? settings.codingsOfEvents : settings.codings)
  if (chosen === undefined || chosen === 'identity') return answer
  // A client that does not accept identity gets small bodies compressed, too.
  const least = chooseEncoding(accepted, ['identity']) === undefined ? 0 : settings.threshold
  const coding = new Coding(chosen as Encoding, settings.levels, isEvents)
  if (isStream(answer.body) || answer.body instanceof FileSlice) return streamed(answer, coding, least, contentType)
  if (answer.body === undefined || answer.body === null) return withoutBody(req, answer, coding, least, contentType)
  return whole(answer, coding, least, contentType)
}

/** A coding with its level. */
class Coding {
  readonly encoder: Encoder
  readonly level: number

  constructor(
    readonly name: Encoding,
    levels: Settings['levels'],
    readonly isEvents: boolean,
  ) {
    this.encoder = encoders().get(name) as Encoder
    this.level = levels[name] ?? this.encoder.standard
  }
}

function whole(answer: Reply, coding: Coding, least: number, contentType: string): Reply | Promise<Reply> {
  const content = encodeBody(answer.body) as string | Uint8Array
  const size = typeof content === 'string' ? Buffer.byteLength(content) : content.length
  if (size < least) return answer
  const finish = (bytes: Uint8Array) => {
    const isWorthIt = bytes.length < size || least === 0
    return isWorthIt ? variant(answer, coding, contentType, bytes) : answer
  }
  const { encoder, level } = coding
  if (size <= AT_ONCE_BYTES) return finish(encoder.now(content, level))
  // A copy goes to the other thread: the app may change its own memory meanwhile.
  return encoder.later(Buffer.from(content as string), level).then(finish)
}

function streamed(answer: Reply, coding: Coding, least: number, contentType: string): Reply {
  const { body, headers } = answer
  const size = headers.get('content-length') ?? sizeOf(body)
  if (Number(size) < least) return answer
  const { encoder, level, isEvents } = coding
  const source = sourceOf(body instanceof FileSlice ? new SlicePieces(body) : body) as BodySource
  const stream = new CodingStream(source, () => encoder.stream(level, isEvents), encoder)
  return variant(answer, coding, contentType, stream)
}

function sizeOf(body: unknown): number {
  if (body instanceof FileSlice) return body.length
  return isBlob(body) ? body.size : Number.POSITIVE_INFINITY
}

/** HEAD has the header fields that GET would have, as far as they are known (RFC 9110 §9.3.2). */
function withoutBody(req: BrinkRequest, answer: Reply, coding: Coding, least: number, contentType: string): Reply {
  const size = Number(answer.headers.get('content-length') ?? 0)
  if (req.method !== 'HEAD' || size === 0 || size < least) return answer
  // The compressed length is not known. GET would be chunked, so no length is sent.
  return variant(answer, coding, contentType, [].values())
}

/** Returns a copy with another body. The original may be sent to other clients, too. */
function variant(answer: Reply, { name }: Coding, contentType: string, body: ReplyBody): Reply {
  const other = new Reply(answer.status, body, answer.headers)
  other.trailers = answer.trailers
  other.context = answer.context
  const { headers } = other
  headers.set('content-type', contentType)
  headers.set('content-encoding', name)
  headers.delete('content-length')
  // A client that resumed with a range would get uncompressed bytes after compressed ones.
  headers.delete('accept-ranges')
  weaken(headers)
  return other
}

/** 304 has the same `etag` and `vary` as the full response (RFC 9110 §15.4.5). */
function unchanged(req: BrinkRequest, answer: Reply): Reply {
  const etag = answer.headers.get('etag')
  // The client holds the compressed variant if it sent the weak tag.
  if (etag !== null && (req.headers.get('if-none-match') ?? '').includes(`W/${etag}`)) weaken(answer.headers)
  addVary(answer.headers)
  return answer
}

/** Different bytes must not share a strong tag (RFC 9110 §8.8.3.3). */
function weaken(headers: ReplyHeaders): void {
  const etag = headers.get('etag')
  if (etag?.startsWith('"')) headers.set('etag', `W/${etag}`)
}

function addVary(headers: ReplyHeaders): void {
  const names = (headers.get('vary') ?? '').toLowerCase().split(',')
  if (!names.some((name) => name.trim() === '*' || name.trim() === 'accept-encoding')) {
    headers.append('vary', 'accept-encoding')
  }
}

const COMPRESSIBLE = new RegExp(
  [
    'text/.+',
    '.+\\+(?:json|xml|yaml|text)',
    'application/(?:json|xml|javascript|ecmascript|wasm|graphql|manifest|yaml|toml|sql|rtf|json-seq|jsonl|protobuf)',
    'application/x-(?:ndjson|javascript|yaml|sh|tar|protobuf|www-form-urlencoded|font-ttf)',
    'application/vnd\\.ms-fontobject',
    'font/(?:ttf|otf|collection)',
    'image/(?:bmp|x-icon|vnd\\.microsoft\\.icon)',
  ]
    .map((type) => `^${type}$`)
    .join('|'),
)

function isCompressible(contentType: string): boolean {
  const type = parseMediaType(contentType)
  return type !== undefined && COMPRESSIBLE.test(type.essence)
}

function checked(options: CompressOptions): Settings {
  const {
    threshold,
    encodings = ['br', 'zstd', 'gzip'],
    levels = {},
    compressible = isCompressible,
  } = knownOptions(options, ['threshold', 'encodings', 'levels', 'compressible'], 'compress()', ADVICE)
  if (typeof compressible !== 'function') throw wrongType('compressible', 'a function', compressible)
  if (!Array.isArray(encodings)) throw wrongType('encodings', 'a list', encodings)
  for (const name of encodings) checkName('encodings', name)
  if (typeof levels !== 'object' || levels === null) throw wrongType('levels', 'an object', levels)
  for (const [name, level] of Object.entries(levels)) {
    checkName('levels', name)
    const encoder = encoders().get(name as Encoding)
    if (encoder !== undefined) wholeNumber(`levels.${name}`, level, encoder.standard, encoder.least, encoder.most)
  }
  const codings = [...encodings.filter((name) => encoders().has(name)), 'identity']
  return {
    threshold: wholeNumber('threshold', threshold, 1024, 0, Number.MAX_SAFE_INTEGER),
    codings,
    codingsOfEvents: codings.includes('gzip') ? ['gzip', ...codings] : codings,
    levels,
    compressible,
  }
}

function checkName(option: string, name: unknown): void {
  if (name === 'br' || name === 'zstd' || name === 'gzip') return
  throw wrongValue(option, `knows br, zstd and gzip, not ${describe(name)}`)
}
