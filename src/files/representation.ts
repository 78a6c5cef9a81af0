import type { NativeFile } from '../exchange/native.js'
import type { Validators } from '../fields/conditions.js'
import { type HeadersSource, ReplyHeaders } from '../fields/headers.js'
import { formatHttpDate } from '../fields/http_date.js'
import { timers } from '../runtime/timers.js'

const YEAR_1971_MS = 31_536_000_000

/** What the bytes of a file are said to be. */
export interface Description {
  readonly type: string
  /** The content coding that the file was made by, if any. */
  readonly coding?: string | undefined
  readonly cacheControl?: string | undefined
  /** The request fields by which it was chosen. */
  readonly vary?: string | undefined
  readonly headers?: HeadersSource | undefined
}

/**
 * One state of a file, as it is told to clients. Its entity tag is strong: it stands for the file's size, its inode and
 * its times of change, which the system counts in steps of up to 4 ms. Who writes new files and renames them into place,
 * as most tools do, can rely on it; a file that is written over twice within a step, with the same size, keeps its tag.
 */
export class Representation implements Validators {
  readonly size: number
  /** See `NativeFile.version`. */
  readonly version: string
  readonly etag: string
  readonly lastModified: number | undefined
  /** The fields of a reply that sends it. Not to be changed: replies copy them when they do. */
  readonly headers: ReplyHeaders
  /** The fields of a reply which says that it has not changed (RFC 9110 §15.4.5). */
  readonly unchanged: ReplyHeaders

  constructor({ size, version, mtimeMs }: Pick<NativeFile, 'size' | 'version' | 'mtimeMs'>, description: Description) {
    const { type, coding, cacheControl, vary, headers } = description
    this.size = size
    this.version = version
    this.etag = coding === undefined ? `"${version}"` : `"${version}-${coding}"`
    // A server must not name a time to come (RFC 9110 §8.8.2.1). And what is of 1970, or older, has no time that is known:
    // tools that build the same bytes each time set it so, and two versions would be of one date.
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

/** What of the fields of a reply is said again when the client has the content already (RFC 9110 §15.4.5). */
export function unchangedFields(headers: ReplyHeaders): ReplyHeaders {
  const fields = new ReplyHeaders(headers)
  for (const name of OF_THE_CONTENT) fields.delete(name)
  return fields
}
