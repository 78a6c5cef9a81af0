// How late the event loop is: a timer that is due again and again tells by how much it was late. It runs only while
// somebody wants to know.
import { timers } from './timers.js'

const INTERVAL_MS = 50

/** The upper bounds of the counts, in milliseconds. */
export const DELAY_BOUNDS_MS: readonly number[] = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

export class LoopDelay {
  /** How many of the measured delays were at most each bound and above the one before; the last for those above all. */
  readonly counts: number[] = new Array(DELAY_BOUNDS_MS.length + 1).fill(0)
  sumMs = 0
  #users = 0
  #timer: NodeJS.Timeout | undefined
  #due = 0
  #last = 0

  /** Measures until the returned function is called. */
  watch(): () => void {
    this.#users += 1
    if (this.#users === 1) this.#begin()
    let isWatching = true
    return () => {
      if (!isWatching) return
      isWatching = false
      this.#users -= 1
      if (this.#users === 0) timers.clearTimeout(this.#timer)
    }
  }

  /** The delay that was measured last, or by how much the next measurement is overdue already. */
  currentMs(): number {
    return Math.max(this.#last, timers.now() - this.#due)
  }

  #begin(): void {
    this.#last = 0
    this.#due = timers.now() + INTERVAL_MS
    this.#timer = timers.setTimeout(() => this.#measure(), INTERVAL_MS).unref()
  }

  #measure(): void {
    const now = timers.now()
    const delay = Math.max(0, now - this.#due)
    this.#last = delay
    const place = DELAY_BOUNDS_MS.findIndex((bound) => delay <= bound)
    const at = place === -1 ? DELAY_BOUNDS_MS.length : place
    this.counts[at] = (this.counts[at] as number) + 1
    this.sumMs += delay
    this.#due = now + INTERVAL_MS
    this.#timer?.refresh()
  }
}

/** That of this thread. */
export const loopDelay = new LoopDelay()
