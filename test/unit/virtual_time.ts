import type { Waiting } from '#brink/faults/drawn_fault.js'
import type { Timing } from '#brink/faults/exact_timers.js'

/** Time that passes when it is told to, at once. */
export class VirtualTime implements Timing {
  #now = 0
  #due: { readonly at: number; readonly run: () => void }[] = []

  now(): number {
    return this.#now
  }

  /** How many wait. */
  get waiting(): number {
    return this.#due.length
  }

  after(ms: number, run: () => void): Waiting {
    const entry = { at: this.#now + ms, run }
    // The ends are few, or close to the end of the list.
    let place = this.#due.length
    while (place > 0 && (this.#due[place - 1] as typeof entry).at <= entry.at) place -= 1
    this.#due.splice(place, 0, entry)
    return {
      cancel: () => {
        this.#due = this.#due.filter((each) => each !== entry)
      },
    }
  }

  /** Lets all come that is due until then. */
  pass(ms: number): void {
    const until = this.#now + ms
    for (let next = this.#due.at(-1); next !== undefined && next.at <= until; next = this.#due.at(-1)) {
      this.#due.pop()
      this.#now = next.at
      next.run()
    }
    this.#now = until
  }
}
