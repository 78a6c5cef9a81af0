// Lines of the access log. Whatever a client sends, a record is one line, and its fields are told apart.
import { timers } from '../runtime/timers.js'
import type { AccessRecord } from './access_record.js'

/** Names of built-in formats. */
export type AccessLogFormatName = 'combined' | 'json'

/** `isPlain`: nothing in its texts has to be escaped. */
export type LineFormat = (record: AccessRecord & { readonly isPlain?: boolean }) => string

export const FORMATS: Readonly<Record<AccessLogFormatName, LineFormat>> = { combined, json }

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The status that nginx logs for a client that has left before its response. */
const CLIENT_GONE = '499'

/** The format `combined` of Apache, as Debian has it: the size is that of all bytes sent (`%O`). */
function combined(record: Parameters<LineFormat>[0]): string {
  const { ip, method, target, version, status, referer, userAgent, end, isPlain = false } = record
  const line = method === '' ? target : `${method} ${target} HTTP/${version}`
  const code = status > 0 ? status : end === 'gone' ? CLIENT_GONE : '000'
  const begin = beginOfLine(ip, clfTime(record.time))
  const size = record.bytesOut
  if (referer === '' && userAgent === '') return `${begin}${escaped(line, isPlain)}" ${code} ${size} "-" "-"`
  return `${begin}${escaped(line, isPlain)}" ${code} ${size} "${escaped(referer, isPlain)}" "${escaped(userAgent, isPlain)}"`
}

let begun = { ip: '', time: '', text: '' }

/** The same for many requests of a client. */
function beginOfLine(ip: string, time: string): string {
  if (begun.ip !== ip || begun.time !== time) begun = { ip, time, text: `${ip} - - [${time}] "` }
  return begun.text
}

/** What Apache escapes: quotes, backslashes, and all that is not printable ASCII. */
const UNSAFE = /["\\]|[^ -~]/
const UNSAFE_ALL = /["\\]|[^ -~]/g
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

function escaped(text: string, isPlain: boolean): string {
  if (text === '') return '-'
  return !isPlain && UNSAFE.test(text)
    ? text.replace(UNSAFE_ALL, (character) => SHORT[character] ?? hex(character))
    : text
}

function hex(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

let second = Number.NaN
let secondText = ''

/** In local time, as Apache writes it: `10/Oct/2000:13:55:36 -0700`. */
function clfTime(ms: number): string {
  const now = Math.floor(ms / 1000)
  if (now === second) return secondText
  const date = new timers.Date(now * 1000)
  const two = (number: number) => String(number).padStart(2, '0')
  const behind = date.getTimezoneOffset()
  const zone = `${behind > 0 ? '-' : '+'}${two(Math.floor(Math.abs(behind) / 60))}${two(Math.abs(behind) % 60)}`
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`
  second = now
  secondText = `${day}:${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`
  return secondText
}

/** An object; what is empty is left out. */
function json(record: Parameters<LineFormat>[0]): string {
  const quoted = record.isPlain === true ? quotedPlain : quotedAny
  const { wait, code, referer, userAgent, route, traceparent, traceId } = record
  let line = `{"time":"${isoTime(record.time)}","ip":"${record.ip}","peer":"${record.peer}"`
  line += `,"method":${quoted(record.method)},"target":${quoted(record.target)},"version":"${record.version}"`
  line += `,"status":${record.status},"bytesIn":${record.bytesIn},"bytesOut":${record.bytesOut}`
  line += `,"duration":${record.duration}`
  if (wait !== undefined) line += `,"wait":${wait}`
  line += `,"end":"${record.end}"`
  if (code !== '') line += `,"code":"${code}"`
  if (referer !== '') line += `,"referer":${quoted(referer)}`
  if (userAgent !== '') line += `,"userAgent":${quoted(userAgent)}`
  line += `,"id":${quoted(record.id)}`
  // What is plain is what the client has sent; a pattern may have backslashes.
  if (route !== '') line += `,"route":${quotedAny(route)}`
  if (traceparent !== '') line += `,"traceparent":${quoted(traceparent)}`
  if (traceId !== '') line += `,"traceId":"${traceId}"`
  return `${line}}`
}

/** `JSON.stringify` leaves DEL and the controls above it, which terminals obey. */
const CONTROLS_LEFT = /\p{Cc}/gu

function quotedPlain(text: string): string {
  return `"${text}"`
}

function quotedAny(text: string): string {
  if (!UNSAFE.test(text)) return `"${text}"`
  return JSON.stringify(text).replace(CONTROLS_LEFT, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
}

let isoSecond = Number.NaN
let isoText = ''

function isoTime(ms: number): string {
  const whole = Math.floor(ms)
  const now = Math.floor(whole / 1000)
  if (now !== isoSecond) {
    isoSecond = now
    isoText = new timers.Date(now * 1000).toISOString().slice(0, 19)
  }
  return `${isoText}.${String(whole - now * 1000).padStart(3, '0')}Z`
}

/** Without a tab, which ends no line. */
const CONTROLS = /(?!\t)\p{Cc}/gu

/** Makes one line of what the app's own format has returned. */
export function asOneLine(text: string): string {
  return text.replace(CONTROLS, hex)
}
