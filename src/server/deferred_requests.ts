// Deferred requests, taken from connections in turn, one of each a round (a few if they are fast: responses that are
// sent together cost less), in slices between which the reactor reads, accepts and writes.
import type { AsyncResource } from 'node:async_hooks'
import type { Exchange } from '../exchange/exchange.js'
import type { BrinkRequest } from '../request/request.js'
import { Pace } from '../runtime/pace.js'
import { timers } from '../runtime/timers.js'
import { FairQueue } from './fair_queue.js'

export interface DeferredRequest {
  /** Detached: its block is used again before it is started. */
  readonly request: BrinkRequest
  readonly context: AsyncResource
  /** Handles the request, in its context. Does not throw. */
  readonly start: () => void
}

/** What the order of deferred requests depends on. */
export interface Turns {
  /** How many requests were started and not answered at once. */
  readonly begunLater: () => number
  /** Whether the client can no longer receive a response to the request. */
  readonly isVain: (request: BrinkRequest) => boolean
}

export class DeferredRequests {
  readonly #exchange: Exchange
  readonly #turns: Turns
  readonly #queue = new FairQueue<DeferredRequest>()
  readonly #pace = new Pace()
  #isDue = false

  constructor(exchange: Exchange, turns: Turns) {
    this.#exchange = exchange
    this.#turns = turns
  }

  get isEmpty(): boolean {
    return this.#queue.size === 0
  }

  get size(): number {
    return this.#queue.size
  }

  add(deferred: DeferredRequest): void {
    const { slot, generation } = deferred.request
    this.#queue.add(slot, generation, deferred)
    this.#schedule()
  }

  /** The client disconnected: its requests are not started any more. */
  gone(slot: number, generation: number): void {
    for (const { request } of this.#queue.remove(slot, generation)) request.end()
  }

  clear(): void {
    this.#queue.clear()
  }

  #schedule(): void {
    if (this.#isDue || this.isEmpty) return
    this.#isDue = true
    timers.setImmediate(this.#go)
  }

  readonly #go = (): void => {
    this.#isDue = false
    try {
      this.#exchange.together(this.#slice)
    } finally {
      this.#schedule()
    }
  }

  /**
   * Starts at least one request. Requests that are not answered at once may do their work in microtasks, after the
   * slice.
   */
  readonly #slice = (): void => {
    const begunLater = this.#turns.begunLater()
    this.#pace.look()
    this.#pace.restart()
    for (;;) {
      const next = this.#queue.take(this.#pace.stride)
      if (next === undefined) return
      const { request, context, start } = next
      if (this.#turns.isVain(request)) request.end()
      else context.runInAsyncScope(start)
      if (this.#pace.step() && (this.#pace.look() || this.#turns.begunLater() !== begunLater)) return
    }
  }
}
