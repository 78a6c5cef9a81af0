import { lateBuiltin } from '../runtime/late_builtin.js'

import { LazyStream } from './lazy_stream.js'

const BYTE_ORDER_MARK = 0xfeff

/** Whether a stream was read or cancelled. */
export function isDisturbed(stream: unknown): boolean {
  if (LazyStream.isUntouched(stream)) return false
  // Node's types declare it on `Readable` only.
  const { Readable } = lateBuiltin('node:stream')
  return (Readable as unknown as { isDisturbed(stream: unknown): boolean }).isDisturbed(stream)
}

/** The parts of a Node `Readable` that are used here. */
interface NodeStream {
  on(event: 'error', listener: () => void): unknown
  pipe(to: never): unknown
  destroy(): unknown
  [Symbol.asyncIterator](): AsyncIterator<unknown>
}

export function isNodeStream(body: object): body is NodeStream {
  const { on, pipe, destroy, [Symbol.asyncIterator]: iterate } = body as Partial<NodeStream>
  return [on, pipe, destroy, iterate].every((method) => typeof method === 'function')
}

/**
 * The pieces of a Node stream. When the iteration ends, also before its first piece, the stream is destroyed. An error of
 * a stream that nobody reads, as for HEAD, would end the process if there were no listener.
 */
export function piecesOf(stream: NodeStream): AsyncIterable<unknown> {
  stream.on('error', () => {})
  return {
    [Symbol.asyncIterator]: () => {
      const pieces = stream[Symbol.asyncIterator]()
      const stop = async (value?: unknown) => {
        stream.destroy()
        return { done: true as const, value }
      }
      return { next: () => pieces.next(), return: stop }
    },
  }
}

/** A byte stream over known content. It is created when it is first read. */
export function byteStream(content: string | Uint8Array): ReadableStream<Uint8Array> {
  return new LazyStream(() => newByteStream(content), content) as unknown as ReadableStream<Uint8Array>
}

function newByteStream(content: string | Uint8Array): ReadableStream<Uint8Array> {
  let isRead = false
  return streamOfBytes(
    async () => {
      const value = isRead ? undefined : new Uint8Array(textBytes(content))
      isRead = true
      return value
    },
    () => {},
  )
}

/**
 * A byte stream, which is what fetch's bodies are.
 *
 * @param next returns the next piece, which must not be used by anybody else, or undefined at the end
 */
export function streamOfBytes(
  next: () => Promise<Uint8Array<ArrayBuffer> | undefined>,
  cancel: () => void,
): ReadableStream<Uint8Array> {
  const pull = async (controller: ReadableByteStreamController): Promise<void> => {
    let piece = await next()
    // A byte stream throws for an empty piece.
    while (piece?.length === 0) piece = await next()
    if (piece !== undefined) return controller.enqueue(piece)
    controller.close()
    controller.byobRequest?.respond(0)
  }
  // Node's types do not know byte streams as an argument here.
  const source = { type: 'bytes', pull, cancel } as unknown as UnderlyingSource<Uint8Array>
  return new ReadableStream<Uint8Array>(source, { highWaterMark: 0 })
}

type ReadableByteStreamController = import('node:stream/web').ReadableByteStreamController
type UnderlyingSource<R> = import('node:stream/web').UnderlyingSource<R>

export function textBytes(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof content === 'string' ? new TextEncoder().encode(content) : (content as Uint8Array<ArrayBuffer>)
}

/** The text of a body: without a byte order mark, and with U+FFFD in place of lone surrogates. */
export function decodedText(content: string | Uint8Array): string {
  const text = typeof content === 'string' ? wellFormed(content) : utf8(content)
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
}

/** The body as a stream of text. */
export function textStreamOf(body: ReadableStream<Uint8Array> | null): ReadableStream<string> {
  const source = body ?? byteStream('')
  return source.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
}

export function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed()
}

/** A copy. */
export function arrayBufferOf(content: string | Uint8Array): ArrayBuffer {
  const bytes = textBytes(content)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}
