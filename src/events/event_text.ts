import { describe } from '../runtime/describe.js'
import { didYouMean } from '../runtime/did_you_mean.js'
import { coded } from '../runtime/errors.js'

/** A server-sent event, as a browser's `EventSource` receives it. */
export interface ServerEvent {
  /**
   * The data: a string as it is, any other value as JSON. Without data the browser dispatches no event, but `id` and
   * `retry` still take effect.
   */
  data?: unknown
  /** The type of the event, for `addEventListener`. Default: `message`. */
  event?: string
  /** The id, which the client sends as `Last-Event-ID` when it reconnects. An empty string clears it. */
  id?: string
  /** How many milliseconds the client should wait before it reconnects. */
  retry?: number
  /** A comment, which the client ignores. */
  comment?: string
}

const LINE_END = /\r\n|\r|\n/
const FIELDS = new Set(['data', 'event', 'id', 'retry', 'comment'])

/**
 * Formats an event (WHATWG HTML §9.2.5); a string is its data.
 * @throws TypeError `ERR_INVALID_EVENT` for a value that a client would read as a different event, or as several; and
 * any error of `JSON.stringify`
 */
export function eventText(given: string | ServerEvent): string {
  if (typeof given === 'string') return `${lines('data: ', given)}\n`
  if (typeof given !== 'object' || given === null)
    throw invalid(`must be a string or an object, not ${describe(given)}`)
  for (const name of Object.keys(given)) {
    if (!FIELDS.has(name)) throw unknownField(name)
  }
  const { data, event, id, retry, comment } = given
  let text = ''
  if (comment !== undefined) text += lines(': ', stringOf('comment', comment))
  if (retry !== undefined) text += `retry: ${millisecondsOf(retry)}\n`
  if (event !== undefined) text += `event: ${lineOf('event', event)}\n`
  if (id !== undefined) text += `id: ${lineOf('id', id)}\n`
  if (data !== undefined) text += lines('data: ', typeof data === 'string' ? data : jsonOf(data))
  if (text === '') throw invalid('must have at least one of data, event, id, retry and comment')
  return `${text}\n`
}

/** The client joins the lines again with a newline, however they were ended. */
function lines(prefix: string, text: string): string {
  if (!text.includes('\n') && !text.includes('\r')) return `${prefix}${text}\n`
  return text
    .split(LINE_END)
    .map((line) => `${prefix}${line}\n`)
    .join('')
}

function lineOf(name: 'event' | 'id', value: unknown): string {
  const text = stringOf(name, value)
  // Clients ignore an id that contains NUL.
  if (/[\r\n\0]/.test(text)) throw invalid(`must have a single line without NUL as "${name}", not ${describe(text)}`)
  return text
}

function stringOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw invalid(`must have a string as "${name}", not ${describe(value)}`)
}

function millisecondsOf(value: number): string {
  if (Number.isSafeInteger(value) && value >= 0) return String(value)
  throw invalid(`must have a whole number of milliseconds as "retry", not ${describe(value)}`)
}

function jsonOf(data: unknown): string {
  const json = JSON.stringify(data) as string | undefined
  if (json === undefined) throw invalid(`must have "data" that can be converted to JSON, not ${describe(data)}`)
  return json
}

function unknownField(name: string): TypeError {
  const hint = didYouMean(name, [...FIELDS])
  return invalid(`has no property "${name}"${hint === '' ? ': put its content into "data"' : hint}`)
}

function invalid(rule: string): TypeError {
  return coded(new TypeError(`An event ${rule}${rule.endsWith('?') ? '' : '.'}`), 'ERR_INVALID_EVENT')
}
