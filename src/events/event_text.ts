import { coded } from '../runtime/errors.js'

/** An event, as a browser's `EventSource` receives it. */
export interface ServerEvent {
  /**
   * What the event says: a string as it is, anything else as JSON. Without it nothing is dispatched, but `id`, `retry`
   * and `comment` are sent.
   */
  data?: unknown
  /** Its name, which the client can listen for. Default: the client's, `message`. */
  event?: string
  /** What the client says as `Last-Event-ID` when it connects again. An empty one makes it forget. */
  id?: string
  /** How many milliseconds the client is to wait before it connects again. */
  retry?: number
  /** Text that the client skips. */
  comment?: string
}

const LINE_END = /\r\n|\r|\n/
const FIELDS = new Set(['data', 'event', 'id', 'retry', 'comment'])

/**
 * An event as it stands in a stream (WHATWG HTML §9.2.5); a string is its data.
 * @throws TypeError `ERR_INVALID_EVENT` for what would be another event, or several, to the client; and whatever
 *   `JSON.stringify` throws
 */
export function eventText(given: string | ServerEvent): string {
  if (typeof given === 'string') return `${lines('data: ', given)}\n`
  if (typeof given !== 'object' || given === null) throw invalid(`is a string or an object, not ${kindOf(given)}`)
  for (const name of Object.keys(given)) {
    if (!FIELDS.has(name)) throw invalid(`has no ${JSON.stringify(name)}: what it says belongs into "data"`)
  }
  const { data, event, id, retry, comment } = given
  let text = ''
  if (comment !== undefined) text += lines(': ', stringOf('comment', comment))
  if (retry !== undefined) text += `retry: ${millisecondsOf(retry)}\n`
  if (event !== undefined) text += `event: ${lineOf('event', event)}\n`
  if (id !== undefined) text += `id: ${lineOf('id', id)}\n`
  if (data !== undefined) text += lines('data: ', typeof data === 'string' ? data : jsonOf(data))
  if (text === '') throw invalid('has something to send: data, event, id, retry or comment')
  return `${text}\n`
}

/** The client joins the lines again; each way to end one is the same to it. */
function lines(prefix: string, text: string): string {
  if (!text.includes('\n') && !text.includes('\r')) return `${prefix}${text}\n`
  return text
    .split(LINE_END)
    .map((line) => `${prefix}${line}\n`)
    .join('')
}

function lineOf(name: 'event' | 'id', value: unknown): string {
  const text = stringOf(name, value)
  // The client ignores an id with NUL.
  if (/[\r\n\0]/.test(text)) throw invalid(`has one line of "${name}", without NUL, not ${JSON.stringify(text)}`)
  return text
}

function stringOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw invalid(`has a string as "${name}", not ${kindOf(value)}`)
}

function millisecondsOf(value: number): string {
  if (Number.isSafeInteger(value) && value >= 0) return String(value)
  throw invalid(`has a whole number of milliseconds as "retry", not ${String(value)}`)
}

function jsonOf(data: unknown): string {
  const json = JSON.stringify(data) as string | undefined
  if (json === undefined) throw invalid(`has "data" that can be made JSON, not ${kindOf(data)}`)
  return json
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value
}

function invalid(rule: string): TypeError {
  return coded(new TypeError(`An event ${rule}.`), 'ERR_INVALID_EVENT')
}
