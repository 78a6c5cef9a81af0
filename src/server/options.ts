import type { ClientError } from '../exchange/client_error.js'
import { type Backend, native } from '../exchange/native.js'
import type { BrinkRequest } from '../request/request.js'
import { logToConsole, STANDARD_BODY_LIMIT } from '../request/standards.js'
import { knownOptions, wholeNumber, wrongType, wrongValue } from '../runtime/option_errors.js'

/** How a server listens, what it accepts, and how long it waits. Sizes are bytes, times milliseconds. */
export interface ServeOptions {
  /** 0 to 65535, also as a string of digits, such as `process.env.PORT`; 0 takes any free one. Default: 8080. */
  port?: number | string | undefined
  /**
   * An address or a name to listen at. Default: `localhost`, so that only this machine is let in. `0.0.0.0` opens the
   * server to every IPv4 network, `::` to every network. An IPv6 address may stand in brackets.
   */
  host?: string | undefined
  /** How readiness is learned: `auto` takes the best there is. Default: `BRINK_BACKEND` from the environment, or `auto`. */
  backend?: 'auto' | 'epoll' | 'epoll-level' | 'poll' | 'select' | (string & {}) | undefined
  /**
   * Threads that accept, read, parse and write, each with a loop of its own; handlers stay on the JavaScript thread.
   * Default: `BRINK_THREADS` from the environment, or 0: the loop runs on the JavaScript thread. Backends that need a
   * thread (`poll`, `select`) have at least 1.
   */
  threads?: number | undefined
  /**
   * Lets several servers, or processes, share the port (`SO_REUSEPORT`): the kernel spreads the connections. Default:
   * false: nobody else can have the port, however many threads the server has.
   */
  reusePort?: boolean | undefined
  /** Connections that may wait to be accepted. Default: 1024; the system may allow less. */
  backlog?: number | undefined
  /** The largest request head, above which the answer is 431. Default: 16 KiB, at the most 65535. */
  maxHeaderSize?: number | undefined
  /** The most header fields of a request, above which the answer is 431. Default: 100, at the most 1000. */
  maxHeaders?: number | undefined
  /** The longest request target, above which the answer is 414. Default: 8 KiB. */
  maxTargetSize?: number | undefined
  /** The largest request body, above which the answer is 413. Default: 1 MiB. */
  bodyLimit?: number | undefined
  /** The most requests of one connection that wait for their answers; more are not read. Default: 64, the most there is. */
  maxPipelined?: number | undefined
  /** Output that a client has not taken, above which nothing more is read from it. Default: 1 MiB. */
  maxPendingOutput?: number | undefined
  /**
   * Bytes of the requests of one connection that wait for their answers, above which no more requests are read from it.
   * Requests below 32 KiB are not counted. Default: 8 MiB.
   */
  maxPendingInput?: number | undefined
  /**
   * Bytes of chunk sizes, extensions and trailers of one body, above which the answer is 413; 8 more are allowed for
   * each byte of the body. Default: 16 KiB.
   */
  maxChunkOverhead?: number | undefined
  /**
   * Open connections, above which more are answered with 503; with threads, each takes its part of them. Default: 0, as
   * many as the system allows.
   */
  maxConnections?: number | undefined
  /** Requests of one connection, after which it is closed. Default: 0, any number. */
  maxRequestsPerConnection?: number | undefined
  /**
   * Bytes a second that a body must arrive, and an answer be taken with; looked at every 5 seconds, for answers no more
   * often than `writeTimeout`. Slower clients are cut off. Default: 240; 0 for any rate.
   */
  minRate?: number | undefined
  /** How long a connection may idle between requests. Default: 72,000, more than the usual 60 s of load balancers. */
  keepAliveTimeout?: number | undefined
  /** How long the head of a request may take to arrive, from its first byte; then the answer is 408. Default: 10,000. */
  headersTimeout?: number | undefined
  /** How long a whole request may take to arrive, from its first byte; then the answer is 408. Default: 60,000. */
  requestTimeout?: number | undefined
  /** How long a client may take none of its answer, before it is cut off. Default: 30,000. */
  writeTimeout?: number | undefined
  /**
   * How long the handlers of a client may go on that has closed its side and takes none of its answers, before its
   * connection is closed; a streamed answer that gives nothing has a tenth of it. Default: 5,000.
   */
  halfCloseTimeout?: number | undefined
  /**
   * Told of errors that are the app's: what a handler threw and no `onError` answered. Default: writes them to
   * `console.error`, behind the method and the target.
   */
  log?: ((error: unknown, request: BrinkRequest) => void) | undefined
  /**
   * Told of clients that were refused or cut off, before the app saw their request: for logs, and for banning. At the
   * most 50 a second of each thread are told; `untold` says how many were passed over. Default: nobody is told.
   */
  onClientError?: ((error: ClientError) => void) | undefined
}

type NumberOption =
  | 'port'
  | {
      [Name in keyof ServeOptions]-?: NonNullable<ServeOptions[Name]> extends number ? Name : never
    }[keyof ServeOptions]

const DAY_MS = 86_400_000
const GIB = 2 ** 30

/** Default, least and most of every option that is a number. */
const NUMBERS: Readonly<Record<NumberOption, readonly [number, number, number]>> = {
  port: [8080, 0, 65535],
  threads: [0, 0, 128],
  backlog: [1024, 1, 65535],
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
  headersTimeout: [10_000, 1, DAY_MS],
  requestTimeout: [60_000, 1, DAY_MS],
  writeTimeout: [30_000, 1, DAY_MS],
  halfCloseTimeout: [5_000, 1, DAY_MS],
}

export type CheckedOptions = {
  [Name in Exclude<keyof ServeOptions, 'onClientError' | 'port'>]-?: NonNullable<ServeOptions[Name]>
} & Pick<ServeOptions, 'onClientError'> & { port: number }

/**
 * The options with their defaults.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`, TypeError `ERR_INVALID_ARG_VALUE`: all say
 *   which option, and what was expected
 */
export function checkedOptions(given: ServeOptions): CheckedOptions {
  const numberNames = Object.keys(NUMBERS) as NumberOption[]
  knownOptions(given, [...numberNames, 'host', 'backend', 'reusePort', 'log', 'onClientError'])
  const numbers = {} as Record<NumberOption, number>
  for (const name of numberNames) {
    const value = given[name]
    numbers[name] = numberOption(name, name === 'port' ? portNumber(value) : (value as number | undefined))
  }
  const { host = 'localhost', reusePort = false, log = logToConsole, onClientError } = given
  if (typeof host !== 'string') throw wrongType('host', 'a string', host)
  const address = withoutBrackets(host)
  if (typeof reusePort !== 'boolean') throw wrongType('reusePort', 'a boolean', reusePort)
  if (typeof log !== 'function') throw wrongType('log', 'a function', log)
  if (onClientError !== undefined && typeof onClientError !== 'function') {
    throw wrongType('onClientError', 'a function', onClientError)
  }
  if (given.threads === undefined && process.env.BRINK_THREADS) {
    numbers.threads = numberOption('threads', Number(process.env.BRINK_THREADS))
  }
  const backend = chosenBackend(given.backend)
  if (backend.needsThread && numbers.threads === 0) numbers.threads = 1
  const optional = onClientError === undefined ? {} : { onClientError }
  return { ...numbers, host: address, reusePort, log, backend: backend.name, ...optional }
}

/** The environment has no numbers. What is no string of digits is wrong as it is, the empty one too. */
function portNumber(value: number | string | undefined): number | undefined {
  if (typeof value !== 'string') return value
  if (/^\d+$/.test(value)) return Number(value)
  throw wrongValue('port', `must be a number, or a string of digits, not ${JSON.stringify(value)}`)
}

/** As in a URL, an IPv6 address may stand in brackets. A scheme, a path or a port is not part of a host. */
function withoutBrackets(host: string): string {
  const [, bracketed] = /^\[(.*)\]$/.exec(host) ?? []
  const address = bracketed ?? host
  const isIpv6 = /^[\da-f]*:[\da-f:.]*:[\da-f.]*(?:%.+)?$/i.test(address)
  if (address === '') throw wrongValue('host', 'must not be empty')
  if (isIpv6 || (bracketed === undefined && !/[:/[\]]/.test(host))) return address
  throw wrongValue(
    'host',
    `must be an address or a name alone, without scheme, port or path, not ${JSON.stringify(host)}`,
  )
}

function numberOption(name: NumberOption, value: number | undefined): number {
  const [standard, least, most] = NUMBERS[name]
  return wholeNumber(name, value, standard, least, most)
}

function chosenBackend(given: string | undefined): Backend {
  const name = given ?? process.env.BRINK_BACKEND ?? 'auto'
  if (typeof name !== 'string') throw wrongType('backend', 'a string', name)
  const [best] = native.backends
  const chosen = name === 'auto' ? best : native.backends.find((backend) => backend.name === name)
  if (chosen !== undefined) return chosen
  const names = native.backends.map((backend) => backend.name)
  throw wrongValue('backend', `must be one of auto, ${names.join(', ')} on this system, not '${name}'`)
}
