// Breaks HTTP on purpose: heads, chunks and lengths that are wrong, and bodies that are broken off. Nothing but the load
// target may import this; an app's answers are framed by the native side, which cannot be told to do any of it.

import type { Cut, DrawnFault } from '../faults/drawn_fault.js'
import { timers } from '../runtime/timers.js'
import { type AnswerParts, contentTypeIn, isDated } from './answer_parts.js'
import { statusPhrase } from './status_phrase.js'

/** What the framing of an answer depends on, besides the answer. */
export interface AskedBy {
  /** An HTTP/1.0 client knows no chunks (RFC 9112 §6.1). */
  readonly isHttp10: boolean
  /** The connection ends with this answer anyway. */
  readonly closes: boolean
}

/** No parser takes it for a status line (RFC 9112 §4). */
const NO_STATUS_LINE = 'HTTP/1.1 two hundred\r\n'
/** Where the size of a chunk should be (RFC 9112 §7.1). */
const NO_CHUNK = 'no chunk\r\n'

/** Where a cut is that says no amount. */
const HALF = 0.5

/** Makes of a body what is sent. */
export interface Framing {
  /** Nothing of the body is sent any more. */
  readonly isCut: boolean
  /** Whether the connection ends behind the answer. */
  readonly closes: boolean
  piece(bytes: Uint8Array): Uint8Array
  end(): string
}

/** The bytes of one answer, wrong as a fault wants them. */
export class BrokenFraming implements Framing {
  /** The head, or the part of it that is sent. */
  readonly head: string
  /** Whether nothing follows the head. */
  readonly endsInHead: boolean
  readonly closes: boolean
  readonly #parts: AnswerParts
  readonly #fault: DrawnFault
  readonly #isChunked: boolean
  /** After so many bytes of the body nothing is sent any more. Infinite for none, undefined as long as it is not known. */
  #cutAt: number | undefined
  /** The place of what is no chunk, if there is to be one. */
  #brokenAt: number | undefined
  #isBroken = false
  #sent = 0
  #hasSentPiece = false

  constructor(parts: AnswerParts, fault: DrawnFault, { isHttp10, closes }: AskedBy) {
    const { cut, length: lie, malformed } = fault
    this.#parts = parts
    this.#fault = fault
    const breaksChunk = malformed === 'chunk'
    const isUnknown = parts.length === undefined && parts.status >= 200 && parts.status !== 204 && parts.status !== 304
    const mayBeChunked = parts.body !== undefined || isUnknown
    this.#isChunked = mayBeChunked && (breaksChunk || (isUnknown && !isHttp10))
    const endsWithConnection = parts.body !== undefined && isUnknown && isHttp10 && !breaksChunk
    this.closes =
      closes || fault.close === true || malformed !== undefined || (lie !== undefined && lie > 0) || endsWithConnection
    const head = this.#wholeHead()
    const cutOfHead = cut?.at === 'head' ? amountOf(cut, head.length) : undefined
    this.head = cutOfHead === undefined ? head : head.slice(0, cutOfHead)
    this.endsInHead = cutOfHead !== undefined
    this.#cutAt = cut?.at !== 'body' ? Number.POSITIVE_INFINITY : this.#amountOfBody(cut)
    if (breaksChunk) this.#brokenAt = parts.length === undefined ? undefined : Math.floor(parts.length / 2)
  }

  get isCut(): boolean {
    return this.#cutAt !== undefined && this.#sent >= this.#cutAt
  }

  /** The bytes for a piece of the body, or for the part of it that is sent. */
  piece(bytes: Uint8Array): Uint8Array {
    const { cut } = this.#fault
    // Of a body whose length nobody knows, the share is that of its first piece.
    this.#cutAt ??= cut === undefined ? Number.POSITIVE_INFINITY : amountOf(cut, bytes.length)
    const part = bytes.subarray(0, Math.max(0, this.#cutAt - this.#sent))
    const framed = this.#isChunked ? this.#chunk(part, bytes.length) : [part]
    this.#sent += part.length
    this.#hasSentPiece = true
    return framed.length === 1 ? (framed[0] as Uint8Array) : Buffer.concat(framed)
  }

  /** What follows the body. */
  end(): string {
    if (!this.#isChunked || this.#parts.body === undefined || this.#fault.cut?.at === 'body') return ''
    return this.#fault.malformed === 'chunk' ? this.#breakChunk() : `0\r\n${this.#parts.trailers()}\r\n`
  }

  /** A chunk that says the size of the whole piece, of which `part` is sent. */
  #chunk(part: Uint8Array, size: number): Uint8Array[] {
    const brokenAt =
      this.#brokenAt ??
      (this.#fault.malformed === 'chunk' && this.#hasSentPiece ? this.#sent : Number.POSITIVE_INFINITY)
    if (this.#isBroken) return [part]
    const good = Math.max(0, Math.min(part.length, brokenAt - this.#sent))
    if (good === part.length && this.#sent + good < brokenAt) return this.#whole(part, size)
    const rest = part.subarray(good)
    const begin = good === 0 ? [] : this.#whole(part.subarray(0, good), good)
    return [...begin, Buffer.from(this.#breakChunk()), rest]
  }

  #whole(part: Uint8Array, size: number): Uint8Array[] {
    const lie = this.#hasSentPiece ? 0 : (this.#fault.length ?? 0)
    const begin = Buffer.from(`${Math.max(1, size + lie).toString(16)}\r\n`)
    return part.length < size ? [begin, part] : [begin, part, Buffer.from('\r\n')]
  }

  #breakChunk(): string {
    if (this.#isBroken) return ''
    this.#isBroken = true
    return NO_CHUNK
  }

  #amountOfBody(cut: Cut): number | undefined {
    if (cut.bytes !== undefined) return cut.bytes
    // Of what has no body nothing can be cut: the connection ends behind the head.
    if (this.#parts.body === undefined) return 0
    return this.#parts.length === undefined ? undefined : amountOf(cut, this.#parts.length)
  }

  /** As the native side writes it, but for what is wrong. */
  #wholeHead(): string {
    const { status, fields, length } = this.#parts
    const { length: lie, malformed } = this.#fault
    const type = contentTypeIn(this.#parts)
    let head = malformed === 'head' ? NO_STATUS_LINE : `HTTP/1.1 ${status} ${statusPhrase(status)}\r\n`
    if (type !== undefined && status !== 204) head += `Content-Type: ${type}\r\n`
    if (!isDated(this.#parts)) head += `Date: ${new timers.Date(timers.date()).toUTCString()}\r\n`
    head += `Connection: ${this.closes ? 'close' : 'keep-alive'}\r\n`
    if (this.#isChunked) head += 'Transfer-Encoding: chunked\r\n'
    else if (length !== undefined || lie !== undefined) {
      head += `Content-Length: ${Math.max(0, (length ?? 0) + (lie ?? 0))}\r\n`
    }
    return `${head}${fields}\r\n`
  }
}

function amountOf({ bytes, share = HALF }: Cut, of: number): number {
  return Math.min(bytes ?? Math.floor(of * share), of)
}

/** Bytes that are sent as they are, and then the end. */
export const noFraming: Framing = { isCut: false, closes: true, piece: (bytes) => bytes, end: () => '' }

const GARBAGE_BLOCK = 16 * 1024

/** So many bytes that no parser takes for an answer, the same for the same seed. */
export function* garbageOf(seed: number, length: number): Generator<Uint8Array> {
  let state = seed | 0
  for (let sent = 0; sent < length; sent += GARBAGE_BLOCK) {
    const bytes = Buffer.allocUnsafe(Math.min(GARBAGE_BLOCK, length - sent))
    for (let place = 0; place < bytes.length; place += 1) {
      // mulberry32
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      bytes[place] = (mixed ^ (mixed >>> 14)) & 0xff
    }
    // `HTTP/` would begin with another letter, and an empty line may come before a status line.
    if (sent === 0) bytes[0] = (bytes[0] as number) | 0x80
    yield bytes
  }
}
