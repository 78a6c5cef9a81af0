import type { HandlerResult } from '../reply/handler_result.js'
import { type Reply, reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { Router } from '../routing/router.js'
import { neverShed } from '../routing/unshed.js'
import { knownOptions, wholeNumber, wrongArgument, wrongType, wrongValue } from '../runtime/option_errors.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { Check, type CheckOutcome, type HealthCheck } from './health_check.js'

/** What `health()` asks whether it is ready: a `Server`, or a `Supervisor`. */
export interface HealthServer {
  readonly ready: boolean
}

/** A check with times of its own. */
export interface TimedHealthCheck {
  readonly check: HealthCheck
  readonly cache?: number | undefined
  readonly timeout?: number | undefined
}

/** Options of `health()`. Times are in milliseconds. */
export interface HealthOptions {
  /**
   * What the app needs to be ready, by name. Each is a function that may be async: it throws, rejects or gives `false`
   * when it is not. Names and outcomes are in the body of `/ready`. Default: none.
   */
  readonly checks?: Readonly<Record<string, HealthCheck | TimedHealthCheck>> | undefined
  /** How long the outcome of a check is kept. However many ask, a check runs once at a time. Default: 1,000. */
  readonly cache?: number | undefined
  /**
   * How long a check may take. Then its signal aborts, and it has failed. The default is shorter than the 1 s after which
   * Kubernetes gives a probe up. Default: 800.
   */
  readonly timeout?: number | undefined
  /** Whether the body has the messages of failed checks: they may tell strangers of the inside. Default: false. */
  readonly expose?: boolean | undefined
}

/** A router with `/live` and `/ready`, and their handlers for other paths. */
export interface Health extends Router {
  /** Answers 200 whenever the event loop gets to it. */
  readonly live: (req: BrinkRequest) => HandlerResult
  /** Answers 200 when the app can take requests, and 503 when it cannot or the server is closing. */
  readonly ready: (req: BrinkRequest) => HandlerResult | Promise<HandlerResult>
}

const DAY_MS = 86_400_000
const CACHE_MS = 1_000
const TIMEOUT_MS = 800
const NO_STORE = { 'cache-control': 'no-store' }
const OPTIONS = ['checks', 'cache', 'timeout', 'expose'] as const
const CHECK_OPTIONS = ['check', 'cache', 'timeout'] as const

/**
 * Liveness and readiness for Kubernetes, load balancers and the like: a router with `/live` and `/ready` to mount, or to
 * serve on a port of its own. Its properties `live` and `ready` are the handlers, for other paths.
 *
 * `/ready` answers 503 from the moment that `close` is called, while all else is served during `readinessDelay`; and
 * while a check fails. The body is JSON: `{ status, checks }`. Both answer under any load, and are not to be cached.
 *
 * @param server the server to ask, or several. Default: the one that has the request
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE`
 */
export function health(options?: HealthOptions): Health
export function health(server: HealthServer | readonly HealthServer[] | undefined, options?: HealthOptions): Health
export function health(first?: HealthServer | readonly HealthServer[] | HealthOptions, second?: HealthOptions): Health {
  const isPromise = typeof (first as { then?: unknown } | undefined)?.then === 'function'
  const isOptions = second === undefined && !isServer(first) && !Array.isArray(first) && !isPromise
  const servers = isOptions ? undefined : serversOf(first)
  return new HealthRouter(servers, checkedOptions((isOptions ? (first as HealthOptions) : second) ?? {}))
}

isNoHandler(health, "mount it, app.mount('/', health())")

interface CheckedOptions {
  readonly checks: readonly Check[]
  readonly expose: boolean
}

class HealthRouter extends Router implements Health {
  readonly live: Health['live']
  readonly ready: Health['ready']

  constructor(servers: readonly HealthServer[] | undefined, { checks, expose }: CheckedOptions) {
    super()
    const isReady = (req: BrinkRequest): boolean => {
      const asked = servers ?? (req.server === undefined ? [] : [req.server])
      return asked.every(({ ready }) => ready)
    }
    this.live = neverShed((_req: BrinkRequest) => reply(200, { status: 'ok' }, NO_STORE))
    this.ready = neverShed((req: BrinkRequest) => {
      if (!isReady(req)) return unready()
      if (checks.length === 0) return reply(200, { status: 'ok' }, NO_STORE)
      return outcomes(checks).then((all) => (isReady(req) ? answer(all, expose) : unready()))
    })
    this.get('/live', this.live).get('/ready', this.ready)
  }
}

function unready(): Reply {
  return reply(503, { status: 'closing' }, NO_STORE)
}

type Outcomes = readonly (readonly [name: string, outcome: CheckOutcome])[]

async function outcomes(checks: readonly Check[]): Promise<Outcomes> {
  return await Promise.all(checks.map(async (check) => [check.name, await check.outcome()] as const))
}

function answer(all: Outcomes, expose: boolean): Reply {
  const isOk = all.every(([, { status }]) => status === 'ok')
  const told = all.map(([name, { status, error }]) => [name, expose ? { status, error } : { status }])
  return reply(isOk ? 200 : 503, { status: isOk ? 'ok' : 'failing', checks: Object.fromEntries(told) }, NO_STORE)
}

function isServer(given: unknown): given is HealthServer {
  return typeof given === 'object' && given !== null && typeof (given as Partial<HealthServer>).ready === 'boolean'
}

function serversOf(given: unknown): readonly HealthServer[] | undefined {
  if (given === undefined) return undefined
  const servers: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (servers.length > 0 && servers.every(isServer)) return servers
  throw wrongArgument('health(server, options)', 'a server, or a list of servers', given)
}

function checkedOptions(given: HealthOptions): CheckedOptions {
  knownOptions(given, OPTIONS, 'health()', ADVICE)
  const { checks = {}, expose = false } = given
  const cache = wholeNumber('cache', given.cache, CACHE_MS, 0, DAY_MS)
  const timeout = wholeNumber('timeout', given.timeout, TIMEOUT_MS, 1, DAY_MS)
  if (typeof expose !== 'boolean') throw wrongType('expose', 'a boolean', expose)
  if (typeof checks !== 'object' || checks === null || Array.isArray(checks)) {
    throw wrongType('checks', 'an object with a function for each name', checks)
  }
  return { expose, checks: Object.entries(checks).map(([name, check]) => checkOf(name, check, { cache, timeout })) }
}

const ADVICE: Readonly<Record<string, string>> = {
  healthChecks: 'it is "checks"',
  interval: 'it is "cache": a check runs when it is asked for',
  detail: 'it is "expose"',
}

function checkOf(name: string, given: unknown, standard: { readonly cache: number; readonly timeout: number }): Check {
  if (typeof given === 'function') return new Check(name, given as HealthCheck, standard)
  const place = `checks.${name}`
  if (typeof given !== 'object' || given === null) throw wrongType(place, 'a function', given)
  const own = knownOptions(given as TimedHealthCheck, CHECK_OPTIONS, place)
  if (typeof own.check !== 'function') throw wrongValue(place, 'must have a function "check"')
  return new Check(name, own.check, {
    cache: wholeNumber(`${place}.cache`, own.cache, standard.cache, 0, DAY_MS),
    timeout: wholeNumber(`${place}.timeout`, own.timeout, standard.timeout, 1, DAY_MS),
  })
}
