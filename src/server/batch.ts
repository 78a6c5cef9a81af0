// One batch of events, within bounded time: when it takes long, what is done is answered, and the requests that are left
// wait for their turn, so that others have theirs. The native side is told whether to come back when the microtasks
// have run; it takes what is answered when the batch is done.
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

/** What is done with the events at a place in a block. */
export interface EventHandling {
  /** A request that is there as a whole; called in its context. */
  readonly answer: (block: Block, at: number) => void
  /** A request that is begun now or later, in a context of its own. */
  readonly admit: (block: Block, at: number, context: AsyncResource) => void
  /** Any other event. */
  readonly hear: (block: Block, at: number) => void
}

export class Batch {
  readonly #handling: EventHandling
  readonly #pace = new Pace()
  /** Requests of this batch that are answered later, if they are not answered yet. */
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

  /** Whether requests are not begun any more: what is done is to leave, and others have their turn. */
  get isLate(): boolean {
    return this.#isLate
  }

  /** How many requests were begun to which the answer comes later. */
  get begunLater(): number {
    return this.#begunLater
  }

  /** Goes through the events of a block. `isLate`: requests from before still wait for their turn. */
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

  /** The microtasks have run. */
  resume(): number {
    const block = this.#block
    if (block === undefined || this.#left === 0) return this.#end()
    this.#caller = executionAsyncId()
    // What they computed counts as well.
    return this.#look() ? BATCH_FLUSHES : this.#run(block)
  }

  /** The request is answered later. */
  wait(request: BrinkRequest): void {
    this.#begunLater += 1
    if (this.#block !== undefined) this.#open.push(request)
  }

  /** A client went away: those of this batch who do not hear of it otherwise yet. */
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
          // The async id of the caller is asked for once a batch, and no class stands between: together half the price.
          const context = new AsyncResource(REQUEST_CONTEXT, caller)
          const isLater = this.#isLate || (words[event + REQUEST_FLAGS] & FLAG_BODY_FOLLOWS) !== 0
          if (isLater) admit(block, event, context)
          else context.runInAsyncScope(answer, undefined, block, event)
        }
      } catch (error) {
        // A fault of the server's own. The others of the batch are heard all the same.
        timers.nextTick(() => {
          throw error
        })
      }
      if (left === 0 || !this.#pace.step()) continue
      this.#at = at
      this.#left = left
      // Those that are answered later may compute in their microtasks.
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

  /** Whether what is answered is to leave at once, though there are more events. */
  #look(): boolean {
    if (!this.#pace.look()) return false
    this.#pace.restart()
    this.#isLate = true
    return true
  }

  /** Copies what is left unanswered. What promises have resolved at once is answered by now, and costs no copy. */
  #end(): number {
    for (const request of this.#open) request.detach()
    this.#open.length = 0
    this.#block = undefined
    return BATCH_DONE
  }
}
