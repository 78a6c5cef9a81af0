import { REQUEST_FIELD_COUNT, REQUEST_FIELDS } from './layout.js'
import type { RawBuffer } from './raw_buffer.js'

/** Where the fields of a request lie: their spans in the words, and the head that the spans count from. */
export interface FieldSource {
  readonly words: Int32Array
  readonly at: number
  readonly bytes: RawBuffer
  readonly base: number
}

/**
 * The header fields of a request; reads like fetch's `Headers`. Names do not care about case and come back in lower
 * case. Values of one name are joined by a comma (RFC 9110 §5.3), those of `cookie` by a semicolon (RFC 6265 §5.4).
 */
export class RequestHeaders {
  readonly #source: () => FieldSource

  /** @internal */
  constructor(source: () => FieldSource) {
    this.#source = source
  }

  /** The value of a field, or null when there is none. */
  get(name: string): string | null {
    const { words, at, bytes, base } = this.#source()
    const end = at + REQUEST_FIELDS + 2 * words[at + REQUEST_FIELD_COUNT]
    let value: string | null = null
    for (let place = at + REQUEST_FIELDS; place < end; place += 2) {
      if (!isName(words[place], name, bytes, base)) continue
      const next = textOf(words[place + 1], bytes, base)
      value = value === null ? next : value + separator(name) + next
    }
    return value
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  /** Each name once, in the order in which they came, with its value. */
  *entries(): IterableIterator<[string, string]> {
    const { words, at, bytes, base } = this.#source()
    const end = at + REQUEST_FIELDS + 2 * words[at + REQUEST_FIELD_COUNT]
    const joined = new Map<string, string>()
    for (let place = at + REQUEST_FIELDS; place < end; place += 2) {
      const name = textOf(words[place], bytes, base).toLowerCase()
      const value = textOf(words[place + 1], bytes, base)
      const before = joined.get(name)
      joined.set(name, before === undefined ? value : before + separator(name) + value)
    }
    yield* joined
  }

  /**
   * As they came: names at even places, values at odd ones.
   * @internal
   */
  raw(): string[] {
    const { words, at, bytes, base } = this.#source()
    const end = at + REQUEST_FIELDS + 2 * words[at + REQUEST_FIELD_COUNT]
    const fields: string[] = []
    for (let place = at + REQUEST_FIELDS; place < end; place += 1) fields.push(textOf(words[place], bytes, base))
    return fields
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this.entries()) yield name
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this.entries()) yield value
  }

  forEach(visit: (value: string, name: string, headers: RequestHeaders) => void): void {
    for (const [name, value] of this.entries()) visit(value, name, this)
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries()
  }
}

function textOf(span: number, bytes: RawBuffer, base: number): string {
  const start = base + (span & 0xffff)
  return bytes.latin1Slice(start, start + (span >>> 16))
}

/** Whether the bytes of a span are this name, whatever its case. Names are tokens, so folding by one bit is enough. */
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
