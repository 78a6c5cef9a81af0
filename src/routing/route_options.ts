import { describe } from '../runtime/describe.js'
import { didYouMean } from '../runtime/did_you_mean.js'
import { invalidRoute } from './pattern.js'

/** Options of one route. They replace those of the server. */
export interface RouteOptions {
  /**
   * The maximum size of a request body, in bytes. A larger one gets 413. `Infinity` for no limit. Default: the
   * server's `bodyLimit`.
   */
  readonly bodyLimit?: number | undefined
  /**
   * Whether to run the handler as soon as the request head has arrived, for handlers that read `req.body` as it
   * arrives, or answer without it. By default, bodies up to 64 KiB are received first; larger ones, and those of
   * clients that expect `100 Continue`, arrive while the handler runs. Default: false.
   */
  readonly stream?: boolean | undefined
  /** How long a whole request may take to arrive, in milliseconds from its first byte. Default: the server's. */
  readonly requestTimeout?: number | undefined
  /**
   * How long the client may read nothing of its response, in milliseconds, before it is disconnected. Default: the
   * server's.
   */
  readonly writeTimeout?: number | undefined
  /**
   * The minimum rate, in bytes per second, at which the body must arrive and the response must be read; 0 for no
   * minimum. Default: the server's.
   */
  readonly minRate?: number | undefined
  /**
   * Whether the route is answered with 503 when the server sheds load: see `maxInFlight` and `shedWhen`. Default: true, but
   * false for handlers of `health()` and `metrics()`.
   */
  readonly shed?: boolean | undefined
}

/** The largest deadline in milliseconds and rate in bytes per second of a route. */
const MOST = 2 ** 30

const NAMES = [
  'bodyLimit',
  'stream',
  'requestTimeout',
  'writeTimeout',
  'minRate',
  'shed',
] as const satisfies (keyof RouteOptions)[]

/**
 * @param route such as "GET '/users'"
 * @throws TypeError `ERR_INVALID_ROUTE`
 */
export function assertRouteOptions(options: RouteOptions, route: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidRoute(`The options of ${route} must be an object, not ${describe(options)}.`)
  }
  const unknown = Object.keys(options).find((name) => !(NAMES as readonly string[]).includes(name))
  if (unknown !== undefined) {
    const hint = didYouMean(unknown, NAMES) || `: the options are ${NAMES.join(', ')}.`
    throw invalidRoute(`A route has no option "${unknown}", which ${route} is given${hint}`)
  }
  const { bodyLimit, stream, requestTimeout, writeTimeout, minRate, shed } = options
  if (bodyLimit !== undefined && bodyLimit !== Infinity && !(Number.isSafeInteger(bodyLimit) && bodyLimit >= 0)) {
    throw wrongOption('bodyLimit', route, 'a whole number of bytes or Infinity', bodyLimit)
  }
  if (stream !== undefined && typeof stream !== 'boolean') throw wrongOption('stream', route, 'true or false', stream)
  if (shed !== undefined && typeof shed !== 'boolean') throw wrongOption('shed', route, 'true or false', shed)
  for (const [name, value, least] of [
    ['requestTimeout', requestTimeout, 1],
    ['writeTimeout', writeTimeout, 1],
    ['minRate', minRate, 0],
  ] as const) {
    if (value === undefined || (Number.isInteger(value) && value >= least && value <= MOST)) continue
    throw wrongOption(name, route, `a whole number from ${least} to ${MOST}`, value)
  }
}

function wrongOption(name: string, route: string, expected: string, given: unknown): TypeError {
  return invalidRoute(`The ${name} of ${route} must be ${expected}, not ${describe(given)}.`)
}
