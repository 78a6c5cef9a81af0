import { FileSlice } from '../exchange/file_slice.js'
import { chooseEncoding } from '../fields/accept_encoding.js'
import type { ReplyHeaders } from '../fields/headers.js'
import { parseMediaType } from '../fields/media_type.js'
import { contentTypeOf, encodeBody } from '../reply/body.js'
import { Reply, type ReplyBody } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import type { Middleware } from '../routing/handler.js'
import { knownOptions, wholeNumber, wrongType, wrongValue } from '../runtime/option_errors.js'
import { type BodySource, isBlob, isStream, sourceOf } from '../streams/body_source.js'
import { CodingStream } from '../streams/coding_stream.js'
import { SlicePieces } from '../streams/slice_pieces.js'
import { type Encoder, type Encoding, encoders } from './encoders.js'

/** What `compress` does with which replies. */
export interface CompressOptions {
  /** Smaller bodies, in bytes, are sent as they are. Default: 1024. */
  threshold?: number | undefined
  /**
   * The codings, the preferred ones first; those that the runtime lacks (`zstd` before Node 22.15) are passed over.
   * Default: `['br', 'zstd', 'gzip']`.
   */
  encodings?: readonly Encoding[] | undefined
  /** How hard to try, by coding: br 0 to 11, default 4; zstd 1 to 19, default 3; gzip 1 to 9, default 6. */
  levels?: Partial<Readonly<Record<Encoding, number>>> | undefined
  /**
   * Says for the value of a `content-type` whether it is worth it. Default: text, JSON, XML, JavaScript, SVG,
   * WebAssembly, uncompressed fonts and the like.
   */
  compressible?: ((contentType: string) => boolean) | undefined
}

interface Settings {
  readonly threshold: number
  /** With `identity` behind them. */
  readonly codings: readonly string[]
  /** The same for streams of events: gzip first, of which a stream takes the least memory and makes the smallest events. */
  readonly codingsOfEvents: readonly string[]
  readonly levels: Readonly<Partial<Record<Encoding, number>>>
  readonly compressible: (contentType: string) => boolean
}

/**
 * Makes a middleware that compresses the replies of clients which ask for it (RFC 9110 §12.5.3). Put it outermost, that
 * is first: what is further in sees bodies as they were made.
 *
 * Left as they are: what is small, of a type that does not shrink, has a `content-encoding`, is a part of something
 * (206), has no content, is under a digest, or says `cache-control: no-transform`. Whatever could be compressed gets
 * `vary: accept-encoding`, compressed or not. With a body that is compressed, a strong `etag` becomes a weak one, for
 * the bytes are others; `content-length` and `accept-ranges`, which are no longer true, go.
 *
 * Streams are compressed as they go. What was written reaches the client as soon as the source pauses, so pages that
 * are made piece by piece, and events, arrive in time. A client that leaves ends the source at once.
 *
 * Do not compress a reply that holds a secret beside what somebody else may choose: its length tells of the secret.
 * `cache-control: no-transform` keeps it out.
 *
 * @throws TypeError or RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for options that
 *   cannot be
 */
export function compress(options: CompressOptions = {}): Middleware {
  const settings = checked(options)
  return (req, next) => {
    const answer = next()
    if (answer instanceof Promise) return answer.then((settled) => compressed(req, settled, settings))
    return compressed(req, answer, settings)
  }
}

// A body up to this size is compressed at once: handing it to another thread and back takes the JavaScript thread 60 µs,
// and so does compressing 8 KiB.
const AT_ONCE_BYTES = 8 * 1024

// The content of these is none, was coded before, or is vouched for by a digest of it.
const NO_CONTENT = new Set([204, 205])
const FINISHED_WITH = ['content-encoding', 'content-digest', 'repr-digest']
const NO_TRANSFORM = /(?:^|,)[ \t]*no-transform[ \t]*(?:,|$)/i

function compressed(req: BrinkRequest, given: Reply, settings: Settings): Reply | Promise<Reply> {
  // Conditions and ranges are about the content as it is.
  const answer = given.forRequest(req)
  const { headers, status } = answer
  if (status === 304) return unchanged(req, answer)
  if (NO_CONTENT.has(status) || FINISHED_WITH.some((name) => headers.has(name))) return answer
  const contentType = headers.get('content-type') ?? (answer.untyped ? undefined : contentTypeOf(answer.body))
  if (contentType === undefined || !settings.compressible(contentType)) return answer
  if (NO_TRANSFORM.test(headers.get('cache-control') ?? '')) return answer
  addVary(headers)
  // A part is one of the bytes as they are (RFC 9110 §14.2).
  if (status === 206) return answer

  const accepted = req.headers.get('accept-encoding')
  const isEvents = contentType.startsWith('text/event-stream')
  const chosen = chooseEncoding(accepted, isEvents ? settings.codingsOfEvents : settings.codings)
  if (chosen === undefined || chosen === 'identity') return answer
  // What is small has to be compressed, too, for a client that takes it in no other way.
  const least = chooseEncoding(accepted, ['identity']) === undefined ? 0 : settings.threshold
  const coding = new Coding(chosen as Encoding, settings.levels, isEvents)
  if (isStream(answer.body) || answer.body instanceof FileSlice) return streamed(answer, coding, least, contentType)
  if (answer.body === undefined || answer.body === null) return withoutBody(req, answer, coding, least, contentType)
  return whole(answer, coding, least, contentType)
}

/** A coding at its level. */
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
  // A copy is read on another thread: what becomes of the app's own memory meanwhile is the app's to say.
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

/** HEAD that a route answers itself has the fields that GET would have, as far as they are known (RFC 9110 §9.3.2). */
function withoutBody(req: BrinkRequest, answer: Reply, coding: Coding, least: number, contentType: string): Reply {
  const size = Number(answer.headers.get('content-length') ?? 0)
  if (req.method !== 'HEAD' || size === 0 || size < least) return answer
  // The length that GET would have is not known: of what is sent in chunks none is said.
  return variant(answer, coding, contentType, [].values())
}

/** The reply with another body. The one that was made stays what it is: it may be given to other clients, too. */
function variant(answer: Reply, { name }: Coding, contentType: string, body: ReplyBody): Reply {
  const other = new Reply(answer.status, body, answer.headers)
  other.trailers = answer.trailers
  other.context = answer.context
  const { headers } = other
  headers.set('content-type', contentType)
  headers.set('content-encoding', name)
  headers.delete('content-length')
  // Who asked for the rest by a range would get bytes that do not belong to these.
  headers.delete('accept-ranges')
  weaken(headers)
  return other
}

/** 304 has the validator and the `vary` that the whole answer would have (RFC 9110 §15.4.5). */
function unchanged(req: BrinkRequest, answer: Reply): Reply {
  const etag = answer.headers.get('etag')
  // The client has a compressed one when it asked with the weak form of the tag.
  if (etag !== null && (req.headers.get('if-none-match') ?? '').includes(`W/${etag}`)) weaken(answer.headers)
  addVary(answer.headers)
  return answer
}

/** RFC 9110 §8.8.3.3: other bytes must not have the same strong tag. */
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
  } = knownOptions(options, ['threshold', 'encodings', 'levels', 'compressible'])
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
  throw wrongValue(option, `knows br, zstd and gzip, not ${JSON.stringify(name)}`)
}
