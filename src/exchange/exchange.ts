// JavaScript's end of the exchange: the blocks in which a reactor's requests arrive and its replies leave.

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

/** Up to this length a loop over the characters beats the call into the runtime. */
const SHORT_TEXT = 48

/** Blocks of requests of a reactor on a thread: one is answered, one waits, one is being filled. */
const THREAD_BLOCKS = 3

/** What a route may have other than its server. Times in milliseconds, the rate in bytes a second. */
export interface Deadlines {
  readonly requestTimeout?: number | undefined
  readonly writeTimeout?: number | undefined
  readonly minRate?: number | undefined
}

/** What an exchange asks of its reactor. */
export interface ExchangeNative extends Pick<NativeReactor, 'lend' | 'losers'> {
  /**
   * Makes the native side take what the block of replies holds, and give another one for it. False when it does not:
   * `atLeisure`, and the reactor has not taken what was given before.
   */
  flush(atLeisure?: boolean): boolean
}

/** Memory that one side fills and the other reads. */
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
  /** Those that are too large to be copied to another thread at once. */
  readonly largeBodies = new LargeBodies(this)
  // Who gave the bodies that lie elsewhere, by their places.
  readonly #lenders: ((() => Lender | undefined) | undefined)[] = []
  // The block that is written to, and its place.
  #out: Block
  #outPlace = 0
  #bytesUsed = 0
  // The last text that was answered, and where it stands in the block.
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

  /** A block of requests, by its place. */
  requests(place: number): Block {
    return this.#requests[place] as Block
  }

  /** An answer. `fields` are complete lines, checked; `flags` are the layout's. */
  answer(to: Recipient, status: number, flags: number, fields: string, body: ReplyBytes): void {
    const bytes = this.#threaded ? bytesOfLarge(body) : undefined
    const isSilent = status === 204 || status === 205 || status === 304
    if (bytes === undefined || isSilent) {
      this.#put(REPLY_ANSWER, to, status, flags, fields, isSilent ? undefined : body)
    } else if (to.method === 'HEAD') {
      this.answerSized(to, status, flags | FLAG_REPLY_LENGTH_ONLY, fields, bytes.length)
    } else {
      this.answerSized(to, status, flags | FLAG_REPLY_STREAM | FLAG_REPLY_SIZED, fields, bytes.length)
      this.largeBodies.send(to, FLAG_CHUNK_END, '', bytes)
    }
  }

  /** An answer of status 200 that is nothing but text, as most are. */
  text(slot: number, generation: number, sequence: number, contentType: number, body: string): void {
    if (body.length > COPIED_BODY) {
      return this.answer({ slot, generation, sequence }, 200, contentType, '', body)
    }
    const { words: out, bytes } = this.#makeRoom(3 * body.length)
    const at = out[REPLIES_END]
    // What stands in the block is not written once more: many answers are the same.
    const isThere = body === this.#text
    const bodyAt = isThere ? this.#textAt : this.#bytesUsed
    const end = isThere ? this.#textEnd : write(bytes, body, bodyAt)
    out[at + REPLY_KIND] = REPLY_ANSWER
    out[at + REPLY_SLOT] = slot
    out[at + REPLY_GENERATION] = generation
    out[at + REPLY_SEQUENCE] = sequence
    out[at + REPLY_STATUS] = 200
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
   * An answer that has a length and, here, no body: with FLAG_REPLY_LENGTH_ONLY it will never have one (RFC 9110 §8.6),
   * with FLAG_REPLY_STREAM and FLAG_REPLY_SIZED it follows in chunks.
   */
  answerSized(to: Recipient, status: number, flags: number, fields: string, length: number): void {
    const words = this.#put(REPLY_ANSWER, to, status, flags, fields, undefined)
    const at = words[REPLIES_END] - REPLY_WORDS
    words[at + REPLY_BODY_OFFSET] = Math.floor(length / 2 ** 32)
    words[at + REPLY_BODY_LENGTH] = length % 2 ** 32
  }

  /**
   * An answer of bytes for the wire: `head` in latin1, and the body behind it. With FLAG_REPLY_STREAM `rawChunk` adds
   * more; FLAG_REPLY_CLOSE ends the connection behind it. Nothing is judged or added, for no method or status.
   */
  raw(to: Recipient, flags: number, head: string, body: ReplyBytes): void {
    const bytes = this.#threaded ? bytesOfLarge(body) : undefined
    if (bytes === undefined) {
      this.#put(REPLY_ANSWER, to, 0, flags | FLAG_REPLY_RAW, head, body)
      return
    }
    this.#put(REPLY_ANSWER, to, 0, FLAG_REPLY_RAW | FLAG_REPLY_STREAM, head, undefined)
    const streams = (flags & FLAG_REPLY_STREAM) !== 0
    const last = streams ? flags & FLAG_CHUNK_ASKS : FLAG_CHUNK_END | (flags & FLAG_REPLY_CLOSE)
    this.largeBodies.send(to, last | FLAG_REPLY_RAW, '', bytes)
  }

  /**
   * More of such an answer, or of a connection that was handed over. With FLAG_CHUNK_END the last, with FLAG_CHUNK_ASKS
   * EVENT_DRAINED tells when the client has taken it all, and its memory is the caller's own again.
   */
  rawChunk(to: Recipient, flags: number, head: string, body: ReplyBytes): void {
    this.chunk(to, flags | FLAG_REPLY_RAW, head, body)
  }

  /** A piece of a streamed body. With FLAG_CHUNK_END it is the last, and `trailers` are complete lines, checked. */
  chunk(to: Recipient, flags: number, trailers: string, body: ReplyBytes): void {
    if (this.#threaded) return this.copiedChunk(to, flags, trailers, body)
    this.#put(REPLY_CHUNK, to, 0, flags, trailers, body)
  }

  /** The same; its memory is the caller's own again when the client takes more, or at once if nothing is asked for. */
  copiedChunk(to: Recipient, flags: number, trailers: string, body: ReplyBytes): void {
    if (this.largeBodies.takes(to, { flags, trailers, body })) return
    const bytes = bytesOfLarge(body)
    if (bytes === undefined) return this.window(to, flags, trailers, body)
    const hasHead = (flags & FLAG_REPLY_RAW) !== 0 && trailers !== ''
    // They stand before the body, and trailers behind it.
    if (hasHead) this.window(to, FLAG_REPLY_RAW, trailers, undefined)
    this.largeBodies.send(to, flags, hasHead ? '' : trailers, bytes)
  }

  /** A chunk that is copied, whatever waits before it. */
  window(to: Recipient, flags: number, trailers: string, body: ReplyBytes): void {
    this.#put(REPLY_CHUNK, to, 0, flags, trailers, body, true)
  }

  /** Breaks the connection, for a streamed body that cannot be completed. */
  abort(to: Recipient): void {
    this.largeBodies.drop(to)
    this.#put(REPLY_ABORT, to, 0, 0, '', undefined)
  }

  /** Asks for so many more bytes of the request's body. */
  read(to: Recipient, bytes: number): void {
    const words = this.#put(REPLY_READ, to, 0, 0, '', undefined)
    words[words[REPLIES_END] - REPLY_WORDS + REPLY_BODY_LENGTH] = Math.min(bytes, 0x7fffffff)
  }

  /** Takes the connection over: what comes on it from now on is told as it is. */
  takeOver(to: Recipient): void {
    this.#put(REPLY_TAKE_OVER, to, 0, 0, '', undefined)
  }

  /**
   * Ends a connection, idle or not, whatever of it is unanswered: END_IN_ORDER, END_AT_ONCE or END_BY_RESET. The bytes are
   * for the wire, before the end.
   */
  endConnection(slot: number, generation: number, how: number, bytes?: string | Uint8Array): void {
    const end = () => this.endConnection(slot, generation, how, bytes)
    if (how === END_IN_ORDER && this.largeBodies.sentBefore(slot, generation, end)) return
    this.#put(REPLY_END_CONNECTION, { slot, generation, sequence: 0 }, how, 0, '', bytes)
  }

  /** Other deadlines than the server's, for one request. */
  deadlines(to: Recipient, { requestTimeout, writeTimeout, minRate }: Deadlines): void {
    const words = this.#put(REPLY_DEADLINES, to, 0, 0, '', undefined)
    const at = words[REPLIES_END] - REPLY_WORDS
    words[at + DEADLINES_REQUEST] = requestTimeout ?? 0
    words[at + DEADLINES_WRITE] = writeTimeout ?? 0
    words[at + DEADLINES_RATE] = minRate === undefined ? 0 : minRate + 1
  }

  /** What `work` answers, and what was answered before it, crosses when it has run. */
  together(work: () => void): void {
    // What is there from before has waited long enough.
    this.#native.flush(true)
    this.state[STATE_IN_BATCH] = 1
    try {
      work()
    } finally {
      this.state[STATE_IN_BATCH] = 0
      if (!this.#native.flush(true)) this.#flushSoon()
    }
  }

  /** Gives the words of the block, at whose end the reply stands. */
  #put(
    kind: number,
    to: Recipient,
    status: number,
    flags: number,
    fields: string,
    body: ReplyBytes,
    copied = this.#threaded,
  ): Int32Array {
    // Nobody else has memory that is made here.
    const isOwn = typeof body === 'string' && body.length > COPIED_BODY
    if (isOwn) body = Buffer.from(body as string)
    const large = typeof body === 'object' && (body.length > COPIED_BODY || body instanceof FileSlice)
    if (typeof body === 'object' && body.length === 0 && body instanceof Uint8Array) checkIsThere(body)
    // A UTF-16 unit takes at the most three bytes of UTF-8.
    const bodyMost = body === undefined || large ? 0 : typeof body === 'string' ? 3 * body.length : body.length
    const { words: out, bytes } = this.#makeRoom(fields.length + bodyMost)
    // From here on the native side closes the file.
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

  /** Whom the body at a place of the block that is flushed is of; undefined where nobody can change it. */
  lenderOf(place: number): Lender | undefined {
    return this.#lenders[place]?.()
  }

  /** Whom bodies belonged to that have changed before they were sent, since the last call. */
  losers(): Lender[] {
    return this.#native.losers() as Lender[]
  }

  /** Late replies are gathered, and cross together once a turn of the event loop. */
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
    // The native side adds blocks, and gives up the last of them.
    if (this.#replies.length > this.replyBlocks.length) this.#replies.length = this.replyBlocks.length
    const memory = this.replyBlocks[place] as ArrayBuffer
    const block = this.#replies[place]
    this.#out = block?.memory === memory ? block : new Block(memory)
    this.#replies[place] = this.#out
    this.#outPlace = place
    return this.#out
  }

  /** Gives the block that has room for so many bytes and one more reply. */
  #makeRoom(bytes: number): Block {
    let block = this.#replyBlock()
    // The native side has taken what there was.
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

function newMemory(): ArrayBuffer {
  return new ArrayBuffer(BLOCK_BYTES_AT + BLOCK_BYTES)
}

/** A body that is too large to be copied at once. */
function bytesOfLarge(body: ReplyBytes): Uint8Array | undefined {
  if (typeof body === 'string') {
    const isLarge = body.length > COPIED_WINDOW / 3 && Buffer.byteLength(body) > COPIED_WINDOW
    return isLarge ? Buffer.from(body) : undefined
  }
  return body instanceof Uint8Array && body.length > COPIED_WINDOW ? body : undefined
}

/** Writes a body at a place, and gives its end. */
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
