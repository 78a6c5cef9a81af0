import { fieldName } from '../fields/header_rules.js'
import { INSPECT, type Inspect } from '../runtime/inspection.js'

/** The fields of a received request. */
export interface ReceivedFields {
  get(name: string): string | null
  /** Names at even indexes, values at odd indexes. */
  raw(): string[]
}

/** Matches a value that is invalid, or has white space at its ends. */
const TO_LOOK_AT = /[^\t\x20-\x7e\x80-\xff]|^[\t ]|[\t ]$/
const FORBIDDEN = /[\0\r\n]/
const NO_BYTE = /[^\0-\xff]/

/**
 * Normalizes and checks the value of a field as fetch's `Headers` does.
 * @throws TypeError
 */
export function headerValue(name: string, value: unknown): string {
  // Not String(), which takes a symbol.
  const text = typeof value === 'string' ? value : `${value as string}`
  if (!TO_LOOK_AT.test(text)) return text
  const trimmed = withoutOuterSpace(text)
  if (FORBIDDEN.test(trimmed) || NO_BYTE.test(trimmed)) {
    throw new TypeError(`The value of the header '${name}' holds a character that no header can carry.`)
  }
  return trimmed
}

/** In linear time, which a regular expression does not have for a long run of spaces within the text. */
function withoutOuterSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start += 1
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isSpace(character: number): boolean {
  return character === 0x20 || character === 0x09 || character === 0x0a || character === 0x0d
}

/** Fields: names in lower case at even indexes, values at odd indexes; one `set-cookie` for each cookie. */
export type FieldList = string[]

export function appendTo(list: FieldList, name: string, value: unknown): void {
  const lowerCase = lowerCaseOf(name)
  const text = headerValue(lowerCase, value)
  const place = lowerCase === 'set-cookie' ? -1 : placeOf(list, lowerCase)
  if (place === -1) list.push(lowerCase, text)
  else list[place + 1] = `${list[place + 1]}${lowerCase === 'cookie' ? '; ' : ', '}${text}`
}

/** @throws TypeError */
function lowerCaseOf(name: unknown): string {
  return fieldName(typeof name === 'string' ? name : `${name as string}`)
}

export function placeOf(list: readonly string[], name: string): number {
  for (let place = 0; place < list.length; place += 2) if (list[place] === name) return place
  return -1
}

/**
 * Copies a `HeadersInit` into a list.
 * @throws TypeError
 */
export function listOf(source: unknown): FieldList {
  const own = FetchHeaders.listIn(source)
  if (own !== undefined) return own.slice()
  if ((typeof source !== 'object' && typeof source !== 'function') || source === null) {
    throw new TypeError('Headers are an object, a list of pairs, or Headers.')
  }
  const list: FieldList = []
  if (typeof (source as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function') {
    for (const pair of source as Iterable<unknown>) {
      const isList = typeof pair === 'object' && pair !== null
      const [name, value, ...more] = isList ? (pair as Iterable<unknown>) : []
      if (value === undefined || more.length > 0) throw new TypeError('A header in a list is a pair of name and value.')
      appendTo(list, name as string, value)
    }
    return list
  }
  for (const name of Object.keys(source)) appendTo(list, name, (source as Record<string, unknown>)[name])
  return list
}

/**
 * A light `Headers`, which is `instanceof Headers`. The fields of a request are read from its bytes, and are copied into a
 * list when they are iterated or changed.
 */
export class FetchHeaders {
  #list: FieldList | undefined
  readonly #received: ReceivedFields | undefined

  /** The list is not copied: the caller shares it. */
  constructor(list: FieldList | undefined, received?: ReceivedFields) {
    this.#list = list
    this.#received = received
  }

  /** The list of a FetchHeaders; undefined for other values. */
  static listIn(headers: unknown): readonly string[] | undefined {
    return typeof headers === 'object' && headers !== null && #list in headers
      ? (headers as FetchHeaders).#fields
      : undefined
  }

  get #fields(): FieldList {
    if (this.#list === undefined) {
      this.#list = []
      const raw = this.#received?.raw() ?? []
      for (let place = 0; place < raw.length; place += 2) appendTo(this.#list, raw[place] as string, raw[place + 1])
    }
    return this.#list
  }

  get(name: string): string | null {
    const lowerCase = lowerCaseOf(name)
    if (this.#list === undefined && this.#received !== undefined) return this.#received.get(lowerCase)
    const list = this.#fields
    if (lowerCase === 'set-cookie') return this.has(lowerCase) ? this.getSetCookie().join(', ') : null
    const place = placeOf(list, lowerCase)
    return place === -1 ? null : (list[place + 1] as string)
  }

  has(name: string): boolean {
    const lowerCase = lowerCaseOf(name)
    if (this.#list === undefined && this.#received !== undefined) return this.#received.get(lowerCase) !== null
    return placeOf(this.#fields, lowerCase) !== -1
  }

  getSetCookie(): string[] {
    return this.#fields.filter((_, place, list) => place % 2 === 1 && list[place - 1] === 'set-cookie')
  }

  append(name: string, value: string): void {
    appendTo(this.#fields, name, value)
  }

  set(name: string, value: string): void {
    const lowerCase = lowerCaseOf(name)
    const text = headerValue(lowerCase, value)
    const list = this.#fields
    const place = placeOf(list, lowerCase)
    if (place === -1) {
      list.push(lowerCase, text)
      return
    }
    list[place + 1] = text
    if (lowerCase === 'set-cookie') remove(list, lowerCase, place + 2)
  }

  delete(name: string): void {
    remove(this.#fields, lowerCaseOf(name), 0)
  }

  forEach(visit: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void {
    if (typeof visit !== 'function') throw new TypeError('forEach() takes a function.')
    for (const [name, value] of this.entries()) visit.call(thisArg, value, name, this as unknown as Headers)
  }

  /** Sorted by name, as fetch requires. */
  *entries(): Generator<[string, string], undefined> {
    const list = this.#fields
    const pairs: [string, string][] = []
    for (let place = 0; place < list.length; place += 2) pairs.push([list[place] as string, list[place + 1] as string])
    pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    yield* pairs
    return undefined
  }

  *keys(): Generator<string, undefined> {
    for (const [name] of this.entries()) yield name
    return undefined
  }

  *values(): Generator<string, undefined> {
    for (const [, value] of this.entries()) yield value
    return undefined
  }

  [Symbol.iterator](): Generator<[string, string], undefined> {
    return this.entries()
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Headers ${inspect(Object.fromEntries(this.entries()), options)}`
  }
}

function remove(list: FieldList, name: string, from: number): void {
  for (let place = list.length - 2; place >= from; place -= 2) if (list[place] === name) list.splice(place, 2)
}
