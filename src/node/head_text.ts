// The head of a light response. The bytes are those of Node's own `_storeHeader`. Heads with fields that change the
// framing or the connection are written by Node.
import { STATUS_CODES } from 'node:http'
import { isToken } from '../fields/header_rules.js'
import { timers } from '../runtime/timers.js'

/** Fields that change more than their own line of the head, and fields whose values Node rewrites. */
const SPECIAL = new Set([
  'connection',
  'transfer-encoding',
  'date',
  'expect',
  'trailer',
  'keep-alive',
  'content-disposition',
  'cookie',
  'upgrade',
])

/** Field names that the app has used. Apps use few, and clients cannot add any. */
const names = new Map<string, FieldName>()
const MOST_NAMES = 1000

export interface FieldName {
  /** In lower case. */
  readonly key: string
  readonly isSpecial: boolean
}

/** Undefined for an invalid field name. */
export function fieldName(name: string): FieldName | undefined {
  const known = names.get(name)
  if (known !== undefined) return known
  if (!isToken(name)) return undefined
  const key = name.toLowerCase()
  const found = { key, isSpecial: SPECIAL.has(key) }
  if (names.size < MOST_NAMES) names.set(name, found)
  return found
}

const NOT_PLAIN = /[^\t\x20-\x7e]/

/** Whether the field value can be written into a head as it is. */
export function isPlainValue(value: unknown): boolean {
  if (typeof value === 'string') return !NOT_PLAIN.test(value)
  if (typeof value === 'number') return true
  if (!Array.isArray(value) || value.length === 0) return false
  return value.every((item) => (typeof item === 'string' && !NOT_PLAIN.test(item)) || typeof item === 'number')
}

const statusLines: (string | undefined)[] = []

/** Undefined for a reason phrase that Node has to check. */
export function statusLine(status: number, reason: string | undefined): string | undefined {
  if (reason === undefined || reason === STATUS_CODES[status]) {
    statusLines[status] ??= `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`
    return statusLines[status]
  }
  return NOT_PLAIN.test(reason) ? undefined : `HTTP/1.1 ${status} ${reason}\r\n`
}

/** The framing that Node adds to the head. `none`: the app has set it, or there is no body. */
export type Framing = { readonly length: number } | 'chunked' | 'none'

let second = 0
let dateLine = ''

/** The lines that Node adds after the lines of the app, and the end of the head. */
export function headEnd(framing: Framing, keepAliveTimeout: number, isLast: boolean): string {
  const now = Math.floor(timers.date() / 1000)
  if (now !== second) {
    second = now
    dateLine = `Date: ${new timers.Date(now * 1000).toUTCString()}\r\n`
  }
  const connection = isLast ? 'Connection: close\r\n' : keepAliveLines(keepAliveTimeout)
  if (framing === 'none') return `${dateLine}${connection}\r\n`
  if (framing === 'chunked') return `${dateLine}${connection}Transfer-Encoding: chunked\r\n\r\n`
  return `${dateLine}${connection}Content-Length: ${framing.length}\r\n\r\n`
}

let keepAliveOf = -1
let keepAliveText = ''

function keepAliveLines(timeout: number): string {
  if (timeout !== keepAliveOf) {
    keepAliveOf = timeout
    keepAliveText = 'Connection: keep-alive\r\n'
    if (timeout) keepAliveText += `Keep-Alive: timeout=${Math.floor(timeout / 1000)}\r\n`
  }
  return keepAliveText
}
