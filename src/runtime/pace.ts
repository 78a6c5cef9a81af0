// Whether work that is done piece by piece has gone on for long, without a look at the clock for each piece: a look
// takes as long as half a small request.
import { timers } from './timers.js'

/** So long may requests be answered before what is answered leaves, and others have their turn. */
const SLICE_MS = 1
/** What is done between two looks took less than this: the next look may come later. */
const CALM_MS = SLICE_MS / 4
/** The most pieces between two looks. */
const MOST_STRIDE = 16

const { now } = timers

export class Pace {
  #began = 0
  #seen = 0
  #stride = 1
  #left = 1

  /** How many pieces may be done between two looks: the more, the less they took. */
  get stride(): number {
    return this.#stride
  }

  /** Begins anew, and looks behind the first piece, the third, the seventh and so on. */
  begin(): void {
    this.#stride = this.#left = 1
    this.restart()
  }

  /** A new slice of the same work. */
  restart(): void {
    this.#began = this.#seen = now()
  }

  /** One more piece is done: whether it is time to look. */
  step(): boolean {
    this.#left -= 1
    return this.#left === 0
  }

  /** Whether the slice is over. */
  look(): boolean {
    const time = now()
    this.#stride = time - this.#seen < CALM_MS ? Math.min(2 * this.#stride, MOST_STRIDE) : 1
    this.#left = this.#stride
    this.#seen = time
    return time - this.#began >= SLICE_MS
  }
}
