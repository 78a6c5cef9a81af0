// The head of a response as Node writes it: the bytes are those of Node's own `_storeHeader`, for heads without the
// fields that change how a response is framed or what becomes of its connection.
import { STATUS_CODES } from 'node:http'
import { isToken } from '../fields/header_rules.js'
import { timers } from '../runtime/timers.js'

/** Fields by which Node decides on more than a line of the head, and those whose values it rewrites. */
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

/** Field names that were used before, with what is known of them. Apps use few; no client can add to them. */
const names = new Map<string, FieldName>()
const MOST_NAMES = 1000

export interface FieldName {
  /** In lower case. */
  readonly key: string
  readonly isSpecial: boolean
}

/** Undefined for what cannot be the name of a field. */
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

/** Whether the value of a field stands in a head as it is. */
export function isPlainValue(value: unknown): boolean {
  if (typeof value === 'string') return !NOT_PLAIN.test(value)
  if (typeof value === 'number') return true
  if (!Array.isArray(value) || value.length === 0) return false
  return value.every((item) => (typeof item === 'string' && !NOT_PLAIN.test(item)) || typeof item === 'number')
}

const statusLines: (string | undefined)[] = []

/** Undefined for a reason that Node has to judge. */
export function statusLine(status: number, reason: string | undefined): string | undefined {
  if (reason === undefined || reason === STATUS_CODES[status]) {
    statusLines[status] ??= `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`
    return statusLines[status]
  }
  return NOT_PLAIN.test(reason) ? undefined : `HTTP/1.1 ${status} ${reason}\r\n`
}

/** How the body is framed: Node's choice where the app has made none. */
export type Framing = { readonly length: number } | 'chunked' | 'none'

let second = 0
let dateLine = ''

/** The lines that Node adds behind the app's own, and the end of the head. */
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
