// Overload: a queue for workers. With requests that come at random and an exponential service time it is the M/M/c queue of
// theory, whose queue is limited here.
import type { Waiting, Work } from './drawn_fault.js'
import { exactTimers, type Timing } from './exact_timers.js'

interface Job extends Waiting {
  readonly time: number
  readonly done: () => void
  /** While a worker serves it. */
  service: Waiting | undefined
}

/** Workers, each of which serves one request at a time, and a queue before them: first come, first served. */
export class WorkerQueue {
  readonly #workers: number
  readonly #limit: number
  readonly #timing: Timing
  readonly #waiting = new Set<Job>()
  readonly #served = new Set<Job>()

  /** @param limit requests that may wait for a worker */
  constructor(workers: number, limit: number, timing: Timing = exactTimers) {
    this.#workers = workers
    this.#limit = limit
    this.#timing = timing
  }

  /** Requests that are served. */
  get busy(): number {
    return this.#served.size
  }

  /** Requests that wait for a worker. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Whether one more request is turned away. */
  get isFull(): boolean {
    return this.#served.size >= this.#workers && this.#waiting.size >= this.#limit
  }

  /** The work of one request, of so many milliseconds. */
  work(time: number): Work {
    return { begin: (done) => this.#enter(time, done) }
  }

  #enter(time: number, done: () => void): Waiting {
    const job: Job = { time, done, service: undefined, cancel: () => this.#leave(job) }
    if (this.#served.size < this.#workers) this.#serve(job)
    else this.#waiting.add(job)
    return job
  }

  #serve(job: Job): void {
    this.#served.add(job)
    job.service = this.#timing.after(job.time, () => {
      this.#leave(job)
      job.done()
    })
  }

  /** Served, or gone: the next one has its place. */
  #leave(job: Job): void {
    if (this.#waiting.delete(job) || !this.#served.delete(job)) return
    job.service?.cancel()
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      this.#serve(next)
      return
    }
  }
}
