// One place among the workers, with its sockets: always one worker serves it, and another one while they change.
import type { ExpositionOptions } from '../metrics/exposition.js'
import type { Family } from '../metrics/family.js'
import { lasting, merged, ofWorker } from '../metrics/merge.js'
import type { CloseOptions, CloseReport } from '../request/closing.js'
import { coded } from '../runtime/errors.js'
import { timers } from '../runtime/timers.js'
import type { HeldSockets } from './held_sockets.js'
import type { CheckedWorkersOptions } from './options.js'
import { Worker, type WorkerEnd } from './worker.js'

/** A worker that has run for so long is replaced at once. */
const LONG_RUN_MS = 5_000
const FIRST_DELAY_MS = 100
const MOST_DELAY_MS = 10_000

export class Slot {
  readonly #number: number
  readonly #sockets: HeldSockets
  readonly #options: CheckedWorkersOptions
  readonly #allMetrics: (options: ExpositionOptions) => Promise<string>
  /** Counters of its workers that have ended. */
  #past: readonly Family[] = []
  readonly #alive = new Set<Worker>()
  readonly #reports: CloseReport[] = []
  /** Who serves, or starts to. */
  #current: Worker | undefined
  #successor: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #delay = 0
  #isClosing = false

  constructor(
    number: number,
    sockets: HeldSockets,
    options: CheckedWorkersOptions,
    allMetrics: (options: ExpositionOptions) => Promise<string>,
  ) {
    this.#allMetrics = allMetrics
    this.#number = number
    this.#sockets = sockets
    this.#options = options
  }

  /** All of its processes, also those that drain. */
  get workers(): readonly Worker[] {
    return [...this.#alive]
  }

  /** Resolves when its worker listens. When it does not, another one is started later. */
  start(): Promise<void> {
    this.#current = this.#spawn()
    return this.#current.ready
  }

  /** Resolves when the successor listens and the worker accepts nobody any more. When it fails, the worker stays. */
  async replace(): Promise<void> {
    if (this.#isClosing) throw closingError()
    timers.clearTimeout(this.#restart)
    const successor = this.#spawn()
    this.#successor = successor
    try {
      await successor.ready
    } catch (error) {
      this.#successor = undefined
      if (this.#isClosing) throw closingError()
      if (this.#current === undefined) this.#startLater(0)
      throw error
    }
    this.#successor = undefined
    // It is drained already.
    if (this.#isClosing) throw closingError()
    const old = this.#current
    this.#current = successor
    // Nobody has to look for another server: the successor listens on the same sockets.
    old?.drain({ ...this.#options.closing, readinessDelay: 0 })
    if (successor.hasEnded) this.#startLater(0)
    // Who connects from now on is served by successors: one that drains without a grace would send him away.
    await old?.listeningEnded
  }

  /** Resolves when all processes have ended, with what became of the work of those that ran until now. */
  async close(closing: CloseOptions): Promise<readonly CloseReport[]> {
    this.#isClosing = true
    timers.clearTimeout(this.#restart)
    const workers = this.workers
    for (const worker of workers) worker.drain(closing)
    await Promise.all(workers.map((worker) => worker.ended))
    return this.#reports
  }

  /** The metrics of all its workers, also of those that have ended. */
  async families(): Promise<Family[]> {
    // A worker that ends meanwhile is among those who are asked.
    const past = this.#past
    const told = await Promise.all([...this.#alive].map((worker) => worker.families()))
    return ofWorker(merged([...told, past]), this.#number)
  }

  kill(): void {
    this.#isClosing = true
    timers.clearTimeout(this.#restart)
    for (const worker of this.#alive) worker.kill()
  }

  #spawn(): Worker {
    const worker = new Worker(this.#number, this.#sockets.sockets, this.#options, this.#allMetrics)
    this.#alive.add(worker)
    const { onEvent } = this.#options
    const tellReady = () => onEvent({ type: 'ready', slot: this.#number, pid: worker.pid as number })
    void worker.ready.then(tellReady, () => {})
    void worker.ended.then((end) => this.#ended(worker, end))
    void worker.leaves.then((isOrdered) => this.#left(worker, isOrdered))
    return worker
  }

  #ended(worker: Worker, end: WorkerEnd): void {
    this.#alive.delete(worker)
    this.#past = merged([this.#past, lasting(worker.lastFamilies)])
    const expected = worker.state === 'draining'
    if (this.#isClosing && expected && worker.report !== undefined) this.#reports.push(worker.report)
    let restartMs: number | undefined
    if (worker === this.#current) {
      this.#current = undefined
      // Otherwise the successor that starts takes its place.
      if (!this.#isClosing && this.#successor === undefined)
        restartMs = this.#startLater(timers.now() - worker.startedAt)
    }
    this.#options.onEvent({ type: 'exit', slot: this.#number, pid: worker.pid, ...end, expected, restartMs })
  }

  /** Its sockets have nobody from now on. It comes also when all processes are told to end: then nobody follows. */
  #left(worker: Worker, isOrdered: boolean): void {
    if (worker !== this.#current) return
    this.#current = undefined
    if (this.#isClosing || this.#successor !== undefined) return
    if (isOrdered) this.#startIn(0)
    else this.#startLater(timers.now() - worker.startedAt)
  }

  /** Workers that end soon after their start are started again with growing delays. */
  #startLater(ranMs: number): number {
    if (ranMs >= LONG_RUN_MS) this.#delay = 0
    const delay = this.#delay
    this.#delay = Math.min(MOST_DELAY_MS, Math.max(FIRST_DELAY_MS, delay * 2))
    const wait = ranMs >= LONG_RUN_MS ? 0 : this.#delay
    this.#startIn(wait)
    return wait
  }

  #startIn(ms: number): void {
    timers.clearTimeout(this.#restart)
    this.#restart = timers.setTimeout(() => {
      this.start().catch(() => {})
    }, ms)
  }
}

function closingError(): Error {
  return coded(new Error('The supervisor is closing.'), 'ERR_SERVER_CLOSING')
}
