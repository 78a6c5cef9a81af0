// When a server that is closed goes from one step to the next: it waits for balancers, drains, and is cut.
import type { CloseOptions } from '../request/closing.js'
import { describe } from '../runtime/describe.js'
import { coded } from '../runtime/errors.js'
import { knownOptions } from '../runtime/option_errors.js'
import { LONGEST_TIMER_MS, timers } from '../runtime/timers.js'

/** For an idle connection of a server that drains. Longer than the time in which a client uses a connection again. */
export const STANDARD_GRACE_MS = 5_000
/** For closing by a signal, after the `readinessDelay`. */
export const STANDARD_DEADLINE_MS = 10_000

const TIMES = ['readinessDelay', 'grace', 'deadline', 'force'] as const

const ADVICE: Readonly<Record<string, string>> = {
  timeout: 'it is "deadline"',
  gracePeriod: 'it is "grace", or "deadline" for all of it',
}

/**
 * @param call whose options they are, such as `close()`
 * @param alsoKnown the names of options that were taken already
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE`
 */
export function checkedCloseOptions(
  given: CloseOptions,
  call: string,
  alsoKnown: readonly string[] = [],
): CloseOptions {
  knownOptions<object>(given, [...TIMES, ...alsoKnown] as never[], call, ADVICE)
  for (const name of TIMES) {
    const ms = given[name]
    if (ms === undefined || (Number.isFinite(ms) && ms >= 0 && ms <= LONGEST_TIMER_MS)) continue
    throw outOfRange(
      `${call} takes a number of milliseconds as "${name}", at most ${LONGEST_TIMER_MS}, not ${describe(ms)}.`,
    )
  }
  const { readinessDelay = 0, deadline } = given
  if (readinessDelay > 0 && deadline !== undefined && deadline <= readinessDelay) {
    throw outOfRange(
      `${call} takes a "deadline" that is later than its "readinessDelay", which is ${readinessDelay} ms, not ` +
        `${deadline}: both count from the call.`,
    )
  }
  return given
}

function outOfRange(message: string): RangeError {
  return coded(new RangeError(message), 'ERR_OUT_OF_RANGE')
}

/** The steps of a server. */
export interface CloseSteps {
  /** May be called again, with a shorter grace. */
  drain(grace: number): void
  /** Called at a `deadline` or at a `force`. */
  cut(isDeadline: boolean): void
}

/** A point in time that can only be moved forward. */
class Appointment {
  readonly #meet: () => void
  #timer: NodeJS.Timeout | undefined
  #at = Number.POSITIVE_INFINITY

  constructor(meet: () => void) {
    this.#meet = meet
  }

  get at(): number {
    return this.#at
  }

  moveTo(at: number): void {
    if (at >= this.#at) return
    this.#at = at
    timers.clearTimeout(this.#timer)
    this.#timer = timers.setTimeout(this.#meet, Math.max(0, at - timers.now()))
  }

  cancel(): void {
    timers.clearTimeout(this.#timer)
  }
}

export class CloseSchedule {
  readonly #steps: CloseSteps
  readonly #draining = new Appointment(() => this.#drain())
  readonly #deadline = new Appointment(() => this.#steps.cut(true))
  readonly #force = new Appointment(() => this.#steps.cut(false))
  #grace = Number.POSITIVE_INFINITY
  #beganAt: number | undefined
  #isDraining = false
  #hasEnded = false

  constructor(steps: CloseSteps) {
    this.#steps = steps
  }

  /** A call of `close`. Of each time the earliest counts, and what a later call does not give changes nothing. */
  add({ readinessDelay, grace, deadline, force }: CloseOptions): void {
    if (this.#hasEnded) return
    const now = timers.now()
    const isFirst = this.#beganAt === undefined
    this.#beganAt ??= now
    const drainsPatiently = readinessDelay !== undefined || deadline !== undefined
    const standardGrace = isFirst ? (drainsPatiently ? STANDARD_GRACE_MS : 0) : this.#grace
    const isShorter = (grace ?? standardGrace) < this.#grace
    if (isShorter) this.#grace = grace ?? standardGrace
    if (deadline !== undefined) this.#deadline.moveTo(now + deadline)
    if (force !== undefined) this.#force.moveTo(now + force)
    if (this.#isDraining) {
      if (isShorter) this.#steps.drain(this.#grace)
      return
    }
    const delay = readinessDelay ?? (isFirst ? 0 : Number.POSITIVE_INFINITY)
    const drainsAt = Math.min(now + delay, this.#draining.at)
    // With nothing left of the time to drain in, it begins at once.
    if (drainsAt <= now || Math.min(this.#deadline.at, this.#force.at) <= drainsAt) this.#drain()
    else this.#draining.moveTo(drainsAt)
  }

  /** Milliseconds since the first call. No further step is taken. */
  end(): number {
    this.#hasEnded = true
    for (const appointment of [this.#draining, this.#deadline, this.#force]) appointment.cancel()
    return timers.now() - (this.#beganAt ?? timers.now())
  }

  #drain(): void {
    this.#isDraining = true
    this.#draining.cancel()
    this.#steps.drain(this.#grace)
  }
}
