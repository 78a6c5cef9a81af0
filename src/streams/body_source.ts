import { checkIsThere } from '../exchange/body_changed.js'
import { bytesOf } from '../exchange/bytes_of.js'
import { FileSlice } from '../exchange/file_slice.js'
import { describe } from '../runtime/describe.js'
import { coded } from '../runtime/errors.js'
import { timers } from '../runtime/timers.js'

/** A source of a streamed body. */
export interface BodySource {
  /** Whether it may reuse the memory of a piece after the next call of `next()`, so that pieces must be copied. */
  readonly reusesPieces?: boolean
  /** The next piece, now or later. */
  next(): IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>>
  /** No more pieces will be read. */
  cancel(reason: unknown): void
}

interface Blobby {
  readonly size: number
  readonly type: string
  stream(): ReadableStream<Uint8Array>
}

/**
 * The source of a streamed body: a `ReadableStream`, a Node `Readable`, an async iterable, a generator or a `Blob`.
 * Undefined for any other value.
 *
 * @throws TypeError `ERR_REPLY_USED` for a stream that was sent before
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
    // An error before the first read, or after the last one, must not end the process.
    on?.call(body, 'error', () => {})
    // destroy() ends a Readable at once, even while a piece is awaited.
    return fromIterator(iterator, () => destroy.call(body))
  }
  useOnce(body)
  return fromIterator(body as Generator)
}

/** Streams that were sent. One that has ended would look empty. */
const used = new WeakSet<object>()

function useOnce(stream: unknown): void {
  if (used.has(stream as object)) {
    throw coded(
      new TypeError('This stream was already sent, and can be sent only once: create one for each reply.'),
      'ERR_REPLY_USED',
    )
  }
  used.add(stream as object)
}

/** A stream whose first pieces were read, to see whether there are more. All of them are sent. */
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

/** Reads the bytes of a stream that has at most one piece, and has it at once; otherwise returns the stream. */
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

/** Whether `sourceOf` returns a source for a value. */
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
  if (tag !== 'Blob' && tag !== 'File') return false
  const { size, stream } = body as Partial<Blobby>
  return Number.isSafeInteger(size) && (size as number) >= 0 && typeof stream === 'function'
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
    // An error in cancelling cannot reach anybody, and a reader that is not of the runtime may throw at once.
    cancel: (reason) => void ignoringErrors(() => reader.cancel(reason)),
  }
}

function fromIterator(iterator: Iterator<unknown> | AsyncIterator<unknown>, stop?: () => void): BodySource {
  return {
    reusesPieces: stop === undefined,
    next: () => iterator.next(),
    cancel: () => {
      // As above.
      void ignoringErrors(() => (stop === undefined ? iterator.return?.() : stop()))
    },
  }
}

async function ignoringErrors(run: () => unknown): Promise<void> {
  try {
    await run()
  } catch {
    // Ignored.
  }
}

/**
 * Converts a piece of a streamed body to what is sent.
 * @throws TypeError `ERR_UNSUPPORTED_CHUNK`; Error `ERR_BODY_CHANGED` when its memory was detached
 */
export function chunkOf(piece: unknown): string | Uint8Array | FileSlice {
  if (typeof piece === 'string' || piece instanceof FileSlice) return piece
  const bytes = bytesOf(piece)
  if (bytes?.length === 0) checkIsThere(bytes)
  if (bytes !== undefined) return bytes
  throw coded(
    new TypeError(`A streamed body must yield strings or bytes, not ${describe(piece)}.`),
    'ERR_UNSUPPORTED_CHUNK',
  )
}
