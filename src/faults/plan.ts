// The faults of a server as time goes on: which phase of its plan it is in, and what is drawn for each request.
import { wholeNumber } from '../runtime/option_errors.js'
import type { DrawnFault, ListenerFault, Waiting } from './drawn_fault.js'
import { exactTimers, type Timing } from './exact_timers.js'
import { draw } from './fault_draw.js'
import { type CheckedFaultLimits, checkedFaultLimits, type FaultLimits } from './fault_limits.js'
import { type FaultSpec, parseFaults } from './fault_spec.js'
import { matchesGlob } from './path_glob.js'
import {
  type PlanDefinition,
  type PlanPhase,
  type PlanRule,
  parsePlan,
  planOf,
  planOfFault,
} from './plan_definition.js'
import { LARGEST_SEED } from './plan_words.js'
import { WorkerQueue } from './worker_queue.js'

export interface PlanOptions {
  /** Of plans that have none, a whole number from 0 to 2⁵³ - 1. Default: any. */
  readonly seed?: number | undefined
  readonly limits?: FaultLimits | undefined
  /** Only tests give another. */
  readonly timing?: Timing | undefined
}

/** What is drawn for. */
export interface DrawnRequest {
  readonly method: string
  /** As it was sent, without the query. */
  readonly path: string
  /** The number that the request has brought; undefined for the next one. */
  readonly number?: number | undefined
}

/** Where a plan is, as `GET /_brink/plan` gives it. Times are in whole milliseconds. */
export interface PlanState {
  /** `waiting` is for the first request. */
  readonly state: 'none' | 'waiting' | 'running' | 'ended'
  readonly seed: number
  /** Requests that have got a number since the plan was set. */
  readonly requests: number
  /** How many times the plan has begun again. */
  readonly cycle: number
  readonly phase: {
    readonly index: number
    readonly name: string | null
    readonly elapsed: number
    /** Null without an end in time. */
    readonly remaining: number | null
  } | null
  /** The queue of the phase. */
  readonly overload: { readonly busy: number; readonly waiting: number } | null
  readonly limits: CheckedFaultLimits
  /** The plan as it was given. */
  readonly plan: unknown
}

type Start = 'now' | 'first-request'

/** The plan of a server, which may have none. Numbers, phases and queues begin anew with each plan. */
export class Plan {
  /** What plans and faults of requests may ask for at most. */
  readonly limits: CheckedFaultLimits
  readonly #ownSeed: number
  readonly #timing: Timing
  readonly #listeners = new Set<() => void>()
  #definition: PlanDefinition | undefined
  /** When it begins after a reset, as when it was set. */
  #start: Start = 'now'
  #state: PlanState['state'] = 'none'
  #number = 0
  #cycle = 0
  #index = 0
  #beganAt = 0
  #endsAt = Number.POSITIVE_INFINITY
  /** Requests that the phase has had. */
  #count = 0
  #queue: WorkerQueue | undefined
  #edge: Waiting | undefined
  #isClosed = false

  /** @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` */
  constructor({ seed, limits, timing = exactTimers }: PlanOptions = {}) {
    this.limits = checkedFaultLimits(limits)
    this.#ownSeed = wholeNumber('seed', seed, Math.floor(Math.random() * 2 ** 32), 0, LARGEST_SEED)
    this.#timing = timing
  }

  /** Of the plan, or the server's. */
  get seed(): number {
    return this.#definition?.seed ?? this.#ownSeed
  }

  /** Whether each request is to be drawn for. */
  get isActive(): boolean {
    return this.#state === 'waiting' || this.#state === 'running'
  }

  /** What the phase does to listeners; null for nothing. */
  get listenerFault(): ListenerFault | null {
    return this.#phase?.fault?.listener ?? null
  }

  get state(): PlanState {
    const phase = this.#phase
    const now = this.#timing.now()
    return {
      state: this.#state,
      seed: this.seed,
      requests: this.#number,
      cycle: this.#cycle,
      phase: phase === undefined ? null : this.#phaseState(phase, now),
      overload: this.#queue === undefined ? null : { busy: this.#queue.busy, waiting: this.#queue.waiting },
      limits: this.limits,
      plan: this.#definition?.json ?? null,
    }
  }

  /** Calls `listener` whenever a plan is set, begins, ends, or is in another phase. Gives a function that stops it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Sets faults for all requests, without an end.
   * @throws FaultError `ERR_FAULT_SYNTAX`, `ERR_FAULT_VALUE`
   */
  setFaults(text: string): void {
    const definition = planOfFault(parseFaults(text, 'server', this.limits), text)
    this.#start = 'now'
    this.#set(definition, 'now')
  }

  /**
   * Sets a plan: the text of a JSON file, or what `JSON.parse` gives for it.
   * @param start unless the plan says it
   * @throws FaultError `ERR_FAULT_SYNTAX`, `ERR_FAULT_VALUE`
   */
  set(plan: unknown, start: Start): void {
    const definition = typeof plan === 'string' ? parsePlan(plan, this.limits) : planOf(plan, this.limits)
    this.#start = definition.start ?? start
    this.#set(definition, this.#start)
  }

  /** Begins the plan again, if there is one, with the first number. */
  restart(): boolean {
    if (this.#definition === undefined) return false
    this.#set(this.#definition, 'now')
    return true
  }

  /** Puts the plan back to its beginning: one that began with the first request waits for the next. */
  rewind(): void {
    if (this.#definition !== undefined) this.#set(this.#definition, this.#start)
    else this.#number = 0
  }

  /** Removes the plan. */
  end(): void {
    this.#reset(undefined, 'none')
    this.#tell()
  }

  /** Removes the plan, and takes no other: its server has closed. */
  close(): void {
    this.#isClosed = true
    this.end()
  }

  /** What happens to the answer of a request by the plan; undefined for nothing. It gives the request its number. */
  draw({ method, path, number }: DrawnRequest): DrawnFault | undefined {
    if (!this.isActive) return undefined
    const now = this.#timing.now()
    if (this.#state === 'waiting') this.#begin(now)
    else this.#advance(now)
    const phase = this.#phase
    if (phase === undefined) return undefined
    const rule = phase.rules.find((each) => matchesRule(each, method, path))
    const spec = rule?.fault ?? phase.fault
    const own = this.#numberOr(number)
    const queue = rule === undefined ? this.#queue : undefined
    const drawn = spec === undefined ? undefined : draw(spec, this.seed, own, queue)
    this.#count += 1
    if (this.#count >= phase.requests) this.#next(now)
    return drawn
  }

  /** The same by faults that the request itself has brought, in the plan's place. */
  drawOwn(spec: FaultSpec, number?: number | undefined): DrawnFault | undefined {
    return draw(spec, this.seed, this.#numberOr(number))
  }

  get #phase(): PlanPhase | undefined {
    return this.#state === 'running' ? this.#definition?.phases[this.#index] : undefined
  }

  #numberOr(number: number | undefined): number {
    if (number !== undefined) return number
    this.#number += 1
    return this.#number - 1
  }

  #phaseState(phase: PlanPhase, now: number): PlanState['phase'] {
    return {
      index: this.#index,
      name: phase.name ?? null,
      elapsed: Math.round(now - this.#beganAt),
      remaining: phase.duration === Number.POSITIVE_INFINITY ? null : Math.max(Math.round(this.#endsAt - now), 0),
    }
  }

  #set(definition: PlanDefinition, start: Start): void {
    if (this.#isClosed) return
    this.#reset(definition, 'waiting')
    if (start === 'now') this.#begin(this.#timing.now())
    else this.#tell()
  }

  #reset(definition: PlanDefinition | undefined, state: PlanState['state']): void {
    this.#edge?.cancel()
    this.#edge = undefined
    this.#queue = undefined
    this.#definition = definition
    this.#state = state
    this.#number = 0
    this.#cycle = 0
  }

  #begin(now: number): void {
    this.#state = 'running'
    this.#enter(0, now)
    this.#tell()
  }

  /** Enters the phase in which the plan is by now. */
  #advance(now: number): void {
    if (now < this.#endsAt) return
    this.#skipCycles(now)
    while (this.#state === 'running' && now >= this.#endsAt) this.#follow(this.#endsAt)
    this.#tell()
  }

  #next(now: number): void {
    this.#follow(now)
    this.#tell()
  }

  #follow(now: number): void {
    const { phases, repeat } = this.#definition as PlanDefinition
    const index = this.#index + 1
    if (index < phases.length) return this.#enter(index, now)
    if (repeat) {
      this.#cycle += 1
      return this.#enter(0, now)
    }
    this.#edge?.cancel()
    this.#edge = undefined
    this.#queue = undefined
    this.#state = 'ended'
  }

  /** After a machine has slept, phases of milliseconds would be many. */
  #skipCycles(now: number): void {
    const { phases, repeat } = this.#definition as PlanDefinition
    if (!repeat || phases.some(({ requests }) => requests !== Number.POSITIVE_INFINITY)) return
    const cycle = phases.reduce((sum, { duration }) => sum + duration, 0)
    const skipped = Math.floor((now - this.#endsAt) / cycle)
    this.#cycle += skipped
    this.#endsAt += skipped * cycle
  }

  #enter(index: number, now: number): void {
    const phase = (this.#definition as PlanDefinition).phases[index] as PlanPhase
    const overload = phase.fault?.overload
    this.#index = index
    this.#beganAt = now
    this.#endsAt = now + phase.duration
    this.#count = 0
    this.#queue = overload && new WorkerQueue(overload.workers, overload.limit, this.#timing)
    this.#edge?.cancel()
    this.#edge = undefined
    if (phase.duration === Number.POSITIVE_INFINITY) return
    const endsAt = this.#endsAt
    const over = (): void => this.#advance(Math.max(this.#timing.now(), endsAt))
    this.#edge = this.#timing.after(endsAt - this.#timing.now(), over)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

function matchesRule({ path: glob, methods }: PlanRule, method: string, path: string): boolean {
  if (methods !== undefined && !methods.includes(method)) return false
  return glob === undefined || matchesGlob(glob, path)
}
