import { INSPECT, type Inspect } from '../runtime/inspection.js'
import { fieldName, fieldValue } from './header_rules.js'

/** A value of a header field; a list becomes a field of several values, or several `set-cookie` fields. */
export type HeaderValue = string | number | readonly string[]

/** Whatever header fields can be given as: a record, pairs, fetch's `Headers`, or `ReplyHeaders`. */
export type HeadersSource = Readonly<Record<string, HeaderValue>> | Iterable<readonly [string, string]>

/**
 * The header fields of a reply. It reads and writes like fetch's `Headers`: names do not care about case and come back
 * in lower case, values of one name are joined by a comma, `set-cookie` fields stay apart. Fields keep the order in
 * which they were first set.
 *
 * Names are sent as they were written where the field was set, for clients that care about case against RFC 9110 §5.1; a
 * value that is added leaves the name as it is. The server writes `Date`, `Content-Length`, `Connection` and the usual
 * values of `Content-Type` in its own way.
 *
 * `content-length` may be given (the server checks that it agrees with the body), and `connection: close` asks for the
 * connection to be closed after this reply. The other fields of connection and framing are the server's.
 *
 * Every method that takes a name or a value throws a TypeError that says which header is wrong:
 * `ERR_INVALID_HEADER_NAME`, `ERR_INVALID_HEADER_VALUE` or `ERR_FRAMING_HEADER`.
 */
export class ReplyHeaders {
  // Of each field its name in lower case, its value, and its name as it was written. Most replies have none or a few, for
  // which a scan beats a Map.
  #fields: string[] | undefined
  // The list belongs to others, too: it is copied before it is changed.
  #shared = false

  constructor(source?: HeadersSource) {
    if (source === undefined) return
    // What these hold was checked, and most replies that are made from them never change it.
    if (source instanceof ReplyHeaders) {
      this.#fields = source.#fields
      this.#shared = source.#shared = this.#fields !== undefined
    } else this.#addAll(source)
  }

  /** The value of a field, or null when there is none. Several `set-cookie` are joined: see `getSetCookie`. */
  get(name: string): string | null {
    const lowerCase = fieldName(name)
    if (lowerCase === 'set-cookie') return this.has(lowerCase) ? this.getSetCookie().join(', ') : null
    const place = this.#find(lowerCase)
    return place === -1 ? null : ((this.#fields as string[])[place + 1] as string)
  }

  /** The values of all `set-cookie` fields, in order. */
  getSetCookie(): string[] {
    const cookies: string[] = []
    for (const [name, value] of this) if (name === 'set-cookie') cookies.push(value)
    return cookies
  }

  /** Whether there is such a field. */
  has(name: string): boolean {
    return this.#find(fieldName(name)) !== -1
  }

  /** Makes this the only value of a field. */
  set(name: string, value: string | number): void {
    const lowerCase = fieldName(name)
    const text = fieldValue(lowerCase, value)
    if (lowerCase === 'set-cookie') this.delete(lowerCase)
    this.#put(lowerCase, text, name)
  }

  /** Adds a value to those that the field has. */
  append(name: string, value: string | number): void {
    const lowerCase = fieldName(name)
    const place = lowerCase === 'set-cookie' ? -1 : this.#find(lowerCase)
    const present = place === -1 ? null : (this.flat()[place + 1] as string)
    // A joined value is checked as a whole: a second content-length makes no number.
    const text = fieldValue(lowerCase, present === null ? value : joined(present, value))
    if (place === -1) this.#push(lowerCase, text, name)
    else (this.#own() as string[])[place + 1] = text
  }

  /** Removes all fields of this name. */
  delete(name: string): void {
    const lowerCase = fieldName(name)
    for (let place = this.#find(lowerCase); place !== -1; place = this.#find(lowerCase)) {
      this.#own()?.splice(place, EACH)
    }
  }

  /** Each field as it is sent. */
  entries(): IterableIterator<[string, string]> {
    return this[Symbol.iterator]()
  }

  /** Each field as it is sent: one pair of name and value for each line, `set-cookie` once for each cookie. */
  *[Symbol.iterator](): IterableIterator<[string, string]> {
    const fields = this.flat()
    for (let place = 0; place < fields.length; place += EACH)
      yield [fields[place] as string, fields[place + 1] as string]
  }

  /** Appends fields, with their names as they were written. @internal */
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
   * The fields as the encoder takes them: for each its name in lower case, its value, and its name as it was written. Not
   * a copy: only to be read.
   * @internal
   */
  flat(): readonly string[] {
    return this.#fields ?? NO_FIELDS
  }

  #addAll(source: HeadersSource): void {
    if (isIterable(source)) {
      for (const [name, value] of source) this.append(name, value)
      return
    }
    for (const name of Object.keys(source)) {
      const value = source[name] as HeaderValue
      if (typeof value === 'object' && value !== null) for (const one of value) this.append(name, one)
      else this.append(name, value as string | number)
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

/** RFC 9110 §5.6.1.1: no element of a list that is sent is empty. */
function joined(present: string, value: string | number): string | number {
  if (value === '' || present === '') return present || value
  return `${present}, ${value}`
}

/** What there is of each field in the list. */
const EACH = 3

const NO_FIELDS: readonly string[] = Object.freeze([])

function isIterable(source: HeadersSource): source is Iterable<readonly [string, string]> {
  return typeof (source as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}
