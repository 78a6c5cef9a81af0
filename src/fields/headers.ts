import { INSPECT, type Inspect } from '../runtime/inspection.js'
import { wrongType } from '../runtime/option_errors.js'
import { fieldName, fieldValue } from './header_rules.js'

/** The value of a header field. A list gives the field several values, or several `set-cookie` fields. */
export type HeaderValue = string | number | readonly string[]

/**
 * Header fields in any of these forms: a record, a list of name and value pairs, a fetch `Headers`, or a
 * `ReplyHeaders`.
 */
export type HeadersSource = Readonly<Record<string, HeaderValue>> | Iterable<readonly [string, string]>

/**
 * The header fields of a reply, with the methods of fetch's `Headers`. Names are case-insensitive and are returned in
 * lower case. Several values of one name are joined by a comma; `set-cookie` fields stay separate. Fields keep the
 * order in which they were first set.
 *
 * On the wire, a name is spelled as it was when the field was set, for clients that compare names by case against RFC
 * 9110 §5.1. `append` does not change the spelling. The server has its own spelling of `Date`, `Content-Length`,
 * `Connection` and of the usual values of `Content-Type`.
 *
 * You may set `content-length` (the server checks it against the body), and `connection: close` to close the
 * connection after this reply. All other fields of framing and of the connection are refused.
 *
 * Methods that take a name or a value throw a TypeError that names the header: `ERR_INVALID_HEADER_NAME`,
 * `ERR_INVALID_HEADER_VALUE` or `ERR_FRAMING_HEADER`.
 */
export class ReplyHeaders {
  // Three entries for each field: its name in lower case, its value, its name as written. Most replies have few
  // fields, where a scan is faster than a Map.
  #fields: string[] | undefined
  // Another object uses the same list: copy it before a change.
  #shared = false

  constructor(source?: HeadersSource) {
    if (source === undefined) return
    // The fields were validated already. Most copies are never changed, so the list is shared.
    if (source instanceof ReplyHeaders) {
      this.#fields = source.#fields
      this.#shared = source.#shared = this.#fields !== undefined
    } else this.#addAll(source)
  }

  /**
   * Returns the value of a field, or null when it is not set. Several `set-cookie` values are joined; use
   * `getSetCookie`.
   */
  get(name: string): string | null {
    const lowerCase = fieldName(name)
    if (lowerCase === 'set-cookie') return this.has(lowerCase) ? this.getSetCookie().join(', ') : null
    const place = this.#find(lowerCase)
    return place === -1 ? null : ((this.#fields as string[])[place + 1] as string)
  }

  /** Returns the values of all `set-cookie` fields, in order. */
  getSetCookie(): string[] {
    const cookies: string[] = []
    for (const [name, value] of this) if (name === 'set-cookie') cookies.push(value)
    return cookies
  }

  /** Whether the field is set. */
  has(name: string): boolean {
    return this.#find(fieldName(name)) !== -1
  }

  /** Sets a field, replacing all of its values. */
  set(name: string, value: string | number): void {
    const lowerCase = fieldName(name)
    const text = fieldValue(lowerCase, value)
    if (lowerCase === 'set-cookie') this.delete(lowerCase)
    this.#put(lowerCase, text, name)
  }

  /** Adds a value to a field, or sets it when it is not set. */
  append(name: string, value: string | number): void {
    const lowerCase = fieldName(name)
    const place = lowerCase === 'set-cookie' ? -1 : this.#find(lowerCase)
    const present = place === -1 ? null : (this.flat()[place + 1] as string)
    // The joined value is validated, so that a second content-length is refused.
    const text = fieldValue(lowerCase, present === null ? value : joined(present, value))
    if (place === -1) this.#push(lowerCase, text, name)
    else (this.#own() as string[])[place + 1] = text
  }

  /** Removes all values of a field. */
  delete(name: string): void {
    const lowerCase = fieldName(name)
    for (let place = this.#find(lowerCase); place !== -1; place = this.#find(lowerCase)) {
      this.#own()?.splice(place, EACH)
    }
  }

  /** Iterates over the fields as they are sent: see `Symbol.iterator`. */
  entries(): IterableIterator<[string, string]> {
    return this[Symbol.iterator]()
  }

  /**
   * Iterates over the fields as they are sent: one pair of name and value for each field line, so `set-cookie` once
   * for each cookie.
   */
  *[Symbol.iterator](): IterableIterator<[string, string]> {
    const fields = this.flat()
    for (let place = 0; place < fields.length; place += EACH)
      yield [fields[place] as string, fields[place + 1] as string]
  }

  /** Appends fields, keeping the spelling of their names. @internal */
  appendAll(source: HeadersSource | undefined): void {
    const fields = new ReplyHeaders(source).flat()
    for (let place = 0; place < fields.length; place += EACH) {
      this.append(fields[place + 2] as string, fields[place + 1] as string)
    }
  }

  toJSON(): Record<string, string | string[]> {
    const cookies = this.getSetCookie()
    return { ...Object.fromEntries(this), ...(cookies.length > 1 && { 'set-cookie': cookies }) }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `ReplyHeaders ${inspect(this.toJSON(), options)}`
  }

  /**
   * The fields for the encoder, three entries each: name in lower case, value, name as written. This is not a copy:
   * only read it.
   * @internal
   */
  flat(): readonly string[] {
    return this.#fields ?? NO_FIELDS
  }

  #addAll(source: HeadersSource): void {
    if (typeof source !== 'object' || source === null) throw notHeaders(source)
    if (isIterable(source)) return this.#addPairs(source)
    for (const name of Object.keys(source)) {
      const value = source[name] as HeaderValue
      if (typeof value === 'object' && value !== null) this.#addAllOf(name, value)
      else this.append(name, value as string | number)
    }
  }

  #addAllOf(name: string, values: readonly string[]): void {
    // The value of a field that is no list is refused with its description.
    if (!(Symbol.iterator in values)) return this.append(name, values as never)
    for (const one of values) this.append(name, one)
  }

  #addPairs(pairs: Iterable<readonly [string, string]>): void {
    try {
      for (const [name, value] of pairs) this.append(name, value)
    } catch (error) {
      // Looked for afterwards, because it costs time for every pair.
      const isNoList = Array.isArray(pairs) && pairs.some((pair) => typeof pair !== 'object' || pair === null)
      throw isNoList ? notHeaders(pairs) : error
    }
  }

  #put(name: string, value: string, written: string): void {
    const place = this.#find(name)
    if (place === -1) return this.#push(name, value, written)
    const fields = this.#own() as string[]
    fields[place + 1] = value
    fields[place + 2] = written
  }

  #push(name: string, value: string, written: string): void {
    const fields = this.#own()
    if (fields === undefined) this.#fields = [name, value, written]
    else fields.push(name, value, written)
  }

  #own(): string[] | undefined {
    if (this.#shared) {
      this.#fields = this.#fields?.slice()
      this.#shared = false
    }
    return this.#fields
  }

  #find(lowerCase: string): number {
    const fields = this.flat()
    for (let place = 0; place < fields.length; place += EACH) if (fields[place] === lowerCase) return place
    return -1
  }
}

/** A sender must not generate empty list elements (RFC 9110 §5.6.1.1). */
function joined(present: string, value: string | number): string | number {
  if (value === '' || present === '') return present || value
  return `${present}, ${value}`
}

/** Entries for each field in the list. */
const EACH = 3

const NO_FIELDS: readonly string[] = Object.freeze([])

function isIterable(source: HeadersSource): source is Iterable<readonly [string, string]> {
  return typeof (source as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}

function notHeaders(given: unknown): TypeError {
  return wrongType('headers', "an object, such as { 'content-type': 'text/html' }, or pairs of name and value", given)
}
