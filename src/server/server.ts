import { Exchange } from '../exchange/exchange.js'
import { NOTICE_POLLER_FULL } from '../exchange/layout.js'
import { type NativeFixedAnswer, type NativeReactor, native } from '../exchange/native.js'
import type { FetchApp } from '../fetch/application.js'
import type { WaitUntil } from '../fetch/wait_until.js'
import { canonicalPath } from '../fields/path.js'
import { AccessLog } from '../logging/access_log.js'
import { loggedFields } from '../logging/access_record.js'
import type { CheckedAccessLog } from '../logging/options.js'
import { acceptQueueFamilies } from '../metrics/accept_queue.js'
import { exposition } from '../metrics/exposition.js'
import type { Family } from '../metrics/family.js'
import { checkedMetricsOptions, type MetricsOptions } from '../metrics/options.js'
import { processFamilies } from '../metrics/process_metrics.js'
import type { Fixed } from '../reply/fixed.js'
import type { Reply, ReplyBody } from '../reply/reply.js'
import { type CloseOptions, type CloseReport, Closing } from '../request/closing.js'
import { ForwardingProxies } from '../request/forwarding.js'
import { type RequestIdRules, RequestIds } from '../request/request_ids.js'
import type { Dispatcher } from '../routing/dispatcher.js'
import type { Handler } from '../routing/handler.js'
import type { Router } from '../routing/router.js'
import { callListener } from '../runtime/call_listener.js'
import { describe } from '../runtime/describe.js'
import { coded, systemError } from '../runtime/errors.js'
import { loopDelay } from '../runtime/loop_delay.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { Answering } from './answering.js'
import { applicationOf, type FetchServeOptions } from './applications.js'
import { CloseSchedule, checkedCloseOptions } from './close_schedule.js'
import {
  type Bound,
  type Listeners,
  type Listening,
  listenOn,
  type OpenedSocket,
  secureContextOf,
} from './listening.js'
import { announceServer, type Notices } from './notify.js'
import { type CheckedOptions, checkedOptions, placesOf, type ServeOptions } from './options.js'
import { Overload } from './overload.js'
import { routeFamilies } from './route_metrics.js'
import { serverFamilies } from './server_metrics.js'
import { drainedOf, type ServerStats, statsOf } from './stats.js'
import type { SecureContext, TlsOptions } from './tls_options.js'
import { handedPlaces, workerContext } from './worker_context.js'

/**
 * Serves an app: a router, one handler for all requests, or a fetch app, such as a Hono, which is any object with a
 * method `fetch(request, info)`. A plain object may also contain the options: `serve({ fetch, port: 8080 })`.
 *
 * The first fetch app replaces `Request`, `Response` and `fetch` in `globalThis` by versions that extend them, unless
 * `overrideGlobals` is false.
 *
 * @throws the errors of Node's servers: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENOTFOUND` and others, with `errno` and
 *   `syscall`; `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for invalid options;
 *   `ERR_ADDON_MISSING` when brink's addon cannot be loaded
 */
export function serve(app: Router | Handler, options?: ServeOptions): Promise<Server>
export function serve(app: FetchApp & FetchServeOptions): Promise<Server>
export function serve(app: FetchObject, options?: FetchServeOptions): Promise<Server>
export async function serve(app: unknown, given: FetchServeOptions = {}): Promise<Server> {
  let open: OpenServer | undefined
  const { dispatcher, options, takenOptions, waitUntil } = applicationOf(app, given, () => open as OpenServer)
  const checked = checkedOptions(options, takenOptions)
  const worker = workerContext()
  const handed = handedPlaces(worker, checked.places)
  const places = placesOf(checked, handed?.places)
  const { server, bound } = await listenOn(places, () => new OpenServer(dispatcher, checked, waitUntil)).catch(
    (error) => {
      handed?.giveBack()
      throw error
    },
  )
  open = server
  server.started(bound, true)
  worker?.serves(server, handed !== undefined)
  return server
}

/** Serves beside the app, for its operators: systemd is told nothing of it, and a worker's sockets are not taken. */
export async function serveBeside(app: Router, options: ServeOptions): Promise<Server> {
  const { dispatcher } = applicationOf(app, options, () => undefined as never)
  const { server, bound } = await opened(dispatcher, options)
  return server.started(bound, false).unref()
}

/** Serves what no app can be: a dispatcher. The load target makes one that breaks HTTP on purpose. */
export async function serveDispatcher(dispatcher: Dispatcher, options: ServeOptions): Promise<Server> {
  const { server, bound } = await opened(dispatcher, options)
  return server.started(bound, true)
}

/** The native side of a server of `serveDispatcher`. */
export interface ServerParts {
  readonly reactors: readonly NativeReactor[]
  readonly sockets: readonly OpenedSocket[]
}

export function partsOfServer(server: Server): ServerParts {
  return server as OpenServer
}

function opened(dispatcher: Dispatcher, options: ServeOptions): Promise<{ server: OpenServer; bound: Bound }> {
  const checked = checkedOptions(options)
  return listenOn(placesOf(checked, undefined), () => new OpenServer(dispatcher, checked, undefined))
}

isNoHandler(serve, 'call it with the router, await serve(router)')

/** A fetch app whose `fetch` takes other arguments than brink passes. */
export interface FetchObject {
  fetch(request: Request, ...context: never[]): unknown
}

/** A listening server. `serve` creates it. */
export interface Server {
  /**
   * The URL of the first listener for clients on this machine, such as `http://127.0.0.1:8080`; for a Unix domain socket
   * `http+unix://` and its path, percent-encoded.
   */
  readonly url: string
  /**
   * The port of the first listener. For port 0, it is the port that the system has chosen. A Unix domain socket has the
   * port 0.
   */
  readonly port: number
  /** All places where it listens, in the order of the options. */
  readonly listeners: readonly Listening[]
  /** The name of the backend, such as `epoll`. */
  readonly backend: string
  /** The number of threads of the loops; 0 when the loop runs on the JavaScript thread. */
  readonly threads: number
  /** False from the moment that `close` is called. A `/ready` route answers with it, so that balancers stop sending. */
  readonly ready: boolean
  /**
   * Aborts when `close` is called, or after its `readinessDelay`, with a reason of code `ERR_SERVER_CLOSING`. Use it to
   * end endless streams and upgraded connections, because `close` waits for them.
   */
  readonly signal: AbortSignal
  /** The counters since the start, summed over all threads. */
  stats(): ServerStats
  /**
   * The metrics of the server and its process, as text for Prometheus and others: OpenMetrics 1.0, or Prometheus' own
   * format. The first call begins to count requests by route, unless the option `metrics` has. In a worker they are those
   * of this worker. See `metrics()` for a handler.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for wrong options
   */
  metrics(options?: MetricsOptions): Promise<string>
  /**
   * Replaces the fixed answer that `Router.fixed` has set for this path.
   * @throws TypeError `ERR_INVALID_ARG_VALUE` when the path has none, or the answer cannot be a fixed one
   */
  setFixed(path: string, answer: Reply | ReplyBody): void
  /**
   * Replaces the certificates and rules of TLS for new connections: those of the option `tls`, or those of a listener that
   * has its own. Open connections keep what they have begun with. The keys of session tickets stay, unless `ticketKeys`
   * are given.
   * @param listener one of `listeners`, which has a `tls` of its own. Default: the listeners that have that of the server
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE`, Error
   *   `ERR_TLS_CONTEXT` when OpenSSL refuses something. Then nothing has changed.
   */
  setSecureContext(tls: TlsOptions, listener?: Listening): void
  /**
   * Stops listening, closes idle connections, answers the open requests, and closes each connection after its last
   * response, which says `Connection: close`. Resolves when the last connection has closed, with a report. The `signal`
   * aborts first. With options, it gives load balancers and clients time to notice, and has a deadline: see
   * CloseOptions. It can be called again, with earlier times.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE` for wrong options
   */
  close(options?: CloseOptions): Promise<CloseReport>
  /** Makes the server keep the process alive, which is the default. Returns the server. */
  ref(): this
  /** Lets the process end while the server is open. Returns the server. */
  unref(): this
  /** Closes the server at the end of a block: `await using server = await serve(app)`. */
  [Symbol.asyncDispose](): Promise<void>
}

class OpenServer implements Server, Listeners, ServerParts {
  readonly backend: string
  readonly threads: number
  readonly reactors: NativeReactor[] = []
  readonly #fixed: Dispatcher['fixed']
  #bound: Bound = { listeners: [], sockets: [], release: () => {} }
  #notices: Notices | undefined
  readonly #closingState = new Closing()
  #deaf = 0
  #resolveDeaf: () => void = () => {}
  /** Resolves when nobody is accepted any more: threads hear of `close` a little later. */
  readonly listeningEnded = new Promise<void>((resolve) => {
    this.#resolveDeaf = resolve
  })
  #idle = 0
  #closed = 0
  #closing: Promise<CloseReport> | undefined
  #resolveClosing: (report: CloseReport) => void = () => {}
  readonly #schedule = new CloseSchedule({
    drain: (grace) => this.#drain(grace),
    cut: (isDeadline) => this.#cut(isDeadline),
  })
  #isOverdue = false
  #hasEnded = false
  #warned = false
  readonly #hasNativeAnswers: boolean

  readonly #waitUntil: WaitUntil | undefined
  readonly #tls: SecureContext | undefined
  readonly #overload: Overload | undefined
  readonly #countsAtOnce: boolean
  /** Of the routes, by their numbers. */
  readonly #patterns: readonly string[]
  /** Set while the metrics are counted. */
  #endWatch: (() => void) | undefined
  readonly #proxies: ForwardingProxies | undefined
  readonly #accessLog: AccessLog | undefined

  constructor(dispatcher: Dispatcher, options: CheckedOptions, waitUntil: WaitUntil | undefined) {
    this.#waitUntil = waitUntil
    this.#tls = options.tls
    this.#overload = Overload.of(options)
    this.#countsAtOnce = options.metrics
    this.#patterns = ['', ...dispatcher.routes.map(({ pattern }) => pattern)]
    this.backend = options.backend
    this.threads = options.threads
    const { requestId, trustProxy, forwardedFields } = options
    // They would not have the field.
    this.#hasNativeAnswers = requestId?.respond !== true
    this.#fixed = dispatcher.fixed
    this.#proxies = trustProxy ? new ForwardingProxies(trustProxy, forwardedFields) : undefined
    this.#accessLog = options.accessLog && accessLogOf(options.accessLog, dispatcher, this.#proxies, requestId)
    try {
      while (this.reactors.length < Math.max(1, options.threads)) this.reactors.push(this.#reactor(dispatcher, options))
    } catch (error) {
      this.#accessLog?.abandon()
      // The opened reactors would keep their descriptors and threads, and would keep the process alive.
      this.#close()
      this.#overload?.end()
      throw openingError(error, options)
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

  get sockets(): readonly OpenedSocket[] {
    return this.#bound.sockets
  }

  get signal(): AbortSignal {
    return this.#closingState.signal
  }

  get ready(): boolean {
    return this.#closing === undefined
  }

  started(bound: Bound, isAnnounced: boolean): this {
    this.#bound = bound
    for (const reactor of this.reactors) reactor.start()
    this.#accessLog?.start()
    if (this.#countsAtOnce) this.#count()
    if (isAnnounced) this.#notices = announceServer()
    return this
  }

  /** Resolves when the reactors have closed. */
  abandon(): Promise<CloseReport> {
    this.#closing ??= this.#allClosed()
    this.#close()
    return this.#closing
  }

  stats(): ServerStats {
    return statsOf(
      this.reactors.map((reactor) => reactor.stats()),
      this.#overload?.total,
    )
  }

  async metrics(options: MetricsOptions = {}): Promise<string> {
    const checked = checkedMetricsOptions(options, 'metrics()')
    return exposition([...(await this.families()), ...processFamilies()], checked)
  }

  async families(): Promise<Family[]> {
    this.#count()
    const { backend, threads, ready, listeners } = this
    const loops = this.reactors.map((reactor) => reactor.stats())
    const measured = serverFamilies({ backend, threads, ready, loops, overload: this.#overload })
    const counted = this.#endWatch === undefined ? [] : this.reactors.map((reactor) => reactor.metrics())
    const ports = listeners.map(({ port }) => port).filter((port) => port > 0)
    return [...routeFamilies(counted, this.#patterns), ...measured, ...(await acceptQueueFamilies(ports))]
  }

  #count(): void {
    if (this.#hasEnded) return
    this.#endWatch ??= loopDelay.watch()
  }

  setFixed(path: string, answer: Reply | ReplyBody): void {
    const canonical = (typeof path === 'string' && canonicalPath(path)) || path
    const fixed = this.#fixed.get(canonical)
    if (fixed === undefined) {
      const paths = [...this.#fixed.keys()]
      const hint = paths.length === 0 ? 'the router has none' : `there are ${paths.join(', ')}`
      throw coded(new TypeError(`There is no fixed answer for ${describe(path)}: ${hint}.`), 'ERR_INVALID_ARG_VALUE')
    }
    fixed.answer.replace(answer)
    if (!fixed.isAlone || !this.#hasNativeAnswers) return
    for (const reactor of this.reactors) reactor.setFixed(canonical, nativeOf(fixed.answer, fixed.number))
  }

  setSecureContext(tls: TlsOptions, listener?: Listening): void {
    const context = listener === undefined ? this.#tls : secureContextOf(listener)
    if (listener !== undefined && !this.listeners.includes(listener)) {
      throw coded(new TypeError('setSecureContext() takes one of server.listeners.'), 'ERR_INVALID_ARG_VALUE')
    }
    if (context === undefined) {
      const where = listener === undefined ? 'The option "tls" of serve()' : `The option "tls" of ${listener.url}`
      throw coded(new TypeError(`${where} is not given, so there is nothing to replace.`), 'ERR_INVALID_ARG_VALUE')
    }
    const { from, to } = context.replace('tls', tls)
    for (const reactor of this.reactors) reactor.changeContexts(from, to)
  }

  close(options: CloseOptions = {}): Promise<CloseReport> {
    const checked = checkedCloseOptions(options, 'close()')
    const isFirst = this.#closing === undefined
    this.#closing ??= this.#allClosed()
    if (isFirst) this.#notices?.closing()
    this.#schedule.add(checked)
    return this.#closing
  }

  ref(): this {
    for (const reactor of this.reactors) reactor.ref()
    return this
  }

  unref(): this {
    for (const reactor of this.reactors) reactor.unref()
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #allClosed(): Promise<CloseReport> {
    return new Promise((resolve) => {
      this.#resolveClosing = resolve
    })
  }

  #drain(grace: number): void {
    // The sockets are still open, so that their files are known by their inodes.
    this.#bound.release()
    for (const reactor of this.reactors) reactor.drain(grace)
    if (this.#closingState.reason === undefined) this.#closingState.begin()
  }

  #cut(isDeadline: boolean): void {
    this.#isOverdue ||= isDeadline
    if (this.#closed < this.reactors.length) this.#close()
    else this.#endClosing()
  }

  #close(): void {
    for (const reactor of this.reactors) reactor.close()
  }

  /** The origin of requests without a `Host` field. A Unix domain socket has none. */
  #origin(): string {
    return this.listeners.find(({ port }) => port > 0)?.url ?? 'http://localhost'
  }

  #reactor(dispatcher: Dispatcher, options: CheckedOptions): NativeReactor {
    const log = this.#accessLog
    const {
      log: report,
      onClientError = () => {},
      places,
      threads,
      trustProxy,
      forwardedFields,
      proxyProtocol,
      tls,
      maxInFlight,
      shedWhen,
      neverShed,
      retryAfter,
      metrics,
      accessLog,
      requestId,
      ...settings
    } = options
    const threaded = threads > 0
    let closed = false
    const exchange = new Exchange(threaded, {
      flush: (atLeisure) => {
        return closed || reactor.flush(atLeisure)
      },
      lend: (body, copied) => (closed ? 0 : reactor.lend(body, copied)),
      losers: () => (closed ? [] : reactor.losers()),
    })
    const ids = new RequestIds(requestId)
    const answering = new Answering(exchange, dispatcher, {
      origin: () => this.#origin(),
      bodyLimit: options.bodyLimit,
      ids,
      proxies: this.#proxies,
      closing: this.#closingState,
      server: this,
      overload: this.#overload,
      log: report,
      onNotice: (code) => this.#onNotice(code),
      onClientError: (error) => callListener(() => onClientError(error), console.error),
    })
    const reactor: NativeReactor = new native.Reactor(
      {
        ...settings,
        ...this.#accessLog?.settings,
        // Those whose headers of the PROXY protocol are believed: without a list, whoever must send one.
        ...(trustProxy !== false && trustProxy.isList ? trustProxy.forNative() : { trustsAnyPeer: true }),
        // A body above the largest limit is refused at once. A smaller limit is applied when the route is known.
        bodyLimit: Math.min(Math.max(options.bodyLimit, dispatcher.largestBody), Number.MAX_SAFE_INTEGER),
        // Loops share nothing, so each gets a part of the limit.
        maxConnections: Math.ceil(options.maxConnections / Math.max(1, threads)),
        threaded,
        tellsClientErrors: options.onClientError !== undefined,
        takesUpgrades: dispatcher.takesUpgrades,
        routes: dispatcher.routes.length,
        measures: metrics,
        measuresRuns: dispatcher.measuresRuns === true,
        webTargets: dispatcher.takesWebTargets === true,
      },
      exchange.requestBlocks,
      exchange.replyBlocks,
      exchange.state,
      log === undefined
        ? (place, events) => answering.run(place, events)
        : (place, events) => {
            answering.run(place, events)
            log.batchHandled(events)
          },
      () => answering.resume(),
      (place) => exchange.lenderOf(place),
      (connections) => (connections ? this.#onIdle() : this.#onDeaf()),
      () => {
        closed = true
        answering.end()
        this.#onClosed()
      },
    )
    log?.add({ reactor, ids })
    if (!this.#hasNativeAnswers) return reactor
    for (const [path, { answer, isAlone, number }] of dispatcher.fixed)
      if (isAlone) reactor.setFixed(path, nativeOf(answer, number))
    return reactor
  }

  #onNotice(code: number): void {
    if (code !== NOTICE_POLLER_FULL || this.#warned) return
    this.#warned = true
    process.emitWarning(
      `The ${this.backend} backend has as many connections as it can watch: more are answered with 503 until some end.`,
      { type: 'BrinkWarning', code: 'BRINK_POLLER_FULL' },
    )
  }

  #onDeaf(): void {
    this.#deaf += 1
    if (this.#deaf === this.reactors.length) this.#resolveDeaf()
  }

  /** Drained reactors stay open until all have drained, because late replies may need them. */
  #onIdle(): void {
    this.#idle += 1
    if (this.#idle === this.reactors.length) this.#close()
  }

  #onClosed(): void {
    this.#closed += 1
    if (this.#closed < this.reactors.length) return
    if (this.#waitUntil === undefined || this.#isOverdue) this.#endClosing()
    else void this.#waitUntil.settled().then(() => this.#endClosing())
  }

  /** At the deadline, and when what the app waits for has settled later: the first of them counts. */
  #endClosing(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    // Where it was cut without a drain.
    this.#resolveDeaf()
    this.#notices?.closed()
    this.#endWatch?.()
    this.#overload?.end()
    const durationMs = this.#schedule.end()
    const drained = drainedOf(this.reactors.map((reactor) => reactor.stats().drained))
    const end = () => this.#resolveClosing({ ...drained, durationMs })
    if (this.#accessLog === undefined) end()
    else void this.#accessLog.end().then(end)
  }
}

function accessLogOf(
  options: CheckedAccessLog,
  { routes }: Dispatcher,
  proxies: ForwardingProxies | undefined,
  requestId: RequestIdRules | undefined,
): AccessLog {
  const patterns = ['', ...routes.map(({ pattern }) => pattern)]
  return new AccessLog(options, { proxies, patterns }, loggedFields(requestId?.header, proxies !== undefined))
}

function nativeOf(answer: Fixed, route: number): NativeFixedAnswer {
  return { ...answer.native, route }
}

/** An error of opening a reactor, such as `EMFILE`, with the `code` and `errno` of system errors. */
function openingError(cause: unknown, { backend }: CheckedOptions): unknown {
  const { errno } = cause as NodeJS.ErrnoException
  if (errno === undefined) return cause
  const [code, meaning] = systemError(errno)
  return Object.assign(new Error(`${code}: ${meaning}, opening the ${backend} backend`, { cause }), { code, errno })
}
