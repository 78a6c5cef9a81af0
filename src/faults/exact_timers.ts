// Timers for delayed answers. Node's own begin at the time at which the turn of the event loop began, and drop fractions of a
// millisecond, so that answers come early; these count from the call, and never end early. One timer of Node serves all.
import { LONGEST_TIMER_MS, timers } from '../runtime/timers.js'
import type { Waiting } from './drawn_fault.js'

/** What is due later than this lets the event loop turn first, so that ten thousand answers at once do not stop all else. */
const TURN_MS = 5

/** The part of `ExactTimers` that what waits needs. Tests give virtual time. */
export interface Timing {
  now(): number
  after(ms: number, run: () => void): Waiting
}

interface Entry extends Waiting {
  due: number
  /** Its place in the heap; -1 outside. */
  at: number
  run: () => void
}

/**
 * Runs functions after exact times: never early, and late only by the millisecond of the system's timer and by what the
 * thread is busy with. They do not keep the process alive.
 */
export class ExactTimers implements Timing {
  // A binary heap: the next one first.
  readonly #heap: Entry[] = []
  #timer: NodeJS.Timeout | undefined
  /** When `#timer` ends; infinite without one. */
  #wakesAt = Number.POSITIVE_INFINITY
  #runs = false

  /** How many wait. */
  get size(): number {
    return this.#heap.length
  }

  now(): number {
    return timers.now()
  }

  /** Calls `run` once, when `ms` milliseconds have passed, which may be a fraction. */
  after(ms: number, run: () => void): Waiting {
    const entry: Entry = { due: timers.now() + ms, at: -1, run, cancel: () => this.#remove(entry) }
    this.#heap.push(entry)
    this.#rise(entry, this.#heap.length - 1)
    if (!this.#runs && entry.at === 0) this.#wakeAt(entry.due)
    return entry
  }

  /** Forgets all. */
  clear(): void {
    for (const entry of this.#heap) entry.at = -1
    this.#heap.length = 0
    this.#sleep()
  }

  #remove(entry: Entry): void {
    const { at } = entry
    if (at === -1) return
    entry.at = -1
    const last = this.#heap.pop() as Entry
    if (last !== entry) {
      if (this.#rise(last, at) === at) this.#sink(last, at)
    }
    if (this.#heap.length === 0 && !this.#runs) this.#sleep()
  }

  #wakeAt(due: number): void {
    if (due >= this.#wakesAt) return
    timers.clearTimeout(this.#timer)
    this.#wakesAt = due
    const wait = Math.min(Math.ceil(due - timers.now()), LONGEST_TIMER_MS)
    this.#timer = timers.setTimeout(() => this.#wake(), Math.max(wait, 1)).unref()
  }

  #sleep(): void {
    timers.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#wakesAt = Number.POSITIVE_INFINITY
  }

  #wake(): void {
    this.#sleep()
    this.#runs = true
    try {
      this.#runDue()
    } finally {
      this.#runs = false
      const next = this.#heap[0]
      if (next !== undefined) this.#wakeAt(next.due)
    }
  }

  #runDue(): void {
    const until = timers.now() + TURN_MS
    for (;;) {
      const first = this.#heap[0]
      const now = timers.now()
      if (first === undefined || first.due > now) return
      if (now > until) {
        timers.setImmediate(() => this.#wake())
        return
      }
      this.#remove(first)
      first.run()
    }
  }

  /** Moves an entry up from a free place, and gives its new one. */
  #rise(entry: Entry, from: number): number {
    const heap = this.#heap
    let at = from
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt] as Entry
      if (parent.due <= entry.due) break
      heap[at] = parent
      parent.at = at
      at = parentAt
    }
    heap[at] = entry
    entry.at = at
    return at
  }

  #sink(entry: Entry, from: number): void {
    const heap = this.#heap
    let at = from
    for (;;) {
      let childAt = 2 * at + 1
      if (childAt >= heap.length) break
      const right = heap[childAt + 1]
      if (right !== undefined && right.due < (heap[childAt] as Entry).due) childAt += 1
      const child = heap[childAt] as Entry
      if (child.due >= entry.due) break
      heap[at] = child
      child.at = at
      at = childAt
    }
    heap[at] = entry
    entry.at = at
  }
}

/** Those of this thread. */
export const exactTimers = new ExactTimers()
