import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ClientError } from '../exchange/client_error.js'
import { exactTimers } from '../faults/exact_timers.js'
import { Plan, type PlanState } from '../faults/plan.js'
import { FaultyDispatcher } from '../faulty/faulty_dispatcher.js'
import { ListenerFaults } from '../faulty/listener_faults.js'
import { routesFrom } from '../folder/folder.js'
import type { CloseOptions, CloseReport } from '../request/closing.js'
import type { Dispatcher } from '../routing/dispatcher.js'
import { compileRouter, Router } from '../routing/router.js'
import { installedFolder } from '../runtime/installed_folder.js'
import { isNoHandler } from '../runtime/uncalled.js'
import type { ServeOptions } from '../server/options.js'
import { partsOfServer, type Server, serveDispatcher } from '../server/server.js'
import { type Asking, Statistics } from '../statistics/statistics.js'
import type { StatisticsSnapshot } from '../statistics/statistics_shape.js'
import { CONTROL_PREFIX, controlRoutes } from './control.js'
import { type ControlAccess, controlGuard } from './control_access.js'
import { giveLimits } from './limits.js'
import { type CheckedTargetOptions, checkedTargetOptions, type TargetOptions } from './options.js'
import { PlanFaults } from './plan_faults.js'
import { planRoutes } from './plan_routes.js'
import { noticePort } from './port_notice.js'
import { type ReceivedRequest, Recorder } from './recorder.js'
import { refusalOf } from './refusal.js'
import { statisticsRoutes } from './statistics_routes.js'

/** Answers may stall for ever on purpose, so a target does not wait for them as a server does. */
const STANDARD_CLOSE: CloseOptions = { grace: 0, deadline: 1000 }

/** A running load target. `target()` creates it. */
export interface Target {
  /** Its URL, such as `http://127.0.0.1:8080`. */
  readonly url: string
  /** Its port. For port 0, the one that the system has chosen. */
  readonly port: number
  /** The seed of what is drawn: the plan's, or the target's. */
  readonly seed: number
  /** The server below, for its listeners, signals and metrics. */
  readonly server: Server
  /**
   * What has happened since the start, or since `reset()`, as `GET /_brink/stats` tells it: see docs/target-statistics.md.
   * @param run the id of a run, for its part; zeros for one that is not known
   */
  stats(run?: string): StatisticsSnapshot
  /**
   * The requests that have come, the newest last, with the option `record`. Those below `/_brink/` are not among them, and
   * those that are no valid requests.
   * @throws Error `ERR_TARGET_NOT_RECORDING` without the option `record`
   */
  requests(): ReceivedRequest[]
  /**
   * Sets a plan of faults, which starts now, unless it says otherwise; `null` for none. It replaces the one before.
   * @throws FaultError `ERR_FAULT_SYNTAX`, `ERR_FAULT_VALUE` for a plan that cannot be; the one before stays
   */
  setPlan(plan: string | object | null): void
  /**
   * Sets faults for all requests, in the grammar of the option `fault`, as a plan of one phase.
   * @throws FaultError `ERR_FAULT_SYNTAX`, `ERR_FAULT_VALUE`
   */
  setFault(fault: string): void
  /** Where the plan is. */
  plan(): PlanState
  /**
   * Forgets what it has counted and recorded, and puts its plan back to its beginning, as `POST /_brink/reset` does: one
   * that began with the first request waits for the next.
   * @param run the id of a run: forgets what was counted of it, and nothing else
   */
  reset(run?: string): void
  /**
   * Closes it: ends idle connections, answers what is open, and cuts what is left after a second, unless the options say
   * otherwise. Called again, it waits for the same end.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE` for wrong options
   */
  close(options?: CloseOptions): Promise<CloseReport>
  /** Closes it at the end of a block: `await using t = await target()`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a load target: a server with endpoints for load generators and tests of clients, which misbehaves on demand. It
 * listens at any free port, if it is not told where.
 *
 * In a bundle of an app, it is that of the package, which is installed beside the bundle.
 *
 * @throws the errors of `serve()`; FaultError `ERR_FAULT_SYNTAX`, `ERR_FAULT_VALUE` for a wrong plan
 */
export async function target(options: TargetOptions = {}): Promise<Target> {
  const installed = await installedTarget()
  if (installed !== target) return installed(options)
  const checked = checkedTargetOptions(options)
  const parts = { plan: planOf(checked), recorder: new Recorder(checked.record), statistics: new Statistics() }
  const server = await serveDispatcher(
    await dispatcherOf(parts, checked.control),
    reporting(checked.serve, parts.statistics),
  )
  giveLimits(server, checked.limits)
  parts.statistics.start(partsOfServer(server).reactors)
  await followListenerFaults(server, parts)
  noticePort(server.port)
  return new RunningTarget(server, parts)
}

isNoHandler(target, 'call it, await target(options)')

interface Parts {
  readonly plan: Plan
  readonly recorder: Recorder
  readonly statistics: Statistics
}

/** The statistics have the last errors of clients, also where nobody else hears of them. */
function reporting(serve: ServeOptions, statistics: Statistics): ServeOptions {
  const { onClientError } = serve
  const told = (error: ClientError): void => {
    const { code, ip, status, reason } = error
    const outcome = status === 0 ? 'nothing was answered' : `answered with ${status}`
    statistics.addError(code, `${ip}: ${reason === undefined ? outcome : `${reason}; ${outcome}`}`)
    onClientError?.(error)
  }
  return { ...serve, onClientError: told }
}

function planOf({ plan, fault, seed, faultLimits }: CheckedTargetOptions): Plan {
  const made = new Plan({ seed, limits: faultLimits })
  if (plan !== undefined) made.set(plan, 'first-request')
  if (fault !== undefined) made.setFaults(fault)
  return made
}

/** What phases of the plan do to the listeners, as long as these are open. Resolves when the first one is done. */
function followListenerFaults(server: Server, { plan, statistics }: Parts): Promise<void> {
  const faults = new ListenerFaults(partsOfServer(server), ({ message }) => {
    statistics.addError('ERR_LISTENER_FAULT', message)
    process.emitWarning(message, { type: 'BrinkWarning', code: 'BRINK_LISTENER_FAULT' })
  })
  const follow = () => faults.apply(plan.listenerFault)
  const stop = plan.onChange(follow)
  server.signal.addEventListener('abort', () => {
    stop()
    faults.end()
    plan.close()
  })
  follow()
  return faults.settled()
}

/** The endpoints and the target's own routes, with the faults in front of them. */
async function dispatcherOf(parts: Parts, access: ControlAccess): Promise<Dispatcher> {
  const { plan, recorder, statistics } = parts
  const router = new Router().mount('/', await bundledRoutes())
  if (access !== 'none') {
    const control = new Router()
      .use(controlGuard(access))
      .onError(refusalOf)
      .mount(
        '/',
        controlRoutes(() => statistics.live(phaseOf(plan))),
      )
      .mount(CONTROL_PREFIX, planRoutes(plan))
      .mount(
        CONTROL_PREFIX,
        statisticsRoutes(statistics, (run, asking) => resetParts(parts, run, asking)),
      )
    router.mount('/', control)
  }
  // Bodies are echoed and counted as they were sent.
  const endpoints = Object.assign(compileRouter(router), { requestRules: { leavesCodings: true } })
  const settings = {
    faults: new PlanFaults(plan),
    numbers: statistics,
    delays: exactTimers,
    recorder,
    spared: CONTROL_PREFIX,
  }
  return new FaultyDispatcher(endpoints, settings)
}

/** Its name, or its number, counted from 1; null without one. */
function phaseOf({ state: { phase } }: Plan): string | number | null {
  return phase === null ? null : (phase.name ?? phase.index + 1)
}

/** One run is a part of the statistics alone. */
function resetParts({ plan, recorder, statistics }: Parts, run?: string, asking?: Asking): void {
  statistics.reset(run, asking)
  if (run !== undefined) return
  recorder.clear()
  plan.rewind()
}

class RunningTarget implements Target {
  readonly #parts: Parts

  constructor(
    readonly server: Server,
    parts: Parts,
  ) {
    this.#parts = parts
  }

  get url(): string {
    return this.server.url
  }

  get port(): number {
    return this.server.port
  }

  get seed(): number {
    return this.#parts.plan.seed
  }

  stats(run?: string): StatisticsSnapshot {
    return this.#parts.statistics.snapshot(run)
  }

  requests(): ReceivedRequest[] {
    return this.#parts.recorder.requests()
  }

  setPlan(plan: string | object | null): void {
    if (plan === null) this.#parts.plan.end()
    else this.#parts.plan.set(plan, 'now')
  }

  setFault(fault: string): void {
    this.#parts.plan.setFaults(fault)
  }

  plan(): PlanState {
    return this.#parts.plan.state
  }

  reset(run?: string): void {
    resetParts(this.#parts, run)
  }

  async close(options: CloseOptions = STANDARD_CLOSE): Promise<CloseReport> {
    const report = await this.server.close(options)
    this.#parts.statistics.stop()
    return report
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * That of the package. A bundle of an app has another one: the routes, which are files of the package, would answer with
 * other classes than those that it knows.
 */
async function installedTarget(): Promise<typeof target> {
  const file = pathToFileURL(join(installedFolder(), 'dist/target.js')).href
  const module = (await import(/* webpackIgnore: true */ file)) as { target: typeof target }
  return module.target
}

function bundledRoutes(): Promise<Router> {
  return routesFrom(join(installedFolder(), 'dist/routes'))
}
