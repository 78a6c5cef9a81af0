// From what a handler gave to a reply in the exchange.

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
import type { Reply } from '../reply/reply.js'
import { checkLength, type Head, headOf } from '../reply/reply_head.js'
import { ReplyStream, type StreamSurroundings } from '../reply/reply_stream.js'
import { trailerLines, trailerNames } from '../reply/trailers.js'
import type { WholeAnswer } from '../reply/whole_answer.js'
import { type BodySource, isBlob, isStream, sourceOf } from '../streams/body_source.js'

/** What hears of a streamed answer. */
export type StreamWatcher = Pick<StreamSurroundings, 'done' | 'failed' | 'lender' | 'report'>

export class Sending {
  readonly #exchange: Exchange
  readonly #streams: AbortListeners<ReplyStream>
  // Connections that an answer ends, by their slots: the generations. The native side may not know of the answer yet, and
  // hand over what came behind it. Nothing is taken out: the next connection of a slot has another generation.
  readonly #closed: number[] = []

  constructor(exchange: Exchange, streams: AbortListeners<ReplyStream>) {
    this.#exchange = exchange
    this.#streams = streams
  }

  /** RFC 9112 §9.6: what came behind a request whose answer says `close` is not processed. */
  hasClosed(slot: number, generation: number): boolean {
    return this.#closed.length > 0 && this.#closed[slot] === generation
  }

  /**
   * Sends a value that is what it seems: text, an object or a list without a will of its own, nothing. False, and nothing
   * was sent, for all others.
   */
  simple(slot: number, generation: number, sequence: number, value: HandlerResult): boolean {
    if (typeof value === 'string') this.#exchange.text(slot, generation, sequence, CONTENT_TYPE_TEXT, value)
    else if (isPlain(value)) {
      this.#exchange.text(slot, generation, sequence, CONTENT_TYPE_JSON, encodeBody(value) as string)
    } else if (value === undefined || value === null) {
      this.#put({ slot, generation, sequence }, 204, 0, '', undefined)
    } else return false
    return true
  }

  /** Sends a value that is neither a `Reply` nor a `Response`. False when it is a stream, which a `Reply` can carry. */
  value(to: Recipient, value: HandlerResult): boolean {
    if (this.simple(to.slot, to.generation, to.sequence, value)) return true
    if (isStream(value)) return false
    const body = encodeBody(value)
    this.#put(to, 200, typeof body === 'string' ? CONTENT_TYPE_JSON : CONTENT_TYPE_BYTES, '', body)
    return true
  }

  /** Sends a complete answer. */
  whole(to: Recipient, method: string, { status, flags, fields, body, length }: WholeAnswer): void {
    if (length !== undefined && (method === 'HEAD' || status === 304)) {
      this.#putSized(to, status, flags | FLAG_REPLY_LENGTH_ONLY, fields, length)
    } else this.#put(to, status, flags, fields, body)
  }

  /** Sends a reply. True when all of it is sent; otherwise who watches is told when. */
  reply(to: Recipient, method: string, answer: Reply, watch: () => StreamWatcher): boolean {
    const { status } = answer
    const { flags, fields, length } = headOf(answer)
    if (isStream(answer.body)) return this.#stream(to, method, answer, { flags, fields, length }, watch)
    const body = encodeBody(answer.body)
    if (length !== undefined) {
      // A HEAD or a 304 may say the length of what it does not send (RFC 9110 §8.6).
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
    // Made before the answer begins: what is wrong with them can still be told.
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
      // To its client it is open as soon as its head is there, however late its first event.
      isPrompt: headers.get('content-type')?.startsWith('text/event-stream') === true,
      trailers: () => trailerLines(trailers),
      ...watch(),
    }).start()
    return false
  }

  #put(to: Recipient, status: number, flags: number, fields: string, body: ReplyBytes): void {
    this.#exchange.answer(to, status, flags, fields, body)
    if ((flags & FLAG_REPLY_CLOSE) !== 0) this.#closed[to.slot] = to.generation
  }

  #putSized(to: Recipient, status: number, flags: number, fields: string, length: number): void {
    this.#exchange.answerSized(to, status, flags, fields, length)
    if ((flags & FLAG_REPLY_CLOSE) !== 0) this.#closed[to.slot] = to.generation
  }
}
