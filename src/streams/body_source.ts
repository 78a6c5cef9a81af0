import { checkIsThere } from '../exchange/body_changed.js'
import { bytesOf } from '../exchange/bytes_of.js'
import { FileSlice } from '../exchange/file_slice.js'
import { coded } from '../runtime/errors.js'
import { timers } from '../runtime/timers.js'

/** Where the pieces of a streamed body come from. */
export interface BodySource {
  /** Its pieces are its own again when it is asked for the next, so that they have to be copied. */
  readonly reusesPieces?: boolean
  /** The next piece: at once, or later. */
  next(): IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>>
  /** Nobody wants any more of it. */
  cancel(reason: unknown): void
}

interface Blobby {
  readonly size: number
  readonly type: string
  stream(): ReadableStream<Uint8Array>
}

/**
 * The source of a body that is a stream: a `ReadableStream`, a Node `Readable`, an async iterable, a generator, a `Blob`.
 * Undefined for everything else.
 *
 * @throws TypeError `ERR_REPLY_USED` for a stream that was taken before
 */
export function sourceOf(body: unknown): BodySource | undefined {
  if (!isStream(body)) return undefined
  if (body instanceof PeekedStream) return body
  const { getReader, pipe, destroy, on, [Symbol.asyncIterator]: asyncIterator } = body as Streams
  if (typeof getReader === 'function') {
    useOnce(body)
    return fromReader((body as ReadableStream<unknown>).getReader())
  }
  if (isBlob(body)) return fromReader(body.stream().getReader())
  if (typeof asyncIterator === 'function') {
    if (typeof pipe === 'function') useOnce(body)
    const iterator = asyncIterator.call(body)
    if ((iterator as unknown) === body) useOnce(body)
    if (typeof pipe !== 'function' || typeof destroy !== 'function') return fromIterator(iterator)
    // An error that comes before the first piece is asked for, or after nobody wants one, must not end the process.
    on?.call(body, 'error', () => {})
    // A Readable that nobody reads from hears of the end at once, even while a piece is awaited.
    return fromIterator(iterator, () => destroy.call(body))
  }
  useOnce(body)
  return fromIterator(body as Generator)
}

/** Streams that were taken. One that has ended would look like one that is empty. */
const used = new WeakSet<object>()

function useOnce(stream: unknown): void {
  if (used.has(stream as object)) {
    throw coded(
      new TypeError('This stream was sent before, which can be done once: make one for each reply.'),
      'ERR_REPLY_USED',
    )
  }
  used.add(stream as object)
}

/**
 * A stream whose first piece has been read, to see whether it is the only one. What is sent is the same.
 */
export class PeekedStream implements BodySource {
  readonly #rest: BodySource
  readonly #read: PromiseLike<IteratorResult<unknown>>[]

  constructor(rest: BodySource, read: PromiseLike<IteratorResult<unknown>>[]) {
    this.#rest = rest
    this.#read = read
  }

  next(): IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>> {
    return this.#read.shift() ?? this.#rest.next()
  }

  cancel(reason: unknown): void {
    this.#rest.cancel(reason)
  }
}

/** The bytes of a stream that gives no more than one piece, and that at once; otherwise the stream, to be sent. */
export async function peeked(stream: ReadableStream<Uint8Array>): Promise<Uint8Array | PeekedStream> {
  const source = fromReader(stream.getReader())
  const nextTurn = () => new Promise<undefined>((resolve) => timers.setImmediate(() => resolve(undefined)))
  const awaited = source.next() as Promise<IteratorResult<unknown>>
  const first = await Promise.race([awaited, nextTurn()])
  if (first === undefined) return new PeekedStream(source, [awaited])
  if (first.done) return new Uint8Array(0)
  const second = source.next() as Promise<IteratorResult<unknown>>
  const soon = await Promise.race([second, nextTurn()])
  if (soon?.done && first.value instanceof Uint8Array) return first.value
  return new PeekedStream(source, [Promise.resolve(first), second])
}

/** Whether `sourceOf` would find a source. */
export function isStream(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  const { [Symbol.asyncIterator]: asyncIterator, getReader, next, [Symbol.iterator]: iterator } = body as Streams
  if (typeof asyncIterator === 'function' || typeof getReader === 'function') return true
  return (typeof next === 'function' && typeof iterator === 'function') || isBlob(body) || body instanceof PeekedStream
}

/** Whether a body is a `Blob`, whose size and type are known. */
export function isBlob(body: unknown): body is Blobby {
  if (typeof body !== 'object' || body === null) return false
  const { [Symbol.toStringTag]: tag } = body as { [Symbol.toStringTag]?: unknown }
  return (tag === 'Blob' || tag === 'File') && typeof (body as Partial<Blobby>).stream === 'function'
}

type Streams = Partial<ReadableStream & AsyncIterable<unknown>> & {
  pipe?: unknown
  destroy?: () => void
  on?: (event: string, listener: () => void) => void
  next?: unknown
  [Symbol.iterator]?: unknown
}

function fromReader(reader: ReadableStreamDefaultReader<unknown>): BodySource {
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    // What a source says to being cancelled concerns nobody: there is no one to answer any more.
    cancel: (reason) => void reader.cancel(reason).catch(() => {}),
  }
}

function fromIterator(iterator: Iterator<unknown> | AsyncIterator<unknown>, stop?: () => void): BodySource {
  return {
    reusesPieces: stop === undefined,
    next: () => iterator.next(),
    cancel: () => {
      try {
        if (stop !== undefined) stop()
        else void Promise.resolve(iterator.return?.()).catch(() => {})
      } catch {
        // As above.
      }
    },
  }
}

/**
 * A piece of a streamed body as it is sent.
 * @throws TypeError `ERR_UNSUPPORTED_CHUNK`; Error `ERR_BODY_CHANGED` when its memory was taken away
 */
export function chunkOf(piece: unknown): string | Uint8Array | FileSlice {
  if (typeof piece === 'string' || piece instanceof FileSlice) return piece
  const bytes = bytesOf(piece)
  if (bytes?.length === 0) checkIsThere(bytes)
  if (bytes !== undefined) return bytes
  throw coded(
    new TypeError(`A streamed body is made of strings and bytes, not of ${piece === null ? 'null' : typeof piece}.`),
    'ERR_UNSUPPORTED_CHUNK',
  )
}
