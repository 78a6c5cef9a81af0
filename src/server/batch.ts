// Handles one batch of events in bounded time. When it takes too long, finished responses are sent, and the remaining
// requests are deferred, so that other work runs. The return value tells the native side whether to call again after
// the microtasks; it sends the responses when the batch is done.
import { AsyncResource, executionAsyncId } from 'node:async_hooks'
import type { Block } from '../exchange/exchange.js'
import {
  BATCH_DONE,
  BATCH_FLUSHES,
  BATCH_GOES_ON,
  EVENT_KIND,
  EVENT_REQUEST,
  EVENT_WORDS,
  FLAG_BODY_FOLLOWS,
  REQUEST_FLAGS,
} from '../exchange/layout.js'
import type { BrinkRequest } from '../request/request.js'
import { REQUEST_CONTEXT } from '../request/request_context.js'
import { Pace } from '../runtime/pace.js'
import { timers } from '../runtime/timers.js'

/** Handles the events at places of a block. */
export interface EventHandling {
  /** Handles a request that has arrived completely; called in its async context. */
  readonly answer: (block: Block, at: number) => void
  /** Handles a request now or later, in its own async context. */
  readonly admit: (block: Block, at: number, context: AsyncResource) => void
  /** Handles any other event. */
  readonly hear: (block: Block, at: number) => void
}

export class Batch {
  readonly #handling: EventHandling
  readonly #pace = new Pace()
  /** Requests of this batch that were not answered at once. */
  readonly #open: BrinkRequest[] = []
  #block: Block | undefined
  #at = 0
  #left = 0
  #openSeen = 0
  #isLate = false
  #begunLater = 0
  /** The async id of the native side's call. */
  #caller = 0

  constructor(handling: EventHandling) {
    this.#handling = handling
  }

  /** Whether the time is over: further requests are deferred. */
  get isLate(): boolean {
    return this.#isLate
  }

  /** How many requests were started and not answered at once. */
  get begunLater(): number {
    return this.#begunLater
  }

  /** Handles the events of a block. `isLate`: earlier requests are still deferred. */
  begin(block: Block, events: number, isLate: boolean): number {
    this.#block = block
    this.#at = 0
    this.#left = events
    this.#isLate = isLate
    this.#openSeen = 0
    this.#caller = executionAsyncId()
    if (events > 1) this.#pace.begin()
    return this.#run(block)
  }

  /** Continues after the microtasks have run. */
  resume(): number {
    const block = this.#block
    if (block === undefined || this.#left === 0) return this.#end()
    this.#caller = executionAsyncId()
    // The time of the microtasks counts, too.
    return this.#look() ? BATCH_FLUSHES : this.#run(block)
  }

  /** Registers a request that was not answered at once. */
  wait(request: BrinkRequest): void {
    this.#begunLater += 1
    if (this.#block !== undefined) this.#open.push(request)
  }

  /** A client disconnected: notifies those of its requests that have no other listener yet. */
  gone(slot: number, generation: number, half: boolean): void {
    for (const request of this.#open) {
      if (request.slot === slot && request.generation === generation) request.clientGone(half)
    }
  }

  #run(block: Block): number {
    const { words } = block
    const { answer, admit, hear } = this.#handling
    const caller = this.#caller
    let at = this.#at
    let left = this.#left
    while (left > 0) {
      const event = at
      at += words[event + EVENT_WORDS]
      left -= 1
      try {
        if (words[event + EVENT_KIND] !== EVENT_REQUEST) hear(block, event)
        else {
          // The caller's async id is read once a batch, and AsyncResource is used directly: together that halves the
          // cost.
          const context = new AsyncResource(REQUEST_CONTEXT, caller)
          const isLater = this.#isLate || (words[event + REQUEST_FLAGS] & FLAG_BODY_FOLLOWS) !== 0
          if (isLater) admit(block, event, context)
          else context.runInAsyncScope(answer, undefined, block, event)
        }
      } catch (error) {
        // A bug of the server. The other events of the batch are still handled.
        timers.nextTick(() => {
          throw error
        })
      }
      if (left === 0 || !this.#pace.step()) continue
      this.#at = at
      this.#left = left
      // Requests that were not answered at once may do their work in microtasks.
      if (this.#open.length > this.#openSeen) {
        this.#openSeen = this.#open.length
        return BATCH_GOES_ON
      }
      if (this.#look()) return BATCH_FLUSHES
    }
    this.#left = 0
    if (this.#open.length > 0) return BATCH_GOES_ON
    this.#block = undefined
    return BATCH_DONE
  }

  /** Whether to send finished responses now, although events are left. */
  #look(): boolean {
    if (!this.#pace.look()) return false
    this.#pace.restart()
    this.#isLate = true
    return true
  }

  /**
   * Copies the unanswered requests out of the block. Promises that resolved in microtasks have been answered by now.
   */
  #end(): number {
    for (const request of this.#open) request.detach()
    this.#open.length = 0
    this.#block = undefined
    return BATCH_DONE
  }
}
