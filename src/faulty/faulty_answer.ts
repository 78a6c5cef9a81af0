// Carries out what was drawn for one answer: waits, runs the route or does not, and sends what comes of it, late, in
// pieces, wrong, or not at all.
import { AsyncResource } from 'node:async_hooks'
import type { AbortListener } from '../exchange/abort_listeners.js'
import { FileSlice } from '../exchange/file_slice.js'
import {
  END_BY_RESET,
  FLAG_CHUNK_ASKS,
  FLAG_CHUNK_END,
  FLAG_CLOSES,
  FLAG_HTTP_1_0,
  FLAG_REPLY_CLOSE,
  FLAG_REPLY_SIZED,
  FLAG_REPLY_STREAM,
  REQUEST_FLAGS,
} from '../exchange/layout.js'
import type { Cut, DrawnFault, Waiting } from '../faults/drawn_fault.js'
import type { HandlerResult } from '../reply/handler_result.js'
import { OwnAnswer, type SentInPieces, type Writing } from '../reply/own_answer.js'
import { clientGone } from '../request/client_gone.js'
import type { BrinkRequest } from '../request/request.js'
import type { Route } from '../routing/dispatcher.js'
import { Upgrade } from '../routing/upgrade.js'
import { isPromise } from '../runtime/promises.js'
import { type BodySource, chunkOf } from '../streams/body_source.js'
import { SlicePieces } from '../streams/slice_pieces.js'
import { type AnswerParts, isClosing, partsOf } from './answer_parts.js'
import { BrokenFraming, type Framing, garbageOf, noFraming } from './broken_framing.js'
import { Drip } from './drip.js'
import { insteadOf } from './instead.js'
import { lastAnswer } from './last_answer.js'

/** So many bytes are sent before the client has to take some. */
const WINDOW = 128 * 1024
const PIECE = 64 * 1024
/**
 * A reset destroys what is on its way, and a client that reads both at once is told of an end instead. So it comes this
 * many milliseconds behind the bytes before it.
 */
const RESET_AFTER_MS = 20

/** Calls functions after exact times. */
export interface Delays {
  after(ms: number, run: () => void): Waiting
}

export class FaultyAnswer extends OwnAnswer implements SentInPieces {
  slot = 0
  generation = 0
  sequence = 0
  nextListener: AbortListener | undefined
  readonly routeNumber: number
  readonly #fault: DrawnFault
  readonly #run: Route['run']
  readonly #timing: Delays
  #writing: Writing | undefined
  #context: AsyncResource | undefined
  #waiting: Waiting | undefined
  #source: BodySource | undefined
  /** Resolves what waits for the client. */
  #drained: (() => void) | undefined
  /** Ends what waits for nothing but the end. */
  #released: (() => void) | undefined
  #sentSinceDrain = 0
  #hasEnded = false

  /**
   * @param run the route
   * @param number what the answer is counted as
   */
  constructor(fault: DrawnFault, run: Route['run'], number: number, timing: Delays) {
    super()
    this.#fault = fault
    this.#run = run
    this.#timing = timing
    this.routeNumber = number
  }

  write(writing: Writing): void {
    const { request, streams } = writing
    this.slot = request.slot
    this.generation = request.generation
    this.sequence = request.sequence
    this.#writing = writing
    request.countAs(this.routeNumber)
    streams.add(this)
    // What is waited for ends in contexts of others.
    this.#context = new AsyncResource('BRINK_FAULT')
    const { work, delay } = this.#fault
    const answer = () => this.#answer()
    const late = () => (delay === undefined ? answer() : this.#after(delay, answer))
    if (work === undefined) late()
    else this.#waiting = work.begin(this.#inContext(late))
  }

  /** The client has taken enough to go on. */
  drained(): void {
    this.#drained?.()
  }

  clientGone(half: boolean): void {
    if (half || this.#hasEnded) return
    this.#context?.runInAsyncScope(() => this.#end(clientGone()))
  }

  #after(ms: number, run: () => void): void {
    this.#waiting = this.#timing.after(ms, this.#inContext(run))
  }

  #inContext(run: () => void): () => void {
    const context = this.#context as AsyncResource
    return () => context.runInAsyncScope(run)
  }

  #answer(): void {
    const { empty, garbage, cut, seed } = this.#fault
    if (empty) return this.#breakOff('close')
    if (garbage !== undefined) return void this.#sendGarbage(garbageOf(seed, garbage))
    if (cut?.at === 'before-head') return this.#breakOff(cut.by)
    const { request, method } = this.#writing as Writing
    if (!changesBytes(this.#fault)) return this.#pass(() => this.#result(request))
    let parts: ReturnType<typeof partsOf>
    try {
      parts = partsOf(this.#result(request), request, method)
    } catch (error) {
      return this.#fail(error)
    }
    if (!isPromise(parts)) return this.#sendParts(parts)
    parts.then(
      (settled) => this.#sendParts(settled),
      (error) => this.#fail(error),
    )
  }

  #result(request: BrinkRequest): HandlerResult | Promise<HandlerResult> {
    const value = insteadOf(this.#fault) ?? this.#run(request)
    return this.#fault.close ? lastAnswer(value, request) : value
  }

  /** The rest is as with any answer. */
  #pass(run: () => HandlerResult | Promise<HandlerResult>): void {
    if (!this.#leave()) return
    const { answer } = this.#writing as Writing
    answer(run)
  }

  #fail(error: unknown): void {
    this.#pass(() => {
      throw error
    })
  }

  #sendParts(parts: AnswerParts | Upgrade): void {
    if (this.#hasEnded) return void (parts instanceof Upgrade || parts.body?.cancel(clientGone()))
    // Of a connection that is handed over there is neither head nor body to be wrong.
    if (parts instanceof Upgrade) {
      const { cut } = this.#fault
      return cut === undefined ? this.#pass(() => parts) : this.#breakOff(cut.by)
    }
    this.#source = parts.body
    ;(this.#writing as Writing).began(parts.status)
    void this.#send(parts)
  }

  async #send(parts: AnswerParts): Promise<void> {
    try {
      const { bodyDelay, cut } = this.#fault
      const framing = isBroken(this.#fault) || parts.body === undefined ? this.#brokenFraming(parts) : undefined
      if (framing === undefined) this.#beginHonest(parts)
      else this.#raw(FLAG_REPLY_STREAM, framing.head)
      if (cut !== undefined && (framing?.endsInHead || parts.body === undefined)) return this.#cut(cut)
      if (bodyDelay !== undefined && parts.body !== undefined) await this.#pause(bodyDelay)
      if (parts.body !== undefined && !(await this.#sendBody(parts.body, parts.length, framing))) return
      if (framing === undefined) this.#sendHonestEnd(parts)
      else this.#sendEnd(framing)
    } catch (error) {
      this.#abort(error)
    }
  }

  /** False when it is not to be ended, or has ended already. */
  async #sendBody(source: BodySource, length: number | undefined, framing: Framing | undefined): Promise<boolean> {
    const { drip: wanted, cut } = this.#fault
    const drip = wanted && new Drip(wanted.pieces, length)
    let sent = 0
    for (;;) {
      if (this.#hasEnded) return false
      if (framing?.isCut) break
      const next = source.next()
      const { done, value } = isPromise(next) ? await next : next
      if (this.#hasEnded) return false
      if (done) break
      for (const bytes of piecesOf(value)) {
        for (let at = 0; at < bytes.length && !framing?.isCut; ) {
          const size = Math.min(bytes.length - at, PIECE, drip?.left(sent) ?? PIECE)
          await this.#sendPiece(bytes.subarray(at, at + size), framing)
          at += size
          sent += size
          if (this.#hasEnded) return false
          if (drip?.pausesAt(sent) && !framing?.isCut) await this.#pause((wanted as { every: number }).every)
          if (this.#hasEnded) return false
        }
      }
    }
    if (cut?.at !== 'body') return true
    this.#cut(cut)
    return false
  }

  async #sendPiece(bytes: Uint8Array, framing: Framing | undefined): Promise<void> {
    const { exchange } = this.#writing as Writing
    const framed = framing?.piece(bytes) ?? bytes
    this.#sentSinceDrain += framed.length
    const asks = this.#sentSinceDrain >= WINDOW
    const flags = asks ? FLAG_CHUNK_ASKS : 0
    // The source may use its memory again.
    const copy = framing === undefined ? Buffer.from(framed) : framed
    const drained = asks ? this.#whenDrained() : undefined
    if (framing === undefined) exchange.chunk(this, flags, '', copy)
    else exchange.rawChunk(this, flags, '', copy)
    await drained
  }

  #whenDrained(): Promise<void> {
    this.#sentSinceDrain = 0
    return new Promise((resolve) => {
      this.#drained = () => {
        this.#drained = undefined
        resolve()
      }
    })
  }

  #sendEnd(framing: Framing): void {
    const { exchange, isLast } = this.#writing as Writing
    const { closes } = framing
    if (closes) isLast()
    exchange.rawChunk(this, FLAG_CHUNK_END | (closes ? FLAG_REPLY_CLOSE : 0), framing.end(), undefined)
    this.#end(undefined)
  }

  #sendHonestEnd(parts: AnswerParts): void {
    const { exchange } = this.#writing as Writing
    exchange.chunk(this, FLAG_CHUNK_END, parts.trailers(), undefined)
    this.#end(undefined)
  }

  /** Framed by the native side. */
  #beginHonest({ status, flags, fields, length }: AnswerParts): void {
    const { exchange } = this.#writing as Writing
    if ((flags & FLAG_REPLY_CLOSE) !== 0) this.#writing?.isLast()
    if (length === undefined) exchange.answer(this, status, flags | FLAG_REPLY_STREAM, fields, undefined)
    else exchange.answerSized(this, status, flags | FLAG_REPLY_STREAM | FLAG_REPLY_SIZED, fields, length)
  }

  #brokenFraming(parts: AnswerParts): BrokenFraming {
    const { request } = this.#writing as Writing
    const flags = request.event()[request.eventAt + REQUEST_FLAGS] as number
    const closes = isClosing(parts) || (flags & FLAG_CLOSES) !== 0 || request.serverClosing.reason !== undefined
    return new BrokenFraming(parts, this.#fault, { isHttp10: (flags & FLAG_HTTP_1_0) !== 0, closes })
  }

  async #sendGarbage(blocks: Generator<Uint8Array>): Promise<void> {
    this.#writing?.isLast()
    this.#raw(FLAG_REPLY_STREAM, '')
    const source = { next: () => blocks.next(), cancel: () => {} }
    if (await this.#sendBody(source, this.#fault.garbage, noFraming)) this.#sendEnd(noFraming)
  }

  /** Nothing of an answer is sent. */
  #breakOff(by: Cut['by']): void {
    if (by === 'close') {
      this.#writing?.isLast()
      this.#raw(FLAG_REPLY_CLOSE, '')
      return this.#end(undefined)
    }
    this.#raw(FLAG_REPLY_STREAM, '')
    this.#cut({ at: 'before-head', by })
  }

  /** What was to be sent was sent. Answers before it leave first. */
  #cut({ at, by }: Cut): void {
    const { exchange, isLast, request } = this.#writing as Writing
    this.#source?.cancel(undefined)
    isLast()
    if (by === 'stall') return this.#stall()
    if (by === 'close') {
      exchange.rawChunk(this, FLAG_CHUNK_END | FLAG_REPLY_CLOSE, '', undefined)
      return this.#end(undefined)
    }
    void this.#whenDrained().then(() => {
      if (this.#hasEnded) return
      const reset = () => {
        exchange.endConnection(this.slot, this.generation, END_BY_RESET, undefined, this)
        this.#end(undefined)
      }
      // A client with TLS may still be reading what belongs to its handshake.
      if (at === 'before-head' && !request.secure) reset()
      else this.#after(RESET_AFTER_MS, reset)
    })
    exchange.rawChunk(this, FLAG_CHUNK_ASKS, '', undefined)
  }

  /** For ever, which ends when the client leaves or the server is closed. */
  #stall(): void {
    const { exchange, request } = this.#writing as Writing
    const { serverClosing } = request
    const release = () => {
      if (this.#hasEnded) return
      exchange.rawChunk(this, FLAG_CHUNK_END | FLAG_REPLY_CLOSE, '', undefined)
      this.#end(undefined)
    }
    if (serverClosing.reason !== undefined) return release()
    serverClosing.add(release)
    this.#released = () => serverClosing.remove(release)
  }

  #raw(flags: number, head: string): void {
    ;(this.#writing as Writing).exchange.raw(this, flags, head, undefined)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        this.#released = undefined
        resolve()
      }
      this.#released = resume
      this.#after(ms, resume)
    })
  }

  /** The source of the body has failed: the client must not take for whole what it has. */
  #abort(error: unknown): void {
    if (this.#hasEnded) return
    const { exchange, request } = this.#writing as Writing
    exchange.abort(this)
    request.report(error)
    this.#end(error)
  }

  #end(reason: unknown): void {
    if (!this.#leave()) return
    if (reason !== undefined) this.#source?.cancel(reason)
    this.#drained?.()
    this.#released?.()
    ;(this.#writing as Writing).done()
  }

  /** Nothing is told to it any more. False when it has left before. */
  #leave(): boolean {
    if (this.#hasEnded) return false
    this.#hasEnded = true
    this.#waiting?.cancel()
    this.#writing?.streams.remove(this)
    return true
  }
}

/** Whether the native side cannot frame it. */
function isBroken({ cut, length, malformed }: DrawnFault): boolean {
  return cut !== undefined || length !== undefined || malformed !== undefined
}

/** Whether more than the time of the answer, or the answer itself, is another one. */
function changesBytes(fault: DrawnFault): boolean {
  return isBroken(fault) || fault.bodyDelay !== undefined || fault.drip !== undefined
}

function piecesOf(value: unknown): Iterable<Uint8Array> {
  const chunk = chunkOf(value)
  if (typeof chunk === 'string') return [Buffer.from(chunk)]
  return chunk instanceof FileSlice ? new SlicePieces(chunk) : [chunk]
}
