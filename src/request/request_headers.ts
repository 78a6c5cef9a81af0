import { REQUEST_FIELD_COUNT, REQUEST_FIELDS, REQUEST_HEAD_OFFSET } from '../exchange/layout.js'
import type { RawBuffer } from '../exchange/raw_buffer.js'
import { coded } from '../runtime/errors.js'
import { INSPECT, type Inspect } from '../runtime/inspection.js'

/** Values of header fields that were read before, by name. */
export type FieldMemory = Map<string, string | null>

/** The place of a request's header fields: their offsets stand in the words of its event, from `eventAt` on. */
export interface FieldSource {
  /** @throws Error `ERR_REQUEST_ENDED` */
  event(): Int32Array
  readonly eventAt: number
  readonly eventBytes: RawBuffer
  /** Values that were read from byte-for-byte equal fields of an earlier request; undefined for new fields. */
  readonly fieldMemory: FieldMemory | undefined
}

/** An app may derive names from data, so the memory is bounded. */
const MAX_REMEMBERED = 64

/**
 * The header fields of a request, with the methods of fetch's `Headers`. Names are case-insensitive and are returned
 * in lower case. Several values of one name are joined by a comma (RFC 9110 §5.3), those of `cookie` by a semicolon
 * (RFC 6265 §5.4).
 *
 * You can pass it wherever `HeadersInit` is expected: `new Headers(req.headers)`, `fetch(url, { headers: req.headers
 * })`. It is immutable: `append`, `set` and `delete` throw a TypeError `ERR_HEADERS_IMMUTABLE`.
 */
export class RequestHeaders {
  readonly #source: FieldSource

  /** @internal */
  constructor(source: FieldSource) {
    this.#source = source
  }

  /** Returns the value of a field, or null when the request does not have it. */
  get(name: string): string | null {
    const words = this.#source.event()
    const memory = this.#source.fieldMemory
    const remembered = memory?.get(name)
    if (remembered !== undefined) return remembered
    const value = this.#read(words, name)
    if (memory !== undefined && memory.size < MAX_REMEMBERED) memory.set(name, value)
    return value
  }

  #read(words: Int32Array, name: string): string | null {
    const { eventAt: at, eventBytes: bytes } = this.#source
    const base = words[at + REQUEST_HEAD_OFFSET]
    const end = at + REQUEST_FIELDS + 2 * words[at + REQUEST_FIELD_COUNT]
    let value: string | null = null
    for (let place = at + REQUEST_FIELDS; place < end; place += 2) {
      if (!isName(words[place], name, bytes, base)) continue
      const next = textOf(words[place + 1], bytes, base)
      value = value === null ? next : value + separator(name) + next
    }
    return value
  }

  /** Whether the request has the field. */
  has(name: string): boolean {
    return this.get(name) !== null
  }

  /** Iterates over pairs of name and value, each name once, in the order in which they arrived. */
  *entries(): Generator<[string, string], undefined> {
    const { words, at, bytes, base, end } = this.#fields()
    const joined = new Map<string, string>()
    for (let place = at + REQUEST_FIELDS; place < end; place += 2) {
      const name = textOf(words[place], bytes, base).toLowerCase()
      const value = textOf(words[place + 1], bytes, base)
      const before = joined.get(name)
      joined.set(name, before === undefined ? value : before + separator(name) + value)
    }
    yield* joined
    return undefined
  }

  /** Returns the values of `set-cookie` fields, unjoined. Requests normally have none. */
  getSetCookie(): string[] {
    const fields = this.raw()
    return fields.filter((_, place) => place % 2 === 1 && fields[place - 1]?.toLowerCase() === 'set-cookie')
  }

  /** @throws TypeError `ERR_HEADERS_IMMUTABLE` */
  append(name: string, _value: string): never {
    throw immutable(name)
  }

  /** @throws TypeError `ERR_HEADERS_IMMUTABLE` */
  set(name: string, _value: string): never {
    throw immutable(name)
  }

  /** @throws TypeError `ERR_HEADERS_IMMUTABLE` */
  delete(name: string): never {
    throw immutable(name)
  }

  /**
   * The fields as they arrived: names at even places, values at odd ones.
   * @internal
   */
  raw(): string[] {
    const { words, at, bytes, base, end } = this.#fields()
    const fields: string[] = []
    for (let place = at + REQUEST_FIELDS; place < end; place += 1) fields.push(textOf(words[place], bytes, base))
    return fields
  }

  #fields() {
    const words = this.#source.event()
    const { eventAt: at, eventBytes: bytes } = this.#source
    const end = at + REQUEST_FIELDS + 2 * words[at + REQUEST_FIELD_COUNT]
    return { words, at, bytes, base: words[at + REQUEST_HEAD_OFFSET], end }
  }

  /** Iterates over the names, each once. */
  *keys(): Generator<string, undefined> {
    for (const [name] of this.entries()) yield name
    return undefined
  }

  /** Iterates over the values, in the order of `entries()`. */
  *values(): Generator<string, undefined> {
    for (const [, value] of this.entries()) yield value
    return undefined
  }

  /** Calls a function with each value and its name. */
  forEach(visit: (value: string, name: string, headers: RequestHeaders) => void, thisArg?: unknown): void {
    for (const [name, value] of this.entries()) visit.call(thisArg, value, name, this)
  }

  [Symbol.iterator](): Generator<[string, string], undefined> {
    return this.entries()
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this.entries())
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `RequestHeaders ${inspect(this.toJSON(), options)}`
  }
}

function immutable(name: string): TypeError {
  const sentence = `The header '${name}' of a request cannot be changed: change a copy, new Headers(req.headers).`
  return coded(new TypeError(sentence), 'ERR_HEADERS_IMMUTABLE')
}

function textOf(span: number, bytes: RawBuffer, base: number): string {
  const start = base + (span & 0xffff)
  return bytes.latin1Slice(start, start + (span >>> 16))
}

/**
 * Whether the bytes at an offset are this name in any case. Names are tokens, so comparing all but one bit is enough.
 */
function isName(span: number, name: string, bytes: RawBuffer, base: number): boolean {
  const length = span >>> 16
  if (length !== name.length) return false
  const start = base + (span & 0xffff)
  for (let index = 0; index < length; index += 1) {
    if (lower(bytes[start + index]) !== lower(name.charCodeAt(index))) return false
  }
  return true
}

function lower(character: number): number {
  return character >= 0x41 && character <= 0x5a ? character | 0x20 : character
}

function separator(name: string): string {
  return name.length === 6 && name.toLowerCase() === 'cookie' ? '; ' : ', '
}
