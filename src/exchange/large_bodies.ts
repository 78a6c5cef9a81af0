// Sends bodies that are copied to be sent, and are too large to be copied at once.

import { type AbortListener, AbortListeners } from './abort_listeners.js'
import { bodyChanged, inContextOfNow, type Lender, ofFixedLength } from './body_changed.js'
import { FLAG_CHUNK_ASKS } from './layout.js'
import type { Recipient } from './recipient.js'
import type { ReplyBytes } from './reply_bytes.js'

/** How many bytes are copied before the client has taken the previous ones. */
export const COPIED_WINDOW = 256 * 1024

/** Sends chunks to clients. */
export interface ChunkSender {
  chunk(to: Recipient, flags: number, trailers: string, body: ReplyBytes): void
  /** Sends a chunk that is copied, ahead of all that waits. */
  window(to: Recipient, flags: number, trailers: string, body: ReplyBytes): void
  /** Closes the connection. */
  abort(to: Recipient): void
}

interface Chunk {
  readonly flags: number
  readonly trailers: string
  readonly body: ReplyBytes
}

/** Large bodies in transfer, by recipient. */
export class LargeBodies {
  readonly #sender: ChunkSender
  readonly #bodies = new AbortListeners<LargeBody>()
  #count = 0

  constructor(sender: ChunkSender) {
    this.#sender = sender
  }

  /** Sends a chunk window by window. The last one gets the flags and trailers. */
  send(to: Recipient, flags: number, trailers: string, body: Uint8Array): void {
    const large = new LargeBody(to, body, { flags, trailers }, this.#sender, () => this.#leave(large))
    this.#count += 1
    this.#bodies.add(large)
    large.drained()
  }

  /** Queues a chunk behind a large body of the same recipient; false when there is none. */
  takes(to: Recipient, chunk: Chunk): boolean {
    const large = this.#find(to)
    large?.waiting.push(chunk)
    return large !== undefined
  }

  /** Calls `end` when a large body of this connection was sent to its end; false when none is on its way. */
  sentBefore(slot: number, generation: number, end: () => void): boolean {
    const large = this.#count === 0 ? undefined : this.#bodies.anyOf(slot, generation)
    if (large !== undefined) large.sent = end
    return large !== undefined
  }

  /** The client has taken the last window. Returns false when no large body waits for it. */
  drained(to: Recipient): boolean {
    const large = this.#find(to)
    large?.drained()
    return large !== undefined
  }

  /** The body will not be sent to its end. */
  drop(to: Recipient): void {
    const large = this.#find(to)
    if (large !== undefined) this.#leave(large)
  }

  gone(slot: number, generation: number, half: boolean): void {
    this.#bodies.gone(slot, generation, half)
  }

  allGone(): void {
    this.#bodies.allGone()
  }

  #find({ slot, generation, sequence }: Recipient): LargeBody | undefined {
    return this.#count === 0 ? undefined : this.#bodies.find(slot, generation, sequence)
  }

  #leave(large: LargeBody): void {
    this.#count -= 1
    this.#bodies.remove(large)
  }
}

class LargeBody implements AbortListener {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  nextListener: AbortListener | undefined
  /** Chunks after this one. */
  readonly waiting: Chunk[] = []
  /** Called when it was sent. */
  sent: (() => void) | undefined
  readonly #to: Recipient
  readonly #body: Uint8Array
  readonly #length: number
  readonly #last: Omit<Chunk, 'body'>
  readonly #sender: ChunkSender
  readonly #leave: () => void
  readonly #lender: Lender | undefined
  #at = 0

  constructor(to: Recipient, body: Uint8Array, last: Omit<Chunk, 'body'>, sender: ChunkSender, leave: () => void) {
    this.slot = to.slot
    this.generation = to.generation
    this.sequence = to.sequence
    this.#to = to
    this.#body = ofFixedLength(body)
    this.#length = body.length
    this.#last = last
    this.#sender = sender
    this.#leave = leave
    this.#lender = inContextOfNow(() => to.lender?.())()
  }

  drained(): void {
    if (this.#body.length !== this.#length) {
      this.#sender.abort(this)
      this.#lender?.bodyChanged(bodyChanged())
      return
    }
    const window = this.#body.subarray(this.#at, this.#at + COPIED_WINDOW)
    this.#at += window.length
    if (this.#at < this.#length) return this.#sender.window(this, FLAG_CHUNK_ASKS, '', window)
    this.#leave()
    this.#sender.window(this, this.#last.flags, this.#last.trailers, window)
    for (const { flags, trailers, body } of this.waiting) this.#sender.chunk(this.#to, flags, trailers, body)
    this.sent?.()
  }

  clientGone(half: boolean): void {
    if (!half) this.#leave()
  }
}
