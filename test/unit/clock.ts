import { timers } from '#brink/runtime/timers.js'

/** Stands in for `setTimeout` and its like; time passes when it is told to. */
export class Clock {
  #now = 0
  readonly #timers = new Set<Timer>()
  readonly #setTimeout = timers.setTimeout
  readonly #clearTimeout = timers.clearTimeout

  /** Runs `use` on this clock's time. */
  async during(use: () => Promise<void>): Promise<void> {
    timers.setTimeout = ((call: () => void, ms: number) => this.#set(call, ms)) as never
    timers.clearTimeout = (timer: unknown) => void this.#timers.delete(timer as Timer)
    try {
      await use()
    } finally {
      timers.setTimeout = this.#setTimeout
      timers.clearTimeout = this.#clearTimeout
    }
  }

  /** How many timers are running, and how many of them keep the process. */
  get running(): readonly [number, number] {
    return [this.#timers.size, [...this.#timers].filter(({ keeps }) => keeps).length]
  }

  pass(ms: number): void {
    this.#now += ms
    for (const timer of [...this.#timers]) {
      if (timer.due > this.#now) continue
      this.#timers.delete(timer)
      timer.call()
    }
  }

  #set(call: () => void, ms: number): Timer {
    const timer: Timer = {
      call,
      due: 0,
      keeps: true,
      unref: () => {
        timer.keeps = false
        return timer
      },
      refresh: () => {
        timer.due = this.#now + ms
        this.#timers.add(timer)
        return timer
      },
    }
    return timer.refresh()
  }
}

interface Timer {
  readonly call: () => void
  due: number
  keeps: boolean
  unref(): Timer
  refresh(): Timer
}
