import { constants } from 'node:os'
import { type ExpositionOptions, exposition } from '../metrics/exposition.js'
import { merged } from '../metrics/merge.js'
import { checkedMetricsOptions, type MetricsOptions } from '../metrics/options.js'
import type { CloseOptions, CloseReport } from '../request/closing.js'
import { callListener } from '../runtime/call_listener.js'
import { timers } from '../runtime/timers.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { checkedCloseOptions } from '../server/close_schedule.js'
import type { Place } from '../server/listen_options.js'
import { type Bound, type Listening, listenOn } from '../server/listening.js'
import { announceServer, type Notices, notifySystemd } from '../server/notify.js'
import type { ServerStats } from '../server/stats.js'
import { HeldSockets } from './held_sockets.js'
import { type CheckedWorkersOptions, checkedWorkersOptions, type WorkersOptions, withStandardTimes } from './options.js'
import { Slot } from './slot.js'
import { sumOf } from './sums.js'
import type { WorkerState } from './worker.js'

/** A worker process. */
export interface WorkerFacts {
  /** Its place among the workers, from 0. While a worker is replaced, two have the same. */
  readonly slot: number
  readonly pid: number
  readonly state: WorkerState
}

/** The counters of workers that run. Those of a worker end with it. */
export interface WorkersStats {
  /** The sums over all workers. Undefined while none serves. */
  readonly total: ServerStats | undefined
  /** Each one's own, in the order of slots. Undefined for a worker that does not serve yet, or does not answer within a second. */
  readonly workers: readonly (WorkerFacts & { readonly stats: ServerStats | undefined })[]
}

/** Keeps the workers of an app running. `workers()` creates it. */
export interface Supervisor {
  /** The URL of the first listener. See `Server`. */
  readonly url: string
  /** The port of the first listener; 0 for a Unix domain socket. */
  readonly port: number
  readonly listeners: readonly Listening[]
  /** The processes that run, in the order of slots. */
  readonly workers: readonly WorkerFacts[]
  /** The name of the backend of the workers. */
  readonly backend: string
  /** The number of threads of each worker's loops. */
  readonly threads: number
  /**
   * Replaces the workers one by one: each new one listens before the old one drains. Resolves when all are replaced and
   * the old ones accept nobody any more; they may still drain. While a reload runs, further calls share one more that follows it.
   * @throws Error `ERR_WORKER_START` when a new worker ends before it listens: then the old one stays, and those that
   *   follow are not replaced; `ERR_SERVER_CLOSING`
   */
  reload(): Promise<void>
  stats(): Promise<WorkersStats>
  /** Whether a worker serves, and the supervisor is not told to close: for `health()` on a port of its own. */
  readonly ready: boolean
  /**
   * The metrics of all workers as text: see `metrics` of `Server`. Those of requests by route are added up; others have
   * the number of the worker as a label. Counters go on where workers are replaced. A worker that does not answer within
   * a second counts as it has told last.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for wrong options
   */
  metrics(options?: MetricsOptions): Promise<string>
  /**
   * Closes the sockets and drains all workers; a worker that has not ended a second after the deadline is killed.
   * Resolves when all have ended, with what became of
   * their work: of those workers that ran at the call. The defaults are the options of `workers()`.
   */
  close(options?: CloseOptions): Promise<CloseReport>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Runs an app in several processes, on the same sockets. The app's first `serve()` listens on them, whatever place its
 * options name, so that the app can run alone too. Resolves when the workers listen.
 *
 * On Linux each worker has a socket of its own on the port, and the kernel spreads the connections. A worker's
 * connections that wait to be accepted outlive it: its successor accepts them.
 *
 * @param app the app's file, as a path or a `file:` URL
 * @throws Error `ERR_WORKER_START` when no worker came to listen, for the first one: `cause` is what it told, `exitCode`
 *   and `signal` how it ended; the errors of `serve()` for the sockets and for wrong options; `ERR_WORKERS_UNSUPPORTED`
 *   on Windows, Bun and Deno
 */
export async function workers(app: URL | string, options: WorkersOptions = {}): Promise<Supervisor> {
  const given = checkedWorkersOptions(app, options)
  const onEvent: typeof given.onEvent = (event) => callListener(() => given.onEvent(event), console.error)
  const checked = { ...given, onEvent }
  const { server: sockets, bound } = await listenOn(checked.places.map(shared), () => new SocketsOfSlots(checked.count))
  const supervisor = new RunningSupervisor(checked, sockets, bound)
  await supervisor.start()
  return supervisor
}

isNoHandler(workers, "call it with the app's file in a file of its own")

/** A socket for each worker where the system spreads connections over them; otherwise all workers share one. */
function shared(place: Place): Place {
  if (place.kind !== 'port' || process.platform !== 'linux') return place
  return { ...place, reusePort: true, claimsPort: !place.reusePort }
}

class SocketsOfSlots {
  readonly reactors: readonly HeldSockets[]

  constructor(count: number) {
    this.reactors = Array.from({ length: count }, () => new HeldSockets())
  }

  abandon(): void {
    for (const sockets of this.reactors) sockets.close()
  }
}

class RunningSupervisor implements Supervisor {
  readonly #options: CheckedWorkersOptions
  readonly #sockets: SocketsOfSlots
  readonly #bound: Bound
  readonly #slots: readonly Slot[]
  #notices: Notices | undefined
  #reloading: Promise<void> | undefined
  #nextReload: Promise<void> | undefined
  #closing: Promise<CloseReport> | undefined
  #removeSignals = () => {}

  constructor(options: CheckedWorkersOptions, sockets: SocketsOfSlots, bound: Bound) {
    this.#options = options
    this.#sockets = sockets
    this.#bound = bound
    this.#slots = sockets.reactors.map(
      (held, number) => new Slot(number, held, options, (asked) => this.#metrics(asked)),
    )
  }

  async start(): Promise<void> {
    // Before the first worker: a signal must not leave any behind.
    if (this.#options.signals) this.#hearSignals()
    try {
      const starts = await Promise.allSettled(this.#slots.map((slot) => slot.start()))
      const starters = starts.some(({ status }) => status === 'fulfilled')
      if (!starters) throw (starts[0] as PromiseRejectedResult).reason
      // It may have been told to close while they started.
      if (this.#closing === undefined) this.#notices = announceServer()
    } catch (error) {
      await this.close({ force: 0 })
      throw error
    }
  }

  get url(): string {
    return this.listeners[0]?.url ?? ''
  }

  get port(): number {
    return this.listeners[0]?.port ?? 0
  }

  get listeners(): readonly Listening[] {
    return this.#bound.listeners
  }

  get workers(): readonly WorkerFacts[] {
    return this.#alive().map(({ slot, pid, state }) => ({ slot, pid: pid as number, state }))
  }

  get backend(): string {
    return this.#alive().find(({ description }) => description.backend)?.description.backend ?? ''
  }

  get threads(): number {
    return this.#alive().find(({ description }) => description.backend)?.description.threads ?? 0
  }

  reload(): Promise<void> {
    if (this.#reloading === undefined) {
      this.#reloading = this.#replaceAll().finally(() => {
        this.#reloading = undefined
      })
      return this.#reloading
    }
    this.#nextReload ??= this.#reloading
      .catch(() => {})
      .then(() => {
        this.#nextReload = undefined
        return this.reload()
      })
    return this.#nextReload
  }

  async stats(): Promise<WorkersStats> {
    const workers = await Promise.all(
      this.#alive().map(async (worker) => {
        const { slot, state } = worker
        return { slot, pid: worker.pid as number, state, stats: await worker.stats() }
      }),
    )
    return { total: sumOf(workers.flatMap(({ stats }) => stats ?? [])), workers }
  }

  get ready(): boolean {
    return this.#closing === undefined && this.#alive().some(({ state }) => state === 'serving')
  }

  metrics(options: MetricsOptions = {}): Promise<string> {
    return this.#metrics(checkedMetricsOptions(options, 'metrics()'))
  }

  async #metrics(options: ExpositionOptions): Promise<string> {
    return exposition(merged(await Promise.all(this.#slots.map((slot) => slot.families()))), options)
  }

  close(options: CloseOptions = {}): Promise<CloseReport> {
    const given = checkedCloseOptions(options, 'close()')
    const closing = this.#closing === undefined ? this.#firstTimes(given) : given
    const ends = Promise.all(this.#slots.map((slot) => slot.close(closing)))
    if (this.#closing === undefined) {
      this.#notices?.closing()
      // The workers have descriptors of their own.
      this.#sockets.abandon()
      const release = timers.setTimeout(() => this.#bound.release(), closing.readinessDelay ?? 0)
      const beganAt = timers.now()
      this.#closing = ends.then((reports) => {
        timers.clearTimeout(release)
        this.#bound.release()
        this.#notices?.closed()
        this.#removeSignals()
        return reportOf(reports.flat(), timers.now() - beganAt)
      })
    }
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #alive() {
    return this.#slots.flatMap((slot) => slot.workers)
  }

  /** Of the first call of `close`, what it does not say is in the options. */
  #firstTimes(given: CloseOptions): CloseOptions {
    const { readinessDelay, grace, deadline, force } = given
    if (force !== undefined) return given
    const own = this.#options.closing
    const asked = { readinessDelay: readinessDelay ?? own.readinessDelay, grace: grace ?? own.grace, deadline }
    return deadline === undefined && readinessDelay === undefined
      ? { ...asked, deadline: own.deadline }
      : withStandardTimes(asked)
  }

  async #replaceAll(): Promise<void> {
    const { onEvent } = this.#options
    notifySystemd('RELOADING=1')
    try {
      for (const slot of this.#slots) await slot.replace()
      onEvent({ type: 'reload', error: undefined })
    } catch (error) {
      onEvent({ type: 'reload', error: error as Error })
      throw error
    } finally {
      if (this.#closing === undefined) notifySystemd('READY=1')
    }
  }

  #hearSignals(): void {
    let isEnding = false
    const end = (signal: NodeJS.Signals): void => {
      if (isEnding) {
        for (const slot of this.#slots) slot.kill()
        process.exit(128 + constants.signals[signal])
      }
      isEnding = true
      const { readinessDelay, grace, deadline } = this.#options.closing
      const closing = { readinessDelay, grace: signal === 'SIGINT' ? 0 : grace, deadline }
      void this.close(closing).then(() => process.exit())
    }
    const reload = (): void => {
      // The event has its error.
      this.reload().catch(() => {})
    }
    const reopen = () => {
      for (const worker of this.#alive()) worker.reopen()
    }
    process.on('SIGTERM', end).on('SIGINT', end).on('SIGHUP', reload).on('SIGUSR1', reopen)
    this.#removeSignals = () => {
      process.off('SIGTERM', end).off('SIGINT', end).off('SIGHUP', reload).off('SIGUSR1', reopen)
    }
  }
}

function reportOf(reports: readonly CloseReport[], durationMs: number): CloseReport {
  const none = { requests: 0, streams: 0, tunnels: 0 }
  const empty: CloseReport = { answered: none, cut: none, lost: none, durationMs: 0 }
  return { ...(sumOf([empty, ...reports]) as CloseReport), durationMs }
}
