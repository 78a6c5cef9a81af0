import { lateBuiltin } from '../runtime/late_builtin.js'

import { LazyStream } from './lazy_stream.js'

const BYTE_ORDER_MARK = 0xfeff

/** Whether somebody has read from a stream, or cancelled it. */
export function isDisturbed(stream: unknown): boolean {
  if (LazyStream.isUntouched(stream)) return false
  // Node's types have it as a method of `Readable`.
  const { Readable } = lateBuiltin('node:stream')
  return (Readable as unknown as { isDisturbed(stream: unknown): boolean }).isDisturbed(stream)
}

/** A stream of bytes that gives what is there already, made when it is read. */
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
 * A stream of bytes, as those of fetch are.
 *
 * @param next gives the next piece, which is the stream's from then on, or undefined behind the last one
 */
export function streamOfBytes(
  next: () => Promise<Uint8Array<ArrayBuffer> | undefined>,
  cancel: () => void,
): ReadableStream<Uint8Array> {
  const pull = async (controller: ReadableByteStreamController): Promise<void> => {
    let piece = await next()
    // Such a stream takes no piece of nothing.
    while (piece?.length === 0) piece = await next()
    if (piece !== undefined) return controller.enqueue(piece)
    controller.close()
    controller.byobRequest?.respond(0)
  }
  // Node's types mix up the two kinds of controllers.
  const source = { type: 'bytes', pull, cancel } as unknown as UnderlyingSource<Uint8Array>
  return new ReadableStream<Uint8Array>(source, { highWaterMark: 0 })
}

type ReadableByteStreamController = import('node:stream/web').ReadableByteStreamController
type UnderlyingSource<R> = import('node:stream/web').UnderlyingSource<R>

export function textBytes(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof content === 'string' ? new TextEncoder().encode(content) : (content as Uint8Array<ArrayBuffer>)
}

/** Text as it is read from a body: without a byte order mark, and with nothing that UTF-8 cannot say. */
export function decodedText(content: string | Uint8Array): string {
  const text = typeof content === 'string' ? wellFormed(content) : utf8(content)
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
}

/** A body as pieces of text. */
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

/** A copy that is the caller's own. */
export function arrayBufferOf(content: string | Uint8Array): ArrayBuffer {
  const bytes = textBytes(content)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}
