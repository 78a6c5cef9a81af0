// The conditions that a request may make, in the order in which they count (RFC 9110 §13).

import { timers } from '../runtime/timers.js'
import { parseHttpDate } from './http_date.js'

/** What is read of a request here. */
export interface Asking {
  readonly method: string
  readonly headers: { get(name: string): string | null }
}

/** What a representation can be told by. */
export interface Validators {
  /** A strong entity tag, with its quotes. */
  readonly etag: string
  /** When it was last changed, in ms since 1970, cut to the second; undefined when that is not known. */
  readonly lastModified: number | undefined
}

/** `unchanged`: the client has it already (304). `failed`: it is not the one that the client means (412). */
export type Verdict = 'send' | 'unchanged' | 'failed'

/** What the conditions of a GET or HEAD come to, but for `If-Range` (RFC 9110 §13.2.2). */
export function judge({ headers }: Asking, { etag, lastModified }: Validators): Verdict {
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
 * Whether a `Range` counts: without an `If-Range`, or when it names this very representation (RFC 9110 §13.1.5). A date
 * does so only if it is the last change's and its second is over, for within it there may be another one.
 */
export function mayBeInParts({ headers }: Asking, { etag, lastModified }: Validators, now = timers.date()): boolean {
  const ifRange = headers.get('if-range')
  if (ifRange === null) return true
  if (ifRange.startsWith('"')) return ifRange === etag
  return lastModified !== undefined && dateOf(ifRange) === lastModified && lastModified + 1000 <= now
}

// An opaque tag may hold commas. What is no tag ends the list. Two loops over white space side by side would take quadratic
// time for a long field.
const TAG = /[ \t]*(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y

/** Whether a list of entity tags, or `*`, has this one, which is strong (RFC 9110 §8.8.3.2). */
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

/** What is no date is no condition. */
function dateOf(field: string | null): number | undefined {
  return field === null ? undefined : parseHttpDate(field)
}
