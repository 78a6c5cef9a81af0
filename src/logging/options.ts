// The options `accessLog` and `requestId`.
import { isToken } from '../fields/header_rules.js'
import type { RequestIdRules } from '../request/request_ids.js'
import { describe } from '../runtime/describe.js'
import { didYouMean } from '../runtime/did_you_mean.js'
import { knownOptions, wrongType, wrongValue } from '../runtime/option_errors.js'
import type { AccessRecord } from './access_record.js'
import { type AccessLogFormatName, FORMATS } from './formats.js'

export type { AccessLogFormatName }

/** A logger such as pino. */
export interface AccessLogger {
  info(record: object): void
}

/** How the access log writes a request: a built-in format, or a function that returns a line, or undefined for none. */
export type AccessLogFormat = AccessLogFormatName | ((record: AccessRecord) => string | undefined)

export interface AccessLogOptions {
  /**
   * `combined`, the format of Apache and nginx, which goaccess and fail2ban read; `json`, an object in each line; or a
   * function that gets each record and returns its line, or undefined for none. Default: `combined`; for a logger, the
   * record itself.
   */
  readonly format?: AccessLogFormat | undefined
  /**
   * `stdout` or `stderr`; the path of a file, to which lines are appended, and which is opened again on SIGUSR1; or a
   * logger with a method `info`, such as pino, which gets each record as an object. Default: `stdout`.
   */
  readonly to?: 'stdout' | 'stderr' | (string & {}) | AccessLogger | undefined
}

export interface RequestIdOptions {
  /** The field that has the id. Default: `x-request-id`. */
  readonly header?: string | undefined
  /**
   * Whether the field of a request is believed. Default: if the peer is one of those that `trustProxy` trusts. An id has
   * at most 128 characters, visible ones of ASCII; others are ignored.
   */
  readonly trust?: boolean | undefined
  /** Whether responses of the app have the field too. Default: false. */
  readonly respond?: boolean | undefined
}

export interface CheckedAccessLog {
  readonly format: AccessLogFormat | undefined
  readonly to: string | AccessLogger
}

/** Fields of framing and of content. */
const RESERVED =
  /^(?:connection|content-.*|date|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i
const STANDARD_HEADER = 'x-request-id'

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` */
export function checkedAccessLog(given: boolean | AccessLogOptions | undefined): CheckedAccessLog | undefined {
  if (given === undefined || given === false) return undefined
  if (given === true) return { format: undefined, to: 'stdout' }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw wrongType('accessLog', 'a boolean or an object { format, to }', given)
  }
  const { format, to = 'stdout' } = knownOptions<AccessLogOptions>(given, ['format', 'to'], 'accessLog')
  if (typeof format === 'string' && !FORMATS.includes(format)) {
    throw wrongValue(
      'accessLog.format',
      `must be ${FORMATS.join(', ')} or a function, not '${format}'${didYouMean(format, FORMATS)}`,
    )
  }
  if (format !== undefined && typeof format !== 'string' && typeof format !== 'function') {
    throw wrongType('accessLog.format', 'combined, json or a function', format)
  }
  const isLogger = typeof to === 'object' && to !== null && typeof (to as Partial<AccessLogger>).info === 'function'
  if (typeof to !== 'string' && !isLogger) {
    throw wrongType('accessLog.to', 'stdout, stderr, the path of a file, or a logger with a method info()', to)
  }
  if (to === '' || (typeof to === 'string' && to.includes('\0'))) {
    throw wrongValue('accessLog.to', `must be the path of a file, not ${describe(to)}`)
  }
  return { format, to }
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` */
export function checkedRequestId(given: boolean | RequestIdOptions | undefined): RequestIdRules | undefined {
  if (given === undefined || given === false) return undefined
  if (given === true) return { header: STANDARD_HEADER, trust: undefined, respond: false }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw wrongType('requestId', 'a boolean or an object { header, trust, respond }', given)
  }
  const names = ['header', 'trust', 'respond'] as const
  const { header = STANDARD_HEADER, trust, respond = false } = knownOptions<RequestIdOptions>(given, names, 'requestId')
  if (typeof header !== 'string') throw wrongType('requestId.header', 'the name of a field', header)
  if (!isToken(header) || header.length > 63) {
    throw wrongValue(
      'requestId.header',
      `must be the name of a field of at most 63 characters, not ${describe(header)}`,
    )
  }
  if (RESERVED.test(header)) throw wrongValue('requestId.header', `must not be ${header}, which says something else`)
  if (trust !== undefined && typeof trust !== 'boolean') throw wrongType('requestId.trust', 'a boolean', trust)
  if (typeof respond !== 'boolean') throw wrongType('requestId.respond', 'a boolean', respond)
  return { header: header.toLowerCase(), trust, respond }
}
