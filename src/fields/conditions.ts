// Evaluates the conditions of a request in the order that RFC 9110 §13 defines.

import { timers } from '../runtime/timers.js'
import { parseHttpDate } from './http_date.js'

/** The parts of a request that conditions depend on. */
export interface ConditionalRequest {
  readonly method: string
  readonly headers: { get(name: string): string | null }
}

/** The validators of a representation. */
export interface Validators {
  /** A strong entity tag, quotes included. */
  readonly etag: string
  /** The time of the last change in milliseconds since 1970, rounded down to the second; undefined when unknown. */
  readonly lastModified: number | undefined
}

/** `unchanged`: the client has the current representation (304). `failed`: a precondition is false (412). */
export type ConditionsResult = 'send' | 'unchanged' | 'failed'

/** Evaluates the conditions of a GET or HEAD, except `If-Range` (RFC 9110 §13.2.2). */
export function evaluateConditions(
  { headers }: ConditionalRequest,
  { etag, lastModified }: Validators,
): ConditionsResult {
  const ifMatch = headers.get('if-match')
  if (ifMatch !== null) {
    if (!isListed(ifMatch, etag, false)) return 'failed'
  } else {
    const ifUnmodifiedSince = dateOf(headers.get('if-unmodified-since'))
    if (ifUnmodifiedSince !== undefined && lastModified !== undefined && lastModified > ifUnmodifiedSince)
      return 'failed'
  }
  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch !== null) return isListed(ifNoneMatch, etag, true) ? 'unchanged' : 'send'
  const ifModifiedSince = dateOf(headers.get('if-modified-since'))
  const isUnchanged = ifModifiedSince !== undefined && lastModified !== undefined && lastModified <= ifModifiedSince
  return isUnchanged ? 'unchanged' : 'send'
}

/**
 * Whether to honour `Range`: there is no `If-Range`, or it matches this representation (RFC 9110 §13.1.5). A date
 * matches if it equals the last change and lies at least a second back, because a second change may have the same
 * date.
 */
export function rangeApplies(
  { headers }: ConditionalRequest,
  { etag, lastModified }: Validators,
  now = timers.date(),
): boolean {
  const ifRange = headers.get('if-range')
  if (ifRange === null) return true
  if (ifRange.startsWith('"')) return ifRange === etag
  return lastModified !== undefined && dateOf(ifRange) === lastModified && lastModified + 1000 <= now
}

// An opaque tag may contain commas. The first element that is not a tag ends the list. Two adjacent loops over white
// space would make matching quadratic for long fields.
const TAG = /[ \t]*(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y

/** Whether a list of entity tags, or `*`, matches this strong tag (RFC 9110 §8.8.3.2). */
function isListed(field: string, etag: string, weakly: boolean): boolean {
  if (field.trim() === '*') return true
  for (let at = 0; at < field.length; at = TAG.lastIndex) {
    TAG.lastIndex = at
    const found = TAG.exec(field)
    if (found === null) return false
    const [, weak, tag] = found
    if (tag === etag && (weakly || weak === undefined)) return true
  }
  return false
}

/** A condition whose date is invalid is ignored. */
function dateOf(field: string | null): number | undefined {
  return field === null ? undefined : parseHttpDate(field)
}
