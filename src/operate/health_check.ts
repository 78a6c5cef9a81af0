// One check of an app's health. It runs once at a time, however many ask, and its outcome is kept for some time.
import { AsyncResource } from 'node:async_hooks'
import { messageOf } from '../runtime/errors.js'
import { timers } from '../runtime/timers.js'

/**
 * Tells whether something that the app needs is there: it throws, rejects, or gives `false` when it is not. The signal
 * aborts when the time of the check is over.
 */
export type HealthCheck = (signal: AbortSignal) => unknown

/** What came of a check. */
export interface CheckOutcome {
  readonly status: 'ok' | 'failing' | 'timeout'
  readonly error: string | undefined
}

export interface CheckTimes {
  /** How long an outcome is kept, in milliseconds. */
  readonly cache: number
  /** How long a run may take, in milliseconds. */
  readonly timeout: number
}

/** A run that ignores its signal is given up after so long: then the next one begins. */
const GIVEN_UP_MS = 30_000

const OK: CheckOutcome = { status: 'ok', error: undefined }

export class Check {
  readonly name: string
  readonly #check: HealthCheck
  readonly #times: CheckTimes
  // Of all who wait for a run, none owns it.
  readonly #context = new AsyncResource('BRINK_HEALTH_CHECK')
  #outcome: CheckOutcome | undefined
  #endedAt = 0
  #running: Promise<CheckOutcome> | undefined
  /** When the run began that has timed out, and has not ended yet. */
  #stuckSince: number | undefined

  constructor(name: string, check: HealthCheck, times: CheckTimes) {
    this.name = name
    this.#check = check
    this.#times = times
  }

  /** Never rejects. */
  outcome(): CheckOutcome | Promise<CheckOutcome> {
    if (this.#running !== undefined) return this.#running
    const now = timers.now()
    const isStuck = this.#stuckSince !== undefined && now - this.#stuckSince < GIVEN_UP_MS
    const isFresh = now - this.#endedAt < this.#times.cache
    if (this.#outcome !== undefined && (isStuck || isFresh)) return this.#outcome
    this.#running = this.#context.runInAsyncScope(() => this.#run(now)).then((outcome) => this.#ended(outcome))
    return this.#running
  }

  #ended(outcome: CheckOutcome): CheckOutcome {
    this.#running = undefined
    this.#outcome = outcome
    this.#endedAt = timers.now()
    return outcome
  }

  #run(beganAt: number): Promise<CheckOutcome> {
    const { timeout } = this.#times
    const controller = new AbortController()
    return new Promise((resolve) => {
      const timer = timers
        .setTimeout(() => {
          const error = new Error(`It has taken more than ${timeout} ms.`)
          this.#stuckSince = beganAt
          resolve({ status: 'timeout', error: error.message })
          controller.abort(error)
        }, timeout)
        .unref()
      void this.#call(controller.signal).then((outcome) => {
        timers.clearTimeout(timer)
        if (this.#stuckSince === beganAt) this.#stuckSince = undefined
        resolve(outcome)
      })
    })
  }

  async #call(signal: AbortSignal): Promise<CheckOutcome> {
    try {
      const value = await this.#check(signal)
      return value === false ? { status: 'failing', error: 'It gave false.' } : OK
    } catch (error) {
      return { status: 'failing', error: messageOf(error) }
    }
  }
}
