// Converts the result of a handler to a reply in the exchange.

import type { AbortListeners } from '../exchange/abort_listeners.js'
import type { Exchange } from '../exchange/exchange.js'
import { FileSlice } from '../exchange/file_slice.js'
import {
  CONTENT_TYPE_BYTES,
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_TEXT,
  FLAG_CHUNK_END,
  FLAG_REPLY_CLOSE,
  FLAG_REPLY_LENGTH_ONLY,
  FLAG_REPLY_SIZED,
  FLAG_REPLY_STREAM,
} from '../exchange/layout.js'
import type { Recipient } from '../exchange/recipient.js'
import type { ReplyBytes } from '../exchange/reply_bytes.js'
import { encodeBody, isPlain } from '../reply/body.js'
import type { HandlerResult } from '../reply/handler_result.js'
import type { SentInPieces } from '../reply/own_answer.js'
import type { Reply } from '../reply/reply.js'
import { checkLength, type Head, headOf } from '../reply/reply_head.js'
import { ReplyStream, type StreamSurroundings } from '../reply/reply_stream.js'
import { trailerLines, trailerNames } from '../reply/trailers.js'
import type { WholeAnswer } from '../reply/whole_answer.js'
import { type BodySource, isBlob, isStream, sourceOf } from '../streams/body_source.js'

/** Receives the events of a streamed response. */
export type StreamWatcher = Pick<StreamSurroundings, 'done' | 'failed' | 'left' | 'lender' | 'report'>

export class Sending {
  readonly #exchange: Exchange
  readonly #streams: AbortListeners<SentInPieces>
  // The generations of connections that a response closes, by slot. The native side may not have the response yet, and
  // still pass later requests. Entries stay: the next connection of a slot has another generation.
  readonly #closed: number[] = []

  /** The field that all responses have besides their own; undefined for none. */
  readonly #ownField: ((to: Recipient, fields: string) => string) | undefined

  constructor(
    exchange: Exchange,
    streams: AbortListeners<SentInPieces>,
    ownField?: (to: Recipient, fields: string) => string,
  ) {
    this.#exchange = exchange
    this.#streams = streams
    this.#ownField = ownField
  }

  /** RFC 9112 §9.6: requests after a response with `Connection: close` are not processed. */
  hasClosed(slot: number, generation: number): boolean {
    return this.#closed.length > 0 && this.#closed[slot] === generation
  }

  /** The connection is closed by an answer that was written elsewhere. */
  closes({ slot, generation }: Recipient): void {
    this.#closed[slot] = generation
  }

  /**
   * Sends a simple value: a text, a plain object or array, undefined or null. Returns false for other values, and sends
   * nothing.
   */
  simple(slot: number, generation: number, sequence: number, routeNumber: number, value: HandlerResult): boolean {
    if (typeof value === 'string')
      this.#exchange.text(slot, generation, sequence, CONTENT_TYPE_TEXT, value, routeNumber)
    else if (isPlain(value)) {
      this.#exchange.text(slot, generation, sequence, CONTENT_TYPE_JSON, encodeBody(value) as string, routeNumber)
    } else if (value === undefined || value === null) {
      this.#put({ slot, generation, sequence, routeNumber }, 204, 0, '', undefined)
    } else return false
    return true
  }

  /**
   * Sends a value that is neither a `Reply` nor a `Response`. Returns false for a stream, which only a `Reply` can
   * carry.
   */
  value(to: Recipient, value: HandlerResult): boolean {
    if (this.#ownField === undefined) {
      if (this.simple(to.slot, to.generation, to.sequence, to.routeNumber ?? 0, value)) return true
    } else if (typeof value === 'string') {
      this.#put(to, 200, CONTENT_TYPE_TEXT, '', value)
      return true
    } else if (value === undefined || value === null) {
      this.#put(to, 204, 0, '', undefined)
      return true
    }
    if (isStream(value)) return false
    const body = encodeBody(value)
    this.#put(to, 200, typeof body === 'string' ? CONTENT_TYPE_JSON : CONTENT_TYPE_BYTES, '', body)
    return true
  }

  /** Sends a whole answer. */
  whole(to: Recipient, method: string, { status, flags, fields, body, length }: WholeAnswer): void {
    if (length !== undefined && (method === 'HEAD' || status === 304)) {
      this.#putSized(to, status, flags | FLAG_REPLY_LENGTH_ONLY, fields, length)
    } else this.#put(to, status, flags, fields, body)
  }

  /** Sends a reply. Returns true when it is sent completely. Otherwise the watcher is called later. */
  reply(to: Recipient, method: string, answer: Reply, watch: () => StreamWatcher): boolean {
    const { status } = answer
    const { flags, fields, length } = headOf(answer)
    if (isStream(answer.body)) return this.#stream(to, method, answer, { flags, fields, length }, watch)
    const body = encodeBody(answer.body)
    if (length !== undefined) {
      // A response to HEAD or with 304 may have the length of the body that it does not send (RFC 9110 §8.6).
      if (body === undefined && (method === 'HEAD' || status === 304)) {
        this.#putSized(to, status, flags | FLAG_REPLY_LENGTH_ONLY, fields, length)
        return true
      }
      try {
        checkLength(length, body)
      } catch (error) {
        if (body instanceof FileSlice) body.release()
        throw error
      }
    }
    this.#put(to, status, flags, fields, body)
    return true
  }

  #stream(to: Recipient, method: string, answer: Reply, head: Head, watch: () => StreamWatcher): boolean {
    const source = sourceOf(answer.body) as BodySource
    try {
      return this.#begin(to, method, answer, source, head, watch)
    } catch (error) {
      source.cancel(error)
      throw error
    }
  }

  #begin(
    to: Recipient,
    method: string,
    { status, headers, body, trailers }: Reply,
    source: BodySource,
    { flags, fields, length }: Head,
    watch: () => StreamWatcher,
  ): boolean {
    if (isBlob(body)) length ??= body.size
    // Before the response begins, so that an error can still be answered.
    const names = trailerNames(trailers)
    const hasNoContent = status === 204 || status === 205 || status === 304
    if (hasNoContent || method === 'HEAD') source.cancel(undefined)
    if (hasNoContent) {
      this.#put(to, status, flags, fields, undefined)
      return true
    }
    const begin = () => {
      if (length !== undefined) {
        this.#putSized(to, status, flags | FLAG_REPLY_STREAM | FLAG_REPLY_SIZED, fields, length)
      } else {
        const all = names === '' ? fields : `${fields}trailer: ${names}\r\n`
        this.#put(to, status, flags | FLAG_REPLY_STREAM, all, undefined)
      }
    }
    if (method === 'HEAD') {
      begin()
      this.#exchange.chunk(to, FLAG_CHUNK_END, '', undefined)
      return true
    }
    new ReplyStream(to, source, length, {
      exchange: this.#exchange,
      streams: this.#streams,
      begin,
      // An EventSource is open when the head has arrived, so the head does not wait for the first event.
      isPrompt: headers.get('content-type')?.startsWith('text/event-stream') === true,
      trailers: () => trailerLines(trailers),
      ...watch(),
    }).start()
    return false
  }

  #put(to: Recipient, status: number, flags: number, fields: string, body: ReplyBytes): void {
    this.#exchange.answer(to, status, flags, this.#all(to, fields), body)
    if ((flags & FLAG_REPLY_CLOSE) !== 0) this.closes(to)
  }

  #putSized(to: Recipient, status: number, flags: number, fields: string, length: number): void {
    this.#exchange.answerSized(to, status, flags, this.#all(to, fields), length)
    if ((flags & FLAG_REPLY_CLOSE) !== 0) this.closes(to)
  }

  #all(to: Recipient, fields: string): string {
    return this.#ownField === undefined ? fields : fields + this.#ownField(to, fields)
  }
}
