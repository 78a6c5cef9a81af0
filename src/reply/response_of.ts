// Converts a reply to a fetch `Response`, with the fields that a client would receive.

import { FileSlice } from '../exchange/file_slice.js'
import { isFramingField } from '../fields/header_rules.js'
import { isPromise } from '../runtime/promises.js'
import { timers } from '../runtime/timers.js'
import { type BodySource, chunkOf, isBlob, isStream, sourceOf } from '../streams/body_source.js'
import { SlicePieces } from '../streams/slice_pieces.js'
import { contentTypeOf, encodeBody } from './body.js'
import type { Reply } from './reply.js'
import { checkLength, KNOWN_CONTENT_TYPES, lengthMismatch } from './reply_head.js'
import { HEAD_WAIT_MS } from './reply_stream.js'

/** Called when a stream ends. */
export interface ResponseWatcher {
  /** The body is complete, or was cancelled. */
  readonly done: () => void
  /** Called with the function that ends a stream, for a client that leaves. */
  readonly begun: (stop: (reason: unknown) => void) => void
  /** An error after the response was returned. */
  readonly report: (error: unknown) => void
}

/**
 * Rejects with an error of the reply, or with an error that its stream throws before the first piece.
 */
export async function responseOf(reply: Reply, method: string, watcher: ResponseWatcher): Promise<Response> {
  const { status, body } = reply
  const headers = headersOf(reply)
  const hasNoContent = status === 204 || status === 205 || status === 304
  const init = { status, headers }
  const content = isStream(body) ? undefined : encodeBody(body)
  if (content === undefined || content instanceof FileSlice) {
    if (content !== undefined || isStream(body)) {
      if (content !== undefined) checkGiven(headers, content)
      return streamed(reply, content, init, hasNoContent || method === 'HEAD', watcher)
    }
  } else checkGiven(headers, content)
  watcher.done()
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  setLength(headers, status, method, bytes?.length)
  const isSilent = hasNoContent || method === 'HEAD' || bytes === undefined
  return new Response(isSilent ? null : new Uint8Array(bytes), init)
}

/** Sets the content length as the native side does. A HEAD or a 304 without a body keeps a length that was given. */
function setLength(headers: Headers, status: number, method: string, length: number | undefined): void {
  const isOfHead = method === 'HEAD'
  if (status === 205) headers.set('content-length', '0')
  else if (status === 204 || (status === 304 && length !== undefined)) headers.delete('content-length')
  else if (length === undefined && (isOfHead || status === 304)) return
  else if (length === 0 && isOfHead) headers.delete('content-length')
  else headers.set('content-length', String(length ?? 0))
}

function checkGiven(headers: Headers, content: string | Uint8Array | FileSlice): void {
  const length = headers.get('content-length')
  if (length === null) return
  try {
    checkLength(Number(length), content)
  } catch (error) {
    if (content instanceof FileSlice) content.release()
    throw error
  }
}

function headersOf(reply: Reply): Headers {
  const headers = new Headers()
  for (const [name, value] of reply.headers) if (!isFramingField(name)) headers.append(name, value)
  const type = reply.untyped || headers.has('content-type') ? undefined : contentTypeOf(reply.body)
  if (type !== undefined) headers.set('content-type', type)
  // As the native side does: there is no content that could be text or JSON.
  const isEmpty = reply.status === 204 || reply.status === 205
  if (isEmpty && KNOWN_CONTENT_TYPES.has(headers.get('content-type') ?? '')) headers.delete('content-type')
  return headers
}

interface Init {
  readonly status: number
  readonly headers: Headers
}

async function streamed(
  reply: Reply,
  slice: FileSlice | undefined,
  init: Init,
  isSilent: boolean,
  watcher: ResponseWatcher,
): Promise<Response> {
  const { body, context, status } = reply
  const size = slice?.length ?? (isBlob(body) ? body.size : undefined)
  const hasNoContent = status === 204 || status === 205 || status === 304
  if (size !== undefined && !init.headers.has('content-length')) init.headers.set('content-length', String(size))
  if (hasNoContent) setLength(init.headers, status, 'GET', 0)
  const source = sourceOf(slice === undefined ? body : new SlicePieces(slice)) as BodySource
  if (isSilent) {
    if (slice === undefined) source.cancel(undefined)
    else slice.release()
    watcher.done()
    return new Response(null, init)
  }
  const next = () => (context === undefined ? source.next() : context.runInAsyncScope(source.next, source))
  const first = next()
  // An error before the first piece can still be answered, unless the piece takes long.
  const isPrompt = init.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (isPromise(first) && !isPrompt) await firstOrLate(first)
  return new Response(new Pieces(first, next, source, init.headers.get('content-length'), watcher).stream, init)
}

/** Rejects if the first piece rejects within HEAD_WAIT_MS. */
async function firstOrLate(first: PromiseLike<unknown>): Promise<void> {
  let late: NodeJS.Timeout | undefined
  const tooLong = new Promise<void>((resolve) => {
    late = timers.setTimeout(resolve, HEAD_WAIT_MS)
  })
  try {
    await Promise.race([first, tooLong])
  } finally {
    timers.clearTimeout(late)
  }
}

type Next = IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>>

class Pieces {
  readonly stream: ReadableStream<Uint8Array>
  readonly #next: () => Next
  readonly #watcher: ResponseWatcher
  readonly #length: number | undefined
  #first: Next | undefined
  #isOver = false
  #slice: SlicePieces | undefined
  #given = 0

  constructor(first: Next, next: () => Next, source: BodySource, length: string | null, watcher: ResponseWatcher) {
    this.#first = first
    this.#next = next
    this.#watcher = watcher
    this.#length = length === null ? undefined : Number(length)
    const cancel = (reason: unknown) => {
      this.#end()
      source.cancel(reason)
    }
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) =>
      watcher.begun((reason) => {
        if (this.#isOver) return
        cancel(reason)
        controller.error(reason)
      })
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => this.#pull(controller)
    this.stream = new ReadableStream({ start, pull, cancel }, { highWaterMark: 0 })
  }

  #end(): void {
    this.#isOver = true
    this.#watcher.done()
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      const bytes = await this.#piece()
      if (this.#isOver) return
      if (bytes !== undefined) return controller.enqueue(bytes)
      if (this.#length !== undefined && this.#given < this.#length) throw lengthMismatch(this.#length, 'less')
      controller.close()
    } catch (error) {
      if (this.#isOver) return
      this.#watcher.report(error)
      controller.error(error)
    }
    this.#end()
  }

  /** The next piece that is not empty, or undefined at the end. */
  async #piece(): Promise<Uint8Array | undefined> {
    for (;;) {
      const part = this.#slice?.next()
      if (part?.done === false) return this.#counted(part.value)
      this.#slice = undefined
      const given = this.#first ?? this.#next()
      this.#first = undefined
      const { done, value } = await given
      if (done) return undefined
      const piece = chunkOf(value)
      if (piece instanceof FileSlice) this.#slice = new SlicePieces(piece)
      else {
        const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
        // The source may reuse the memory of a piece when the next one is requested, so it is copied.
        if (bytes.length > 0) return this.#counted(new Uint8Array(bytes))
      }
    }
  }

  #counted(bytes: Uint8Array): Uint8Array {
    this.#given += bytes.length
    if (this.#length !== undefined && this.#given > this.#length) throw lengthMismatch(this.#length, 'more')
    return bytes
  }
}
