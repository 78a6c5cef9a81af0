// Sheds load: decides which requests are answered with 503 because there is too much to do.
import { canonicalPath, parseTarget } from '../fields/path.js'
import type { Route } from '../routing/dispatcher.js'
import { callListener } from '../runtime/call_listener.js'
import { describe } from '../runtime/describe.js'
import { coded } from '../runtime/errors.js'
import { loopDelay } from '../runtime/loop_delay.js'
import { knownOptions, wrongType, wrongValue } from '../runtime/option_errors.js'
import { timers } from '../runtime/timers.js'

/** When a server sheds load, besides `maxInFlight`. */
export interface ShedWhen {
  /** When the event loop of JavaScript is late by more milliseconds than this. Default: none. */
  delay?: number | undefined
  /** When more bytes of the JavaScript heap are used. Default: none. */
  heapUsed?: number | undefined
  /** When the process has more bytes of resident memory. Default: none. */
  rss?: number | undefined
}

/** The requests that are never shed: their paths, where `/*` at the end stands for all below; or a function. */
export type NeverShed = readonly string[] | ((path: string, method: string) => boolean)

export interface OverloadOptions {
  readonly maxInFlight: number
  readonly retryAfter: number
  readonly shedWhen?: ShedWhen | undefined
  readonly neverShed?: NeverShed | undefined
}

export type ShedReason = 'in_flight' | 'delay' | 'heap_used' | 'rss'

const REASONS: readonly ShedReason[] = ['in_flight', 'delay', 'heap_used', 'rss']
const LIMITS = ['delay', 'heapUsed', 'rss'] as const
/** How often the memory is looked at. */
const MEMORY_MS = 250

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE` */
export function checkOverload({ shedWhen, neverShed }: Pick<OverloadOptions, 'shedWhen' | 'neverShed'>): void {
  if (shedWhen !== undefined) {
    if (typeof shedWhen !== 'object' || shedWhen === null) throw wrongType('shedWhen', 'an object', shedWhen)
    knownOptions(shedWhen, LIMITS, 'shedWhen', ADVICE)
    for (const name of LIMITS) checkLimit(`shedWhen.${name}`, shedWhen[name])
  }
  if (neverShed === undefined || typeof neverShed === 'function') return
  if (!Array.isArray(neverShed)) throw wrongType('neverShed', 'a list of paths, or a function', neverShed)
  for (const path of neverShed) {
    if (typeof path === 'string' && path.startsWith('/') && canonicalPath(path) !== undefined) continue
    throw wrongValue('neverShed', `must have paths that begin with '/', not ${describe(path)}`)
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  maxEventLoopDelay: 'it is "delay"',
  maxHeapUsedBytes: 'it is "heapUsed"',
  maxRssBytes: 'it is "rss"',
  inFlight: 'it is "maxInFlight" of serve()',
}

function checkLimit(name: string, value: unknown): void {
  if (value === undefined) return
  if (typeof value !== 'number') throw wrongType(name, 'a number', value)
  if (value > 0 && Number.isFinite(value)) return
  throw coded(new RangeError(`The option "${name}" must be a number above 0, not ${value}.`), 'ERR_OUT_OF_RANGE')
}

/** Counts what is in flight, and tells whether more may come. One for all loops of a server. */
export class Overload {
  /** Requests whose handlers have returned promises that are not settled. */
  inFlight = 0
  /** Why the process can take no request, as of the last look. */
  reasonOfProcess: ShedReason | undefined
  /** Field lines of the answers. */
  readonly fields: string
  readonly shed: Readonly<Record<ShedReason, number>>
  readonly #most: number
  readonly #limits: ShedWhen
  readonly #spares: (path: string, method: string) => boolean
  /** More requests that wait for JavaScript, which are counted elsewhere. */
  readonly #others: (() => number)[] = []
  readonly #endWatch: () => void
  #memoryAt = Number.NEGATIVE_INFINITY
  #memory: ShedReason | undefined

  /** Undefined when no limit is set. */
  static of(options: OverloadOptions): Overload | undefined {
    const { maxInFlight, shedWhen = {} } = options
    const hasLimit = maxInFlight > 0 || LIMITS.some((name) => shedWhen[name] !== undefined)
    return hasLimit ? new Overload(options) : undefined
  }

  private constructor({ maxInFlight, retryAfter, shedWhen = {}, neverShed = [] }: OverloadOptions) {
    this.#most = maxInFlight > 0 ? maxInFlight : Number.POSITIVE_INFINITY
    this.#limits = { ...shedWhen }
    this.fields = `retry-after: ${retryAfter}\r\n`
    this.shed = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<ShedReason, number>
    this.#spares = typeof neverShed === 'function' ? neverShed : listed(neverShed)
    this.#endWatch = shedWhen.delay === undefined ? () => {} : loopDelay.watch()
  }

  /** All requests in flight: running, and waiting for their turn. */
  get pending(): number {
    let sum = this.inFlight
    for (const count of this.#others) sum += count()
    return sum
  }

  get total(): number {
    return REASONS.reduce((sum, reason) => sum + this.shed[reason], 0)
  }

  countAlso(count: () => number): void {
    this.#others.push(count)
  }

  count(reason: ShedReason): void {
    ;(this.shed as Record<ShedReason, number>)[reason] += 1
  }

  /** Whether a request is answered under any load. */
  spares(method: string, target: string, { isUnshed = false }: Route): boolean {
    if (isUnshed) return true
    const path = parseTarget(target)?.path
    let spares = false
    if (path !== undefined) {
      callListener(() => {
        spares = this.#spares(path, method) === true
      }, console.error)
    }
    return spares
  }

  /** Why a request that has arrived is not let in; undefined when it is. */
  reason(): ShedReason | undefined {
    return this.pending >= this.#most ? 'in_flight' : this.reasonOfProcess
  }

  /** Looks at the process: once a batch, because reading the clock takes as long as a tenth of a small request. */
  look(): void {
    const { delay, heapUsed, rss } = this.#limits
    if (delay !== undefined && loopDelay.currentMs() > delay) this.reasonOfProcess = 'delay'
    else this.reasonOfProcess = heapUsed === undefined && rss === undefined ? undefined : this.#reasonOfMemory()
  }

  #reasonOfMemory(): ShedReason | undefined {
    const now = timers.now()
    if (now - this.#memoryAt >= MEMORY_MS) {
      this.#memoryAt = now
      this.#memory = memoryReason(this.#limits)
    }
    return this.#memory
  }

  end(): void {
    this.#endWatch()
  }
}

function memoryReason({ heapUsed = Number.POSITIVE_INFINITY, rss = Number.POSITIVE_INFINITY }: ShedWhen) {
  const used = process.memoryUsage()
  if (used.heapUsed > heapUsed) return 'heap_used'
  return used.rss > rss ? 'rss' : undefined
}

function listed(paths: readonly string[]): (path: string) => boolean {
  const exact = new Set<string>()
  const prefixes: string[] = []
  for (const path of paths) {
    const isPrefix = path.endsWith('/*')
    const canonical = canonicalPath(isPrefix ? path.slice(0, -1) : path) as string
    if (isPrefix) prefixes.push(canonical)
    else exact.add(canonical)
  }
  return (path) => exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix))
}
