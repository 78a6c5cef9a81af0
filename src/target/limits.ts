// What the endpoints of a load target may cost, and what they may show. Several targets in a process share nothing: the
// limits of a request are those of its server.
import type { BrinkRequest } from '../request/request.js'
import type { Serving } from '../request/serving.js'
import { knownOptions, wholeNumber, wrongType, wrongValue } from '../runtime/option_errors.js'

/** What a client may ask of the endpoints. Sizes are bytes, times are milliseconds. */
export interface TargetLimitOptions {
  /** The largest request body that is echoed, and the largest WebSocket message. A larger one gets 413. Default: 1 MiB. */
  maxBodySize?: number | undefined
  /** The largest body that `/upload` counts. Default: 1 GiB. */
  maxUploadSize?: number | undefined
  /** The largest response that a client may ask for by its size. Default: 16 MiB. */
  maxResponseSize?: number | undefined
  /** The longest time that a response may take because the client asks for it. Default: 10,000. */
  maxDuration?: number | undefined
  /** The most lines, events, pieces or parts of a body that a client may ask for, or send. Default: 10,000. */
  maxCount?: number | undefined
  /** How long a WebSocket may stay open. Default: 600,000. */
  maxWebSocketDuration?: number | undefined
  /**
   * The hosts that `/redirect-to` may send clients to, such as `['example.com', 'localhost:8080']`; a name without a
   * port counts for every port. `'*'` is any host. Default: none, only paths of the target itself.
   */
  allowedRedirects?: '*' | readonly string[] | undefined
  /**
   * Lets clients choose content types that a browser runs, such as `text/html`, for bytes of theirs. Everybody who can
   * reach the target can then run scripts in its origin. Default: false.
   */
  allowActiveContent?: boolean | undefined
  /** What `/hostname` says; `true` for the name of this machine. Default: `'brink'`. */
  hostname?: string | true | undefined
  /** Names of request fields that no response shows, such as `['x-internal-*']`. Default: none. */
  hiddenFields?: readonly string[] | undefined
}

/** The limits of a target, complete. */
export interface TargetLimits {
  readonly maxBodySize: number
  readonly maxUploadSize: number
  readonly maxResponseSize: number
  readonly maxDuration: number
  readonly maxCount: number
  readonly maxWebSocketDuration: number
  readonly allowedRedirects: '*' | readonly string[]
  readonly allowActiveContent: boolean
  readonly hostname: string | true
  /** Matches the names that are hidden; undefined for none. */
  readonly hiddenFields: RegExp | undefined
}

/** The names of all limits. */
export const TARGET_LIMITS: readonly (keyof TargetLimitOptions)[] = [
  'allowActiveContent',
  'allowedRedirects',
  'hiddenFields',
  'hostname',
  'maxBodySize',
  'maxCount',
  'maxDuration',
  'maxResponseSize',
  'maxUploadSize',
  'maxWebSocketDuration',
]

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
/** Longer timers of Node fire at once. */
const LONGEST_MS = 2 ** 31 - 1
const HOST = /^(?:\[[\da-f:.]+\]|[a-z\d._-]+)(?::\d{1,5})?$/i
const FIELD_PATTERN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/

/**
 * Validates limits and completes them with the defaults.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
 */
export function checkedLimits(given: TargetLimitOptions = {}): TargetLimits {
  const options = knownOptions(given, TARGET_LIMITS, 'the limits of a target')
  const size = (name: keyof TargetLimitOptions, standard: number, most: number) =>
    wholeNumber(name, options[name], standard, 1, most)
  return {
    maxBodySize: size('maxBodySize', MIB, GIB),
    maxUploadSize: size('maxUploadSize', GIB, Number.MAX_SAFE_INTEGER),
    maxResponseSize: size('maxResponseSize', 16 * MIB, GIB),
    maxDuration: size('maxDuration', 10_000, LONGEST_MS),
    maxCount: size('maxCount', 10_000, 10_000_000),
    maxWebSocketDuration: size('maxWebSocketDuration', 600_000, LONGEST_MS),
    allowedRedirects: checkedRedirects(options.allowedRedirects),
    allowActiveContent: checkedBoolean('allowActiveContent', options.allowActiveContent),
    hostname: checkedHostname(options.hostname),
    hiddenFields: checkedFields(options.hiddenFields),
  }
}

function checkedRedirects(value: TargetLimitOptions['allowedRedirects']): '*' | readonly string[] {
  if (value === undefined) return []
  if (value === '*') return value
  const expected = "'*' or a list of hosts, such as ['example.com', 'localhost:8080']"
  if (!isListOfStrings(value)) throw wrongType('allowedRedirects', expected, value)
  const wrong = value.find((host) => !HOST.test(host))
  if (wrong !== undefined) throw wrongValue('allowedRedirects', `must be ${expected}, and '${wrong}' is no host`)
  return value.map((host) => host.toLowerCase())
}

function checkedFields(value: TargetLimitOptions['hiddenFields']): RegExp | undefined {
  if (value === undefined) return undefined
  const expected = "a list of field names, such as ['x-internal-*']"
  if (!isListOfStrings(value)) throw wrongType('hiddenFields', expected, value)
  const wrong = value.find((name) => !FIELD_PATTERN.test(name))
  if (wrong !== undefined) throw wrongValue('hiddenFields', `must be ${expected}, and '${wrong}' is no name`)
  if (value.length === 0) return undefined
  const patterns = value.map((name) => name.replace(/[\\^$.+|]/g, '\\$&').replaceAll('*', '.*'))
  return new RegExp(`^(?:${patterns.join('|')})$`, 'i')
}

function checkedHostname(value: TargetLimitOptions['hostname']): string | true {
  if (value === undefined) return 'brink'
  if (typeof value !== 'string' && value !== true) throw wrongType('hostname', 'a string or true', value)
  return value
}

function checkedBoolean(name: string, value: boolean | undefined): boolean {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean', value)
  return value
}

function isListOfStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

const standard = checkedLimits()
const limitsOfServers = new WeakMap<object, TargetLimits>()

/** Gives the requests of a server their limits. */
export function giveLimits(server: object, limits: TargetLimits): void {
  limitsOfServers.set(server, limits)
}

/** The limits of the target that has the request; the defaults on any other server. */
export function limitsOf(req: BrinkRequest): TargetLimits {
  const server: Serving | undefined = req.server
  return (server && limitsOfServers.get(server)) ?? standard
}

/** Whether the server of the request is a load target, which has pages of its own below `/_brink/`. */
export function isOnTarget(req: BrinkRequest): boolean {
  return req.server !== undefined && limitsOfServers.has(req.server)
}
