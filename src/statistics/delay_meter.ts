// How late the event loop of JavaScript is: a timer that is due again and again tells. To the microsecond, in the counts
// of an HdrHistogram.
import { timers } from '../runtime/timers.js'
import { addCounts, placeOf, summaryOf, type TimeSummary } from './hdr_counts.js'

const PERIOD_MS = 20
/** Longer delays, of more than about four seconds, count as this. */
const LONGEST_US = 4_194_303

export class DelayMeter {
  #counts = new Float64Array(placeOf(LONGEST_US) + 1)
  #sumUs = 0
  /** The longest delays since each taker has taken them. */
  readonly #most: number[] = []
  #due = 0
  #timer: NodeJS.Timeout | undefined

  start(): void {
    this.#due = timers.now() + PERIOD_MS
    this.#timer ??= timers.setTimeout(() => this.#measure(), PERIOD_MS).unref()
  }

  stop(): void {
    timers.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  reset(): void {
    this.#counts.fill(0)
    this.#sumUs = 0
  }

  /** In milliseconds, with what is overdue now. */
  summary(): TimeSummary {
    const now = new Float64Array(this.#counts)
    const overdueUs = Math.min(Math.floor(1000 * this.#overdueMs()), LONGEST_US)
    if (overdueUs < 1000) return summaryOf(now, this.#sumUs)
    const one = new Float64Array(placeOf(overdueUs) + 1)
    one[one.length - 1] = 1
    return summaryOf(addCounts(now, one), this.#sumUs + overdueUs)
  }

  /** A function that gives the longest delay since its last call, in milliseconds. */
  taker(): () => number {
    const place = this.#most.push(0) - 1
    return () => {
      const most = Math.max(this.#most[place] as number, this.#overdueMs())
      this.#most[place] = 0
      return most
    }
  }

  #overdueMs(): number {
    return this.#timer === undefined ? 0 : Math.max(0, timers.now() - this.#due)
  }

  #measure(): void {
    const now = timers.now()
    const delay = Math.max(0, now - this.#due)
    const us = Math.min(Math.floor(1000 * delay), LONGEST_US)
    const place = placeOf(us)
    this.#counts[place] = (this.#counts[place] as number) + 1
    this.#sumUs += us
    for (let taker = 0; taker < this.#most.length; taker += 1) {
      this.#most[taker] = Math.max(this.#most[taker] as number, delay)
    }
    this.#due = now + PERIOD_MS
    this.#timer?.refresh()
  }
}
