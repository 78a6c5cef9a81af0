import type { ClientError } from '../exchange/client_error.js'
import { type Backend, native } from '../exchange/native.js'
import {
  type AccessLogOptions,
  type CheckedAccessLog,
  checkedAccessLog,
  checkedRequestId,
  type RequestIdOptions,
} from '../logging/options.js'
import type { ForwardedFields } from '../request/forwarding.js'
import type { BrinkRequest } from '../request/request.js'
import type { RequestIdRules } from '../request/request_ids.js'
import { logToConsole, STANDARD_BODY_LIMIT } from '../request/standards.js'
import { TrustedProxies, type TrustProxy } from '../request/trusted_proxies.js'
import { describe } from '../runtime/describe.js'
import { nearest } from '../runtime/did_you_mean.js'
import { coded } from '../runtime/errors.js'
import { runtimeOfThreads } from '../runtime/js_runtime.js'
import { knownOptions, wholeNumber, wrongType, wrongValue } from '../runtime/option_errors.js'
import {
  checkedPlaces,
  checkedProxyProtocol,
  PLACE_OPTIONS,
  type Place,
  type PlaceOptions,
  type ProxyProtocol,
} from './listen_options.js'
import { checkOverload, type NeverShed, type ShedWhen } from './overload.js'
import { SecureContext, type TlsOptions } from './tls_options.js'

/** How a server waits for its sockets. `brink backends` lists those of this system. */
export type BackendName = 'auto' | 'epoll' | 'epoll-level' | 'kqueue' | 'poll' | 'select'

/**
 * The options of `serve()`: where the server listens, what it accepts, and how long it waits. Sizes are in bytes,
 * times in milliseconds. A wrong option throws when `serve()` is called, with a sentence that says what was expected.
 */
export interface ServeOptions extends PlaceOptions {
  /**
   * The system call that reports which sockets are ready. `auto` takes the best one on this system. Default: the
   * environment variable `BRINK_BACKEND`, or `auto`.
   */
  backend?: BackendName | undefined
  /**
   * The number of native threads that accept, read, parse and write; each runs an event loop of its own. Handlers
   * always run on the JavaScript thread. With 0, all of it runs on the JavaScript thread. The backends `poll` and
   * `select` need a thread and have at least 1. Bun and Deno need one as well, and 0 is refused there. Default: the
   * environment variable `BRINK_THREADS`, or 0, and 1 under Bun and Deno. Maximum: 128.
   */
  threads?: number | undefined
  /**
   * The proxies that may say who the client is, and how it has addressed the server. `req.ip` and `req.url` then follow
   * the fields `Forwarded` (RFC 7239) or `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`, from the right, and never
   * further than a proxy that is trusted. `req.peer` stays the address of the connection.
   *
   * `true` trusts every address, and a number so many proxies in front of the server: only for a server that clients
   * cannot reach by themselves. A list trusts the proxies with these addresses: IP addresses, networks such as
   * `10.0.0.0/8`, `loopback`, `linklocal`, `uniquelocal`, and `unix` for peers on a Unix socket; also as a string with
   * commas. Default: false, and the fields are not read.
   */
  trustProxy?: TrustProxy | undefined
  /**
   * The fields that the proxies write: `forwarded` or `x-forwarded`. Name it, because a proxy passes the other ones on
   * as a client has sent them. With `auto`, the fields that are there are read, and when both are, only what both say is
   * believed. Default: `auto`.
   */
  forwardedFields?: ForwardedFields | undefined
  /**
   * The PROXY protocol, versions 1 and 2, by which a proxy announces the client of each connection before its first
   * byte; `req.ip` is then that client. `require`: every connection begins with such a header; others are closed. If
   * `trustProxy` is a list, only those addresses may connect. `accept`: connections from the addresses in the list
   * `trustProxy` may begin with a header; for all others it is an invalid request. A header must be complete after
   * `headersTimeout`. A listener in `listen` may say otherwise. Default: false.
   */
  proxyProtocol?: ProxyProtocol | undefined
  /**
   * TLS: the server speaks `https` by this certificate. It needs the OpenSSL of the process, which Node has. A listener in
   * `listen` may have its own, or `tls: false`. `server.setSecureContext` replaces the certificate. Default: none.
   */
  tls?: TlsOptions | undefined
  /** The maximum size of a request head, in bytes. A larger one gets 431. Default: 16 KiB. Maximum: 65535. */
  maxHeaderSize?: number | undefined
  /** The maximum number of header fields in a request. More get 431. Default: 100. Maximum: 1000. */
  maxHeaders?: number | undefined
  /** The maximum length of a request target, in bytes. A longer one gets 414. Default: 8 KiB. */
  maxTargetSize?: number | undefined
  /**
   * The maximum size of a request body, in bytes. A larger one gets 413. Routes can have a limit of their own.
   * Default: 1 MiB.
   */
  bodyLimit?: number | undefined
  /**
   * The maximum number of unanswered requests on one connection (pipelining). While they wait, no further requests
   * are read from it. Default and maximum: 64.
   */
  maxPipelined?: number | undefined
  /**
   * The number of response bytes that may wait for a slow client. Above it, the server stops reading from that
   * client. Default: 1 MiB.
   */
  maxPendingOutput?: number | undefined
  /**
   * The number of bytes that the unanswered requests of one connection may hold. Above it, no further requests are
   * read from that connection. Requests below 32 KiB are not counted. Default: 8 MiB.
   */
  maxPendingInput?: number | undefined
  /**
   * The number of bytes that a chunked request body may spend on chunk sizes, chunk extensions and trailers, besides
   * 8 for each byte of content. More get 413. Default: 16 KiB.
   */
  maxChunkOverhead?: number | undefined
  /**
   * The maximum number of open connections. Further ones get 503 and are closed. With several threads, each thread
   * takes an equal share. Default: 0, no limit but the system's.
   */
  maxConnections?: number | undefined
  /** The number of requests after which a connection is closed. Default: 0, no limit. */
  maxRequestsPerConnection?: number | undefined
  /**
   * The minimum rate, in bytes per second, at which a request body must arrive and a response must be read. It is
   * checked every 5 seconds, for responses no more often than `writeTimeout`. Slower clients are disconnected.
   * Default: 240; 0 turns the check off.
   */
  minRate?: number | undefined
  /**
   * How long a connection may stay idle, before its first request and after its last response, in milliseconds. The
   * default is longer than the usual 60 s of load balancers, so that they close idle connections first. Default:
   * 72,000.
   */
  keepAliveTimeout?: number | undefined
  /**
   * How long a TLS handshake may take, in milliseconds from the begin of the connection. A slower client is
   * disconnected. Default: 10,000.
   */
  handshakeTimeout?: number | undefined
  /**
   * How long a request head may take to arrive, in milliseconds from its first byte. A slower one gets 408. Default:
   * 10,000.
   */
  headersTimeout?: number | undefined
  /**
   * How long a whole request may take to arrive, in milliseconds from its first byte. A slower one gets 408. Default:
   * 60,000.
   */
  requestTimeout?: number | undefined
  /**
   * How long a client may read nothing of its response, in milliseconds, before it is disconnected. Default: 30,000.
   */
  writeTimeout?: number | undefined
  /**
   * How long the handlers of a half-closed connection may run without progress, in milliseconds: its client has
   * closed its sending side, and reads none of the response. Then the connection is closed. A streamed response that
   * yields nothing has a tenth of it. Default: 5,000.
   */
  halfCloseTimeout?: number | undefined
  /**
   * The maximum number of requests that wait for the app: their handlers have returned promises that are not settled, or
   * have not begun. Further ones get 503 with `Retry-After`, and their connections stay open. A response that has begun
   * is not counted. Default: 0, no limit.
   */
  maxInFlight?: number | undefined
  /**
   * When requests get 503 with `Retry-After` for the sake of the process: its event loop is late by `delay`
   * milliseconds, or it uses more than `heapUsed` or `rss` bytes of memory. Default: never.
   */
  shedWhen?: ShedWhen | undefined
  /**
   * The requests that never get 503 by `maxInFlight` and `shedWhen`: a list of paths, where `/*` at the end stands for all
   * paths below; or a function of the path and the method. What it returns may be kept for the same request target.
   * Handlers of `health()` and `metrics()`, and routes with `shed: false`, need not be named. Default: none.
   */
  neverShed?: NeverShed | undefined
  /** The `Retry-After` of these 503, in seconds. Default: 5. */
  retryAfter?: number | undefined
  /**
   * Whether requests are counted by route, with the times that they take, from the beginning. Otherwise they are counted
   * when `server.metrics()` is called for the first time. Default: false.
   */
  metrics?: boolean | undefined
  /**
   * Writes a line for each request that has ended, also for those that were refused, or left without an answer: see
   * docs/logging.md. `true`: in the format `combined` to stdout. A function as `format` gets an `AccessRecord`. Default:
   * false.
   */
  accessLog?: boolean | AccessLogOptions | undefined
  /**
   * Takes `req.id` from the field `x-request-id` of trusted peers, and with `respond` sends it back. Default: false: every
   * id is made by the server.
   */
  requestId?: boolean | RequestIdOptions | undefined
  /**
   * Called with each error of the app that no `onError` has answered, and with its request. Default: writes the
   * method, the target and the error to `console.error`.
   */
  log?: ((error: unknown, request: BrinkRequest) => void) | undefined
  /**
   * Called with each client that the server refused or disconnected: for logs and for blocking clients. It is called
   * at most 50 times a second per thread; `untold` counts the clients that were left out. Default: none.
   */
  onClientError?: ((error: ClientError) => void) | undefined
}

type OwnOptions = Omit<ServeOptions, keyof PlaceOptions>

type NumberOption = {
  [Name in keyof OwnOptions]-?: NonNullable<OwnOptions[Name]> extends number ? Name : never
}[keyof OwnOptions]

const DAY_MS = 86_400_000
const GIB = 2 ** 30

const IN_TLS = 'it belongs into "tls": tls: { key, cert }'

/** What to write instead of the options of other servers. */
const ADVICE: Readonly<Record<string, string>> = {
  hostname: 'it is "host"',
  unix: 'it is "path"',
  socket: 'it is "path"',
  cert: IN_TLS,
  key: IN_TLS,
  https: 'it is "tls"',
  maxRequestBodySize: 'it is "bodyLimit"',
  maxBodySize: 'it is "bodyLimit"',
  idleTimeout: 'it is "keepAliveTimeout", in milliseconds',
  timeout: 'those are "requestTimeout", "headersTimeout", "writeTimeout" and "keepAliveTimeout"',
  workers: 'threads are "threads", processes workers() of brink/workers',
  maxEventLoopDelay: 'it is "shedWhen", with { delay }',
  logger: 'it is "accessLog", with the logger as "to", and "log" for errors, a function',
  requestIdHeader: 'it is "requestId", { header }',
}

/** Default, minimum and maximum of each numeric option. */
const NUMBERS: Readonly<Record<NumberOption, readonly [number, number, number]>> = {
  threads: [0, 0, 128],
  maxHeaderSize: [16 * 1024, 64, 65535],
  maxHeaders: [100, 1, 1000],
  maxTargetSize: [8 * 1024, 1, 65535],
  bodyLimit: [STANDARD_BODY_LIMIT, 0, 4 * GIB],
  maxPipelined: [64, 1, 64],
  maxPendingOutput: [1024 * 1024, 1, 4 * GIB],
  maxPendingInput: [8 * 1024 * 1024, 1, 4 * GIB],
  maxChunkOverhead: [16 * 1024, 0, GIB],
  maxConnections: [0, 0, 10_000_000],
  maxRequestsPerConnection: [0, 0, GIB],
  minRate: [240, 0, GIB],
  keepAliveTimeout: [72_000, 1, DAY_MS],
  handshakeTimeout: [10_000, 1, DAY_MS],
  headersTimeout: [10_000, 1, DAY_MS],
  requestTimeout: [60_000, 1, DAY_MS],
  writeTimeout: [30_000, 1, DAY_MS],
  halfCloseTimeout: [5_000, 1, DAY_MS],
  maxInFlight: [0, 0, GIB],
  retryAfter: [5, 0, 86_400],
}

const NUMBER_OPTIONS = Object.keys(NUMBERS) as NumberOption[]

/** The names of all options. */
export const SERVE_OPTIONS: readonly (keyof ServeOptions)[] = [
  ...PLACE_OPTIONS,
  ...NUMBER_OPTIONS,
  'backend',
  'trustProxy',
  'forwardedFields',
  'proxyProtocol',
  'tls',
  'shedWhen',
  'neverShed',
  'metrics',
  'accessLog',
  'requestId',
  'log',
  'onClientError',
]

type Optional = 'onClientError' | 'shedWhen' | 'neverShed'

export type CheckedOptions = {
  [Name in Exclude<keyof OwnOptions, Optional | UncheckedOption>]-?: NonNullable<OwnOptions[Name]>
} & Pick<ServeOptions, Optional> & {
    places: readonly Place[]
    backend: string
    trustProxy: TrustedProxies | false
    tls: SecureContext | undefined
    accessLog: CheckedAccessLog | undefined
    requestId: RequestIdRules | undefined
  }

type UncheckedOption = 'onClientError' | 'backend' | 'trustProxy' | 'tls' | 'accessLog' | 'requestId'

/**
 * Validates the options and fills in the defaults.
 * @param alsoKnown the names of options that were taken already
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`, TypeError `ERR_INVALID_ARG_VALUE`; the
 * message names the option and what was expected
 */
export function checkedOptions(given: ServeOptions, alsoKnown: readonly string[] = []): CheckedOptions {
  knownOptions<object>(given, [...SERVE_OPTIONS, ...alsoKnown] as never[], 'serve()', ADVICE)
  const numbers = {} as Record<NumberOption, number>
  for (const name of NUMBER_OPTIONS) numbers[name] = numberOption(name, given[name])
  const { log = logToConsole, onClientError, metrics = false, shedWhen, neverShed } = given
  if (typeof log !== 'function') throw wrongType('log', 'a function', log)
  if (onClientError !== undefined && typeof onClientError !== 'function') {
    throw wrongType('onClientError', 'a function', onClientError)
  }
  if (typeof metrics !== 'boolean') throw wrongType('metrics', 'a boolean', metrics)
  checkOverload({ shedWhen, neverShed })
  const { BRINK_THREADS } = process.env
  const wanted = given.threads ?? (BRINK_THREADS ? inheritedThreads(BRINK_THREADS) : undefined)
  const backend = chosenBackend(given.backend)
  numbers.threads = threadsFor(backend, wanted, runtimeOfThreads())
  const optional = { ...(onClientError === undefined ? {} : { onClientError }), shedWhen, neverShed }
  const proxies = checkedProxies(given)
  const places = checkedPlaces(given)
  for (const [index, place] of places.entries()) {
    checkAccepts(`listen[${index}].proxyProtocol`, place.proxyProtocol, proxies.trustProxy)
  }
  const accessLog = checkedAccessLog(given.accessLog)
  const requestId = checkedRequestId(given.requestId)
  const tls = given.tls === undefined ? undefined : new SecureContext('tls', given.tls)
  return { ...numbers, ...proxies, places, log, accessLog, requestId, metrics, tls, backend: backend.name, ...optional }
}

function checkedProxies(given: ServeOptions): Pick<CheckedOptions, 'trustProxy' | 'forwardedFields' | 'proxyProtocol'> {
  const { forwardedFields = 'auto' } = given
  const trustProxy = TrustedProxies.of(given.trustProxy) ?? false
  if (!['auto', 'forwarded', 'x-forwarded'].includes(forwardedFields)) {
    throw wrongValue('forwardedFields', `must be auto, forwarded or x-forwarded, not ${describe(forwardedFields)}`)
  }
  const proxyProtocol = checkedProxyProtocol('proxyProtocol', given.proxyProtocol) ?? false
  checkAccepts('proxyProtocol', proxyProtocol, trustProxy)
  return { trustProxy, forwardedFields, proxyProtocol }
}

/** @throws TypeError `ERR_INVALID_ARG_VALUE` when a listener would accept headers of everybody */
function checkAccepts(name: string, value: ProxyProtocol | undefined, trustProxy: TrustedProxies | false): void {
  if (value !== 'accept' || (trustProxy !== false && trustProxy.isList)) return
  const cure = "name the proxies' addresses as trustProxy, such as ['10.0.0.0/8']"
  throw wrongValue(name, `must not be 'accept' for everybody, because any client could send a header: ${cure}`)
}

/**
 * Where a server listens: at its own places, or on the sockets that were handed to it. Each has its own value of
 * `proxyProtocol` and `tls`, or that of the server.
 * @throws TypeError `ERR_INVALID_ARG_VALUE` when a socket would accept headers of everybody
 */
export function placesOf(options: CheckedOptions, handed: readonly Place[] | undefined): readonly Place[] {
  for (const { proxyProtocol } of handed ?? []) checkAccepts('proxyProtocol', proxyProtocol, options.trustProxy)
  return (handed ?? options.places).map((place) => ({
    ...place,
    proxyProtocol: place.proxyProtocol ?? options.proxyProtocol,
    tls: place.tls ?? options.tls,
  }))
}

/** The environment has strings alone. */
function inheritedThreads(text: string): number {
  const [, least, most] = NUMBERS.threads
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw coded(
    new RangeError(
      `The environment variable BRINK_THREADS must be a whole number from ${least} to ${most}, not ${describe(text)}.`,
    ),
    'ERR_OUT_OF_RANGE',
  )
}

function numberOption(name: NumberOption, value: number | undefined): number {
  const [standard, least, most] = NUMBERS[name]
  return wholeNumber(name, value, standard, least, most)
}

/**
 * How many threads there will be. 0 is raised to 1 for a backend that needs one; where it is the runtime that needs it,
 * whoever asks for 0 is told.
 */
export function threadsFor(
  backend: Backend,
  wanted: number | undefined,
  runtime: ReturnType<typeof runtimeOfThreads>,
): number {
  const threads = numberOption('threads', wanted)
  if (threads === 0 && wanted !== undefined && runtime !== undefined) {
    throw wrongValue('threads', `must be at least 1 under ${runtime}, whose event loop cannot run that of brink`)
  }
  return backend.needsThread ? Math.max(1, threads) : threads
}

function chosenBackend(given: string | undefined): Backend {
  const inherited = process.env.BRINK_BACKEND || undefined
  const name = given ?? inherited ?? 'auto'
  if (typeof name !== 'string') throw wrongType('backend', 'a string', name)
  const [best] = native.backends
  const chosen = name === 'auto' ? best : native.backends.find((backend) => backend.name === name)
  if (chosen !== undefined) return chosen
  const names = native.backends.map((backend) => backend.name)
  const meant = nearest(name, ['auto', ...names])
  const hint = meant === undefined ? '' : `: did you mean '${meant}'?`
  const what = given === undefined ? 'The environment variable BRINK_BACKEND' : 'The option "backend"'
  const sentence = `${what} must be one of auto, ${names.join(', ')} on this system, not ${describe(name)}${hint || '.'}`
  throw coded(new TypeError(sentence), 'ERR_INVALID_ARG_VALUE')
}
