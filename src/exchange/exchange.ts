// JavaScript's side of the exchange: the blocks that bring the requests of a reactor, and the blocks that take its
// replies.

import { coded } from '../runtime/errors.js'
import { timers } from '../runtime/timers.js'
import { COPIED_BODY, checkIsThere, inContextOfNow, type Lender, ofFixedLength } from './body_changed.js'
import { FileSlice } from './file_slice.js'
import { COPIED_WINDOW, LargeBodies } from './large_bodies.js'
import {
  BLOCK_BYTES,
  BLOCK_BYTES_AT,
  BLOCK_WORDS,
  DEADLINES_RATE,
  DEADLINES_REQUEST,
  DEADLINES_WRITE,
  END_IN_ORDER,
  FLAG_CHUNK_ASKS,
  FLAG_CHUNK_END,
  FLAG_REPLY_BODY_BY_REFERENCE,
  FLAG_REPLY_CLOSE,
  FLAG_REPLY_LENGTH_ONLY,
  FLAG_REPLY_RAW,
  FLAG_REPLY_SIZED,
  FLAG_REPLY_STREAM,
  FLAG_REPLY_WHOLE,
  REPLIES_END,
  REPLIES_FIRST,
  REPLY_ABORT,
  REPLY_ANSWER,
  REPLY_BODY_LENGTH,
  REPLY_BODY_OFFSET,
  REPLY_CHUNK,
  REPLY_DEADLINES,
  REPLY_END_CONNECTION,
  REPLY_FIELDS_LENGTH,
  REPLY_FIELDS_OFFSET,
  REPLY_FLAGS,
  REPLY_GENERATION,
  REPLY_KIND,
  REPLY_READ,
  REPLY_SEQUENCE,
  REPLY_SLOT,
  REPLY_STATUS,
  REPLY_TAKE_OVER,
  REPLY_WORDS,
  STATE_IN_BATCH,
  STATE_REPLY_BLOCK,
  STATE_WORDS,
} from './layout.js'
import type { NativeReactor } from './native.js'
import { type RawBuffer, raw } from './raw_buffer.js'
import type { Recipient } from './recipient.js'
import type { ReplyBytes } from './reply_bytes.js'

/** Up to this length, a loop over the characters is faster than a call into the runtime. */
const SHORT_TEXT = 48

/** The request blocks of a reactor on a thread: one is being answered, one waits, one is being filled. */
const THREAD_BLOCKS = 3

/** Deadlines that a route can set in place of the server's. Times in milliseconds, the rate in bytes per second. */
export interface Deadlines {
  readonly requestTimeout?: number | undefined
  readonly writeTimeout?: number | undefined
  readonly minRate?: number | undefined
}

/** The reactor of an exchange, as far as the exchange needs it. */
export interface ExchangeNative extends Pick<NativeReactor, 'lend' | 'losers'> {
  /**
   * Makes the native side take the block of replies, and provide another one. With `atLeisure`, it returns false when
   * the reactor has not taken the previous block yet.
   */
  flush(atLeisure?: boolean): boolean
}

/** A block of memory that one side fills and the other reads: see the layout. */
export class Block {
  readonly memory: ArrayBuffer
  readonly words: Int32Array
  readonly bytes: RawBuffer

  constructor(memory: ArrayBuffer) {
    this.memory = memory
    this.words = new Int32Array(memory, 0, BLOCK_WORDS)
    this.bytes = raw(Buffer.from(memory, BLOCK_BYTES_AT, BLOCK_BYTES))
  }
}

export class Exchange {
  readonly requestBlocks: readonly ArrayBuffer[]
  readonly replyBlocks: ArrayBuffer[] = [newMemory()]
  /** See the layout's STATE words. */
  readonly state = new Int32Array(STATE_WORDS)

  readonly #requests: readonly Block[]
  readonly #replies: Block[] = []
  readonly #native: ExchangeNative
  readonly #threaded: boolean
  /** Bodies that are too large to be copied to another thread at once. */
  readonly largeBodies = new LargeBodies(this)
  // The lenders of bodies outside of the block, by the numbers that `lend` returned.
  readonly #lenders: ((() => Lender | undefined) | undefined)[] = []
  // The block that is written to, and its number.
  #out: Block
  #outPlace = 0
  #bytesUsed = 0
  // The text of the last response, and its position in the block.
  #text: string | undefined
  #textAt = 0
  #textEnd = 0
  #flushIsDue = false

  constructor(threaded: boolean, native: ExchangeNative) {
    this.requestBlocks = Array.from({ length: threaded ? THREAD_BLOCKS : 1 }, newMemory)
    this.#requests = this.requestBlocks.map((memory) => new Block(memory))
    this.#native = native
    this.#threaded = threaded
    this.#out = this.#replies[0] = new Block(this.replyBlocks[0] as ArrayBuffer)
    this.#out.words[REPLIES_END] = REPLIES_FIRST
  }

  /** A block of requests, by its number. */
  requests(place: number): Block {
    return this.#requests[place] as Block
  }

  /** Writes a response. `fields` are complete, checked field lines. `flags`: see the layout. */
  answer(to: Recipient, status: number, flags: number, fields: string, body: ReplyBytes): void {
    const bytes = this.#threaded ? bytesOfLarge(body) : undefined
    const isSilent = status === 204 || status === 205 || status === 304
    if (bytes === undefined || isSilent) {
      this.#put(REPLY_ANSWER, to, ofRoute(status, to), flags, fields, isSilent ? undefined : body)
    } else if (to.method === 'HEAD') {
      this.answerSized(to, status, flags | FLAG_REPLY_LENGTH_ONLY, fields, bytes.length)
    } else {
      this.answerSized(
        to,
        status,
        flags | FLAG_REPLY_STREAM | FLAG_REPLY_SIZED | FLAG_REPLY_WHOLE,
        fields,
        bytes.length,
      )
      this.largeBodies.send(to, FLAG_CHUNK_END, '', bytes)
    }
  }

  /** Writes a response with status 200 that has only a text, as most have. */
  text(
    slot: number,
    generation: number,
    sequence: number,
    contentType: number,
    body: string,
    routeNumber: number,
  ): void {
    if (body.length > COPIED_BODY) {
      return this.answer({ slot, generation, sequence, routeNumber }, 200, contentType, '', body)
    }
    const { words: out, bytes } = this.#makeRoom(3 * body.length)
    const at = out[REPLIES_END]
    // A text that is already in the block is not written again, because many responses are the same.
    const isThere = body === this.#text
    const bodyAt = isThere ? this.#textAt : this.#bytesUsed
    const end = isThere ? this.#textEnd : write(bytes, body, bodyAt)
    out[at + REPLY_KIND] = REPLY_ANSWER
    out[at + REPLY_SLOT] = slot
    out[at + REPLY_GENERATION] = generation
    out[at + REPLY_SEQUENCE] = sequence
    out[at + REPLY_STATUS] = 200 | (routeNumber << 16)
    out[at + REPLY_FLAGS] = contentType
    out[at + REPLY_FIELDS_OFFSET] = bodyAt
    out[at + REPLY_FIELDS_LENGTH] = 0
    out[at + REPLY_BODY_OFFSET] = bodyAt
    out[at + REPLY_BODY_LENGTH] = end - bodyAt
    out[REPLIES_END] = at + REPLY_WORDS
    if (!isThere) {
      this.#text = body
      this.#textAt = bodyAt
      this.#textEnd = this.#bytesUsed = end
    }
    if (this.state[STATE_IN_BATCH] === 0) this.#flushSoon()
  }

  /**
   * Writes a response with a length but without a body. With FLAG_REPLY_LENGTH_ONLY, it has no body (RFC 9110 §8.6).
   * With FLAG_REPLY_STREAM and FLAG_REPLY_SIZED, the body follows in chunks.
   */
  answerSized(to: Recipient, status: number, flags: number, fields: string, length: number): void {
    const words = this.#put(REPLY_ANSWER, to, ofRoute(status, to), flags, fields, undefined)
    const at = words[REPLIES_END] - REPLY_WORDS
    words[at + REPLY_BODY_OFFSET] = Math.floor(length / 2 ** 32)
    words[at + REPLY_BODY_LENGTH] = length % 2 ** 32
  }

  /**
   * Writes a raw response: `head` in Latin-1, and then the body. With FLAG_REPLY_STREAM, `rawChunk` adds more. With
   * FLAG_REPLY_CLOSE, the connection is closed after it. Nothing is checked or added, whatever the method and status.
   */
  raw(to: Recipient, flags: number, head: string, body: ReplyBytes): void {
    const bytes = this.#threaded ? bytesOfLarge(body) : undefined
    if (bytes === undefined) {
      this.#put(REPLY_ANSWER, to, ofRoute(0, to), flags | FLAG_REPLY_RAW, head, body)
      return
    }
    this.#put(REPLY_ANSWER, to, ofRoute(0, to), FLAG_REPLY_RAW | FLAG_REPLY_STREAM, head, undefined)
    const streams = (flags & FLAG_REPLY_STREAM) !== 0
    const last = streams ? flags & FLAG_CHUNK_ASKS : FLAG_CHUNK_END | (flags & FLAG_REPLY_CLOSE)
    this.largeBodies.send(to, last | FLAG_REPLY_RAW, '', bytes)
  }

  /**
   * Writes more of a raw response, or to a connection that was handed over. FLAG_CHUNK_END: it is the last chunk. With
   * FLAG_CHUNK_ASKS, EVENT_DRAINED comes when the client has taken everything, and the caller may change the memory
   * again.
   */
  rawChunk(to: Recipient, flags: number, head: string, body: ReplyBytes): void {
    this.chunk(to, flags | FLAG_REPLY_RAW, head, body)
  }

  /**
   * Writes a piece of a streamed body. With FLAG_CHUNK_END it is the last; `trailers` are complete, checked field
   * lines.
   */
  chunk(to: Recipient, flags: number, trailers: string, body: ReplyBytes): void {
    if (this.#threaded) return this.copiedChunk(to, flags, trailers, body)
    this.#put(REPLY_CHUNK, to, 0, flags, trailers, body)
  }

  /** The same with a copy. With FLAG_CHUNK_ASKS, the caller may change the memory again at EVENT_DRAINED. */
  copiedChunk(to: Recipient, flags: number, trailers: string, body: ReplyBytes): void {
    if (this.largeBodies.takes(to, { flags, trailers, body })) return
    const bytes = bytesOfLarge(body)
    if (bytes === undefined) return this.window(to, flags, trailers, body)
    const hasHead = (flags & FLAG_REPLY_RAW) !== 0 && trailers !== ''
    // Raw fields are sent before the body, trailers after it.
    if (hasHead) this.window(to, FLAG_REPLY_RAW, trailers, undefined)
    this.largeBodies.send(to, flags, hasHead ? '' : trailers, bytes)
  }

  /** Writes a copied chunk, ahead of chunks that wait. */
  window(to: Recipient, flags: number, trailers: string, body: ReplyBytes): void {
    this.#put(REPLY_CHUNK, to, 0, flags, trailers, body, true)
  }

  /** Closes the connection, because a streamed body cannot be completed. */
  abort(to: Recipient): void {
    this.largeBodies.drop(to)
    this.#put(REPLY_ABORT, to, 0, 0, '', undefined)
  }

  /** Asks for this many more bytes of the request's body. */
  read(to: Recipient, bytes: number): void {
    const words = this.#put(REPLY_READ, to, 0, 0, '', undefined)
    words[words[REPLIES_END] - REPLY_WORDS + REPLY_BODY_LENGTH] = Math.min(bytes, 0x7fffffff)
  }

  /** Takes over the connection: from now on, received bytes are reported as they are. */
  takeOver(to: Recipient): void {
    this.#put(REPLY_TAKE_OVER, to, ofRoute(0, to), 0, '', undefined)
  }

  /**
   * Ends a connection, idle or with unanswered requests. `how`: END_IN_ORDER, END_AT_ONCE or END_BY_RESET. The raw
   * bytes are sent before the end. With the sequence of a request and the number of its route, they are counted for it,
   * if it has had no answer.
   */
  endConnection(
    slot: number,
    generation: number,
    how: number,
    bytes?: string | Uint8Array,
    { sequence = 0, routeNumber = 0 }: Partial<Recipient> = {},
  ): void {
    const end = () => this.endConnection(slot, generation, how, bytes, { sequence, routeNumber })
    if (how === END_IN_ORDER && this.largeBodies.sentBefore(slot, generation, end)) return
    const to = { slot, generation, sequence, routeNumber }
    this.#put(REPLY_END_CONNECTION, to, ofRoute(how, to), 0, '', bytes)
  }

  /** Sets the deadlines of one request. */
  deadlines(to: Recipient, { requestTimeout, writeTimeout, minRate }: Deadlines): void {
    const words = this.#put(REPLY_DEADLINES, to, 0, 0, '', undefined)
    const at = words[REPLIES_END] - REPLY_WORDS
    words[at + DEADLINES_REQUEST] = requestTimeout ?? 0
    words[at + DEADLINES_WRITE] = writeTimeout ?? 0
    words[at + DEADLINES_RATE] = minRate === undefined ? 0 : minRate + 1
  }

  /** Runs `work`, and then passes its replies and the replies before it to the reactor together. */
  together(work: () => void): void {
    // Earlier replies have waited long enough.
    this.#native.flush(true)
    this.state[STATE_IN_BATCH] = 1
    try {
      work()
    } finally {
      this.state[STATE_IN_BATCH] = 0
      if (!this.#native.flush(true)) this.#flushSoon()
    }
  }

  /** Writes a reply. Returns the words of the block; the reply is the last one in it. */
  #put(
    kind: number,
    to: Recipient,
    status: number,
    flags: number,
    fields: string,
    body: ReplyBytes,
    copied = this.#threaded,
  ): Int32Array {
    // Memory that is created here cannot be changed by others.
    const isOwn = typeof body === 'string' && body.length > COPIED_BODY
    if (isOwn) body = Buffer.from(body as string)
    const large = typeof body === 'object' && (body.length > COPIED_BODY || body instanceof FileSlice)
    if (typeof body === 'object' && body.length === 0 && body instanceof Uint8Array) checkIsThere(body)
    // A UTF-16 unit takes at most three bytes of UTF-8.
    const bodyMost = body === undefined || large ? 0 : typeof body === 'string' ? 3 * body.length : body.length
    const { words: out, bytes } = this.#makeRoom(fields.length + bodyMost)
    // From now on, the native side closes the file.
    if (body instanceof FileSlice) body.take()
    const at = out[REPLIES_END]
    const fieldsAt = this.#bytesUsed
    const fieldsEnd = fieldsAt + (fields === '' ? 0 : bytes.latin1Write(fields, fieldsAt))
    out[at + REPLY_KIND] = kind
    out[at + REPLY_SLOT] = to.slot
    out[at + REPLY_GENERATION] = to.generation
    out[at + REPLY_SEQUENCE] = to.sequence
    out[at + REPLY_STATUS] = status
    out[at + REPLY_FLAGS] = large ? flags | FLAG_REPLY_BODY_BY_REFERENCE : flags
    out[at + REPLY_FIELDS_OFFSET] = fieldsAt
    out[at + REPLY_FIELDS_LENGTH] = fieldsEnd - fieldsAt
    if (large) {
      out[at + REPLY_BODY_OFFSET] = isOwn
        ? this.#native.lend(body as Uint8Array, copied)
        : this.#lend(to, body as Uint8Array | FileSlice, copied)
      out[at + REPLY_BODY_LENGTH] = 0
      this.#bytesUsed = fieldsEnd
    } else {
      const end = write(bytes, body as string | Uint8Array | undefined, fieldsEnd)
      out[at + REPLY_BODY_OFFSET] = fieldsEnd
      out[at + REPLY_BODY_LENGTH] = end - fieldsEnd
      this.#bytesUsed = end
    }
    out[REPLIES_END] = at + REPLY_WORDS
    if (this.state[STATE_IN_BATCH] === 0) this.#flushSoon()
    return out
  }

  #lend(to: Recipient, body: Uint8Array | FileSlice, copied: boolean): number {
    if (copied || body instanceof FileSlice) return this.#native.lend(body, copied)
    const place = this.#native.lend(ofFixedLength(body), false)
    this.#lenders[place] = inContextOfNow(() => to.lender?.())
    return place
  }

  /** The lender of a body in the block that is being flushed. Undefined when the body cannot change. */
  lenderOf(place: number): Lender | undefined {
    return this.#lenders[place]?.()
  }

  /** The lenders of bodies that have changed before they were sent, since the last call. */
  losers(): Lender[] {
    return this.#native.losers() as Lender[]
  }

  /** Replies outside of a batch are passed to the reactor together, once in a turn of the event loop. */
  #flushSoon(): void {
    if (this.#flushIsDue) return
    this.#flushIsDue = true
    timers.setImmediate(() => {
      this.#flushIsDue = false
      if (!this.#native.flush(true)) this.#flushSoon()
    })
  }

  #replyBlock(): Block {
    const place = this.state[STATE_REPLY_BLOCK]
    return place === this.#outPlace ? this.#out : this.#turnTo(place)
  }

  #turnTo(place: number): Block {
    // The native side adds blocks, and removes the last ones.
    if (this.#replies.length > this.replyBlocks.length) this.#replies.length = this.replyBlocks.length
    const memory = this.replyBlocks[place] as ArrayBuffer
    const block = this.#replies[place]
    this.#out = block?.memory === memory ? block : new Block(memory)
    this.#replies[place] = this.#out
    this.#outPlace = place
    return this.#out
  }

  /** Returns a block that has room for one more reply with this many bytes. */
  #makeRoom(bytes: number): Block {
    let block = this.#replyBlock()
    // The native side has taken the previous replies.
    if (block.words[REPLIES_END] === REPLIES_FIRST) this.#startOver()
    const fits = this.#bytesUsed + bytes <= BLOCK_BYTES && block.words[REPLIES_END] + REPLY_WORDS <= BLOCK_WORDS
    if (fits) return block
    if (bytes > BLOCK_BYTES) {
      throw coded(new RangeError('The header fields of a reply do not fit its block.'), 'ERR_HEADERS_TOO_LARGE')
    }
    this.#native.flush()
    block = this.#replyBlock()
    this.#startOver()
    return block
  }

  #startOver(): void {
    this.#bytesUsed = 0
    if (this.#lenders.length > 0) this.#lenders.length = 0
    this.#text = undefined
  }
}

/** The word of a reply that has its status and the route. */
function ofRoute(status: number, { routeNumber = 0 }: Recipient): number {
  return status | (routeNumber << 16)
}

function newMemory(): ArrayBuffer {
  return new ArrayBuffer(BLOCK_BYTES_AT + BLOCK_BYTES)
}

/** The bytes of a body that is too large to be copied at once. Undefined for smaller bodies. */
function bytesOfLarge(body: ReplyBytes): Uint8Array | undefined {
  if (typeof body === 'string') {
    const isLarge = body.length > COPIED_WINDOW / 3 && Buffer.byteLength(body) > COPIED_WINDOW
    return isLarge ? Buffer.from(body) : undefined
  }
  return body instanceof Uint8Array && body.length > COPIED_WINDOW ? body : undefined
}

/** Writes a body at an offset, and returns its end. */
function write(bytes: RawBuffer, body: string | Uint8Array | undefined, at: number): number {
  if (body === undefined) return at
  if (typeof body !== 'string') {
    bytes.set(body, at)
    return at + body.length
  }
  if (body.length > SHORT_TEXT) return at + bytes.utf8Write(body, at)
  for (let index = 0; index < body.length; index += 1) {
    const character = body.charCodeAt(index)
    if (character > 127) return at + bytes.utf8Write(body, at)
    bytes[at + index] = character
  }
  return at + body.length
}
