// Tells whether a series of small steps has run for too long, without reading the clock at each step: reading it
// takes as long as half a small request.
import { timers } from './timers.js'

/** How long requests may be answered before the responses are sent and other work runs. */
const SLICE_MS = 1
/** If the steps between two readings took less than this, the next reading may come later. */
const CALM_MS = SLICE_MS / 4
/** The maximum number of steps between two readings. */
const MAX_STRIDE = 16

const { now } = timers

export class Pace {
  #began = 0
  #seen = 0
  #stride = 1
  #left = 1

  /** The number of steps until the next reading: more when steps are fast. */
  get stride(): number {
    return this.#stride
  }

  /** Starts over, with readings after the first step, the third, the seventh and so on. */
  begin(): void {
    this.#stride = this.#left = 1
    this.restart()
  }

  /** Starts a new slice of the same work. */
  restart(): void {
    this.#began = this.#seen = now()
  }

  /** Counts a step. Returns whether to call `look()`. */
  step(): boolean {
    this.#left -= 1
    return this.#left === 0
  }

  /** Reads the clock. Returns whether the slice is over. */
  look(): boolean {
    const time = now()
    this.#stride = time - this.#seen < CALM_MS ? Math.min(2 * this.#stride, MAX_STRIDE) : 1
    this.#left = this.#stride
    this.#seen = time
    return time - this.#began >= SLICE_MS
  }
}
