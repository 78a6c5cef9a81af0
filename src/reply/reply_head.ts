// Encodes the head of a reply for the exchange.

import {
  CONTENT_TYPE_BYTES,
  CONTENT_TYPE_HTML,
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_TEXT,
  FLAG_REPLY_CLOSE,
  FLAG_REPLY_DATED,
} from '../exchange/layout.js'
import type { ReplyBytes } from '../exchange/reply_bytes.js'
import { coded } from '../runtime/errors.js'
import { contentTypeOf } from './body.js'
import type { Reply } from './reply.js'

/** Content types that the native side knows by number. */
export const KNOWN_CONTENT_TYPES: ReadonlyMap<string, number> = new Map([
  ['text/plain; charset=utf-8', CONTENT_TYPE_TEXT],
  ['application/json', CONTENT_TYPE_JSON],
  ['application/octet-stream', CONTENT_TYPE_BYTES],
  ['text/html; charset=utf-8', CONTENT_TYPE_HTML],
])

/** The head of a reply. */
export interface Head {
  readonly flags: number
  readonly fields: string
  readonly length: number | undefined
}

// Most names have the same value in all replies, so the line of the first value is kept. The limits bound the memory
// when names are derived from data.
const KNOWN_LINES_LIMIT = 256
const MAX_KNOWN_LINE = 256
const knownLines = new Map<string, { readonly value: string; readonly line: string }>()

/** The line of a field, checked. */
export function fieldLine(name: string, value: string): string {
  const known = knownLines.get(name)
  if (known !== undefined && known.value === value) return known.line
  const line = `${name}: ${value}\r\n`
  const isKept = known === undefined && line.length <= MAX_KNOWN_LINE && knownLines.size < KNOWN_LINES_LIMIT
  if (isKept) knownLines.set(name, { value, line })
  return line
}

/** Encodes the head of a reply. */
export function headOf(answer: Reply): Head {
  let contentType = answer.untyped ? undefined : contentTypeOf(answer.body)
  let flags = 0
  let fields = ''
  let length: number | undefined
  const given = answer.headers.flat()
  let contentTypeName = 'content-type'
  for (let place = 0; place < given.length; place += 3) {
    const name = given[place] as string
    const value = given[place + 1] as string
    const written = given[place + 2] as string
    if (name === 'content-type') {
      contentType = value
      contentTypeName = written
    } else if (name === 'content-length') length = Number(value)
    else if (name === 'connection') flags |= FLAG_REPLY_CLOSE
    else {
      if (name === 'date') flags |= FLAG_REPLY_DATED
      fields += fieldLine(written, value)
    }
  }
  if (contentType !== undefined) {
    const known = KNOWN_CONTENT_TYPES.get(contentType)
    if (known !== undefined) flags |= known
    else fields += `${contentTypeName}: ${contentType}\r\n`
  }
  return { flags, fields, length }
}

/** @throws Error `ERR_CONTENT_LENGTH_MISMATCH` */
export function checkLength(length: number, body: ReplyBytes): void {
  const actual = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
  if (length === actual) return
  throw coded(
    new Error(`The content-length of the reply says ${length} bytes, but its body has ${actual}.`),
    'ERR_CONTENT_LENGTH_MISMATCH',
  )
}

/** A stream that is not as long as its head has said. */
export function lengthMismatch(length: number, what: 'more' | 'less'): Error {
  return coded(
    new Error(`The content-length of the reply says ${length} bytes, but its stream yielded ${what}.`),
    'ERR_CONTENT_LENGTH_MISMATCH',
  )
}
