import type { NativeFile } from '../exchange/native.js'
import type { Validators } from '../fields/conditions.js'
import { type HeadersSource, ReplyHeaders } from '../fields/headers.js'
import { formatHttpDate } from '../fields/http_date.js'
import { timers } from '../runtime/timers.js'

const YEAR_1971_MS = 31_536_000_000

/** How the bytes of a file are described. */
export interface Description {
  readonly type: string
  /** The content coding that the file was encoded with, if any. */
  readonly coding?: string | undefined
  readonly cacheControl?: string | undefined
  /** The request fields that selected it, as the value of `vary`. */
  readonly vary?: string | undefined
  readonly headers?: HeadersSource | undefined
}

/**
 * One version of a file, as clients see it. The entity tag is strong. It is made of the file's size, inode and change
 * times, which some systems count in steps of up to 4 ms. Replacing a file by rename always changes the tag, which is
 * what most tools do; overwriting a file twice within one step without a change of size does not.
 */
export class Representation implements Validators {
  readonly size: number
  /** See `NativeFile.version`. */
  readonly version: string
  readonly etag: string
  readonly lastModified: number | undefined
  /** The header fields of a reply that sends it. Never change them: replies copy on write. */
  readonly headers: ReplyHeaders
  /** The header fields of a 304 response (RFC 9110 §15.4.5). */
  readonly unchanged: ReplyHeaders

  constructor({ size, version, mtimeMs }: Pick<NativeFile, 'size' | 'version' | 'mtimeMs'>, description: Description) {
    const { type, coding, cacheControl, vary, headers } = description
    this.size = size
    this.version = version
    this.etag = coding === undefined ? `"${version}"` : `"${version}-${coding}"`
    // A server must not send a date in the future (RFC 9110 §8.8.2.1). Dates of 1970 are not real: reproducible
    // builds set them, and two versions would have the same date.
    const isKnown = mtimeMs >= YEAR_1971_MS && mtimeMs <= timers.date()
    const date = isKnown ? formatHttpDate(mtimeMs) : undefined
    this.lastModified = date === undefined ? undefined : Math.floor(mtimeMs / 1000) * 1000

    this.headers = new ReplyHeaders({ 'content-type': type })
    if (coding !== undefined) this.headers.set('content-encoding', coding)
    this.headers.set('etag', this.etag)
    if (date !== undefined) this.headers.set('last-modified', date)
    this.headers.set('accept-ranges', 'bytes')
    if (cacheControl !== undefined) this.headers.set('cache-control', cacheControl)
    if (vary !== undefined) this.headers.set('vary', vary)
    this.headers.appendAll(headers)
    this.unchanged = unchangedFields(this.headers)
  }
}

const OF_THE_CONTENT = [
  'accept-ranges',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'last-modified',
]

/** The header fields that a 304 response repeats (RFC 9110 §15.4.5). */
export function unchangedFields(headers: ReplyHeaders): ReplyHeaders {
  const fields = new ReplyHeaders(headers)
  for (const name of OF_THE_CONTENT) fields.delete(name)
  return fields
}
