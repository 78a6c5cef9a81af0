import type { Readable } from 'node:stream'

/** What gives a body piece by piece. */
export type StreamedBody = ReadableStream | Readable | Blob | AsyncIterable<unknown> | Iterator<unknown>

/**
 * The pieces of a streamed body, one at a time. `cancel` ends it at once, also while a `next` is pending. The iterators
 * that streams and generators bring would do that only after the piece that they wait for, which may never come.
 */
export interface ChunkSource {
  next(): Promise<IteratorResult<unknown, unknown>>
  cancel(): void
}

/** Whether a body comes piece by piece: a stream, a Blob, an async iterable, or an iterator such as a generator. */
// Told by what it can do, not by instanceof: it may come of another realm or another implementation.
export function isStreamed(body: unknown): body is StreamedBody {
  if (typeof body !== 'object' || body === null) return false
  const candidate = body as Partial<AsyncIterable<unknown> & Iterator<unknown> & Iterable<unknown>>
  if (typeof candidate[Symbol.asyncIterator] === 'function') return true
  if (typeof candidate.next === 'function' && typeof candidate[Symbol.iterator] === 'function') return true
  return isReadableStream(body) || isBlob(body)
}

/**
 * Takes a streamed body, which can be done once.
 * @throws TypeError of the stream's own when it is taken already
 */
export function chunkSource(body: StreamedBody): ChunkSource {
  if (isBlob(body)) return chunkSource(body.stream())
  if (isReadableStream(body)) return fromReader(body.getReader())
  if (isReadable(body)) return fromReadable(body)
  if (Symbol.asyncIterator in body) return fromIterator(body[Symbol.asyncIterator]())
  return fromIterator(body)
}

function fromReader(reader: ReadableStreamDefaultReader<unknown>): ChunkSource {
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown, unknown>>,
    cancel: () => void reader.cancel().catch(() => {}),
  }
}

function fromReadable(stream: Readable): ChunkSource {
  // An error before the first piece is asked for, or after the last one, must not end the process. The iterator sees it.
  stream.on('error', () => {})
  const iterator = stream[Symbol.asyncIterator]()
  return { next: () => iterator.next(), cancel: () => void stream.destroy() }
}

function fromIterator(iterator: AsyncIterator<unknown> | Iterator<unknown>): ChunkSource {
  return {
    next: async () => iterator.next(),
    // What goes wrong in the clean-up of something that nobody listens to any more is nobody's.
    cancel: () => void Promise.resolve(iterator.return?.()).catch(() => {}),
  }
}

function isReadableStream(body: object): body is ReadableStream {
  return typeof (body as Partial<ReadableStream>).getReader === 'function'
}

function isReadable(body: object): body is Readable {
  const { pipe, destroy } = body as Partial<Readable>
  return typeof pipe === 'function' && typeof destroy === 'function'
}

function isBlob(body: object): body is Blob {
  const { stream, arrayBuffer } = body as Partial<Blob>
  return typeof stream === 'function' && typeof arrayBuffer === 'function'
}
