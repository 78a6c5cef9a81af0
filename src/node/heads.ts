// Heads of requests: method, target and field lines. The native side numbers heads that it has received before, and
// field sections that it has received with another target. Each of them is read once.
import type { Block } from '../exchange/exchange.js'
import {
  FLAG_NEWLY_KNOWN,
  REQUEST_FIELD_COUNT,
  REQUEST_FIELDS,
  REQUEST_FLAGS,
  REQUEST_HEAD_LENGTH,
  REQUEST_HEAD_OFFSET,
  REQUEST_KNOWN,
  REQUEST_KNOWN_FIELDS,
  REQUEST_TARGET,
} from '../exchange/layout.js'
import { methodAt } from '../request/request.js'

/** A head that was copied out of its block. Immutable. */
export interface Head {
  readonly method: string
  readonly url: string
  readonly fields: Fields
}

/** Field lines. Requests with the same fields share them. */
export interface Fields {
  /** Names at even indexes, values at odd indexes, as in `rawHeaders`. */
  readonly raw: readonly string[]
  readonly hasHost: boolean
  /** The value of `IncomingMessage.headers`, after its first use. Each request gets a copy. */
  joined: Readonly<Record<string, string | string[] | undefined>> | undefined
}

export class Heads {
  readonly #known: (Head | undefined)[] = []
  readonly #knownFields: (Fields | undefined)[] = []

  /** The head of the request event at the word `at`. */
  at(block: Block, at: number): Head {
    const { words } = block
    const number = words[at + REQUEST_KNOWN]
    if (number === 0) return readHead(block, at, this.#fields(block, at))
    const isNew = (words[at + REQUEST_FLAGS] & FLAG_NEWLY_KNOWN) !== 0
    let head = isNew ? undefined : this.#known[number]
    if (head === undefined) {
      head = readHead(block, at, readFields(block, at))
      this.#known[number] = head
    }
    return head
  }

  #fields(block: Block, at: number): Fields {
    const { words } = block
    const number = words[at + REQUEST_KNOWN_FIELDS]
    if (number === 0) return readFields(block, at)
    const isNew = (words[at + REQUEST_FLAGS] & FLAG_NEWLY_KNOWN) !== 0
    let fields = isNew ? undefined : this.#knownFields[number]
    if (fields === undefined) {
      fields = readFields(block, at)
      this.#knownFields[number] = fields
    }
    return fields
  }
}

function readHead({ words, bytes }: Block, at: number, fields: Fields): Head {
  const head = words[at + REQUEST_HEAD_OFFSET]
  const span = words[at + REQUEST_TARGET]
  const start = head + (span & 0xffff)
  const url = bytes.latin1Slice(start, start + (span >>> 16))
  return { method: methodAt(words, at, bytes, head), url, fields }
}

/** Decodes all fields at once. Slices of the decoded text are cheaper than a call into the runtime for each field. */
function readFields({ words, bytes }: Block, at: number): Fields {
  const count = words[at + REQUEST_FIELD_COUNT]
  const raw: string[] = []
  if (count === 0) return { raw, hasHost: false, joined: undefined }
  const head = words[at + REQUEST_HEAD_OFFSET]
  const first = words[at + REQUEST_FIELDS] & 0xffff
  const text = bytes.latin1Slice(head + first, head + words[at + REQUEST_HEAD_LENGTH])
  for (let word = at + REQUEST_FIELDS, end = word + 2 * count; word < end; word += 1) {
    const span = words[word]
    const length = span >>> 16
    const start = (span & 0xffff) - first
    raw.push(length === 0 ? '' : text.slice(start, start + length))
  }
  return { raw, hasHost: hasHost(raw), joined: undefined }
}

function hasHost(raw: readonly string[]): boolean {
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string
    if (name.length === 4 && name.toLowerCase() === 'host') return true
  }
  return false
}

/** Converts a trailer section, which consists of complete field lines, to the form of `rawTrailers`. */
export function rawTrailers(lines: string): string[] {
  const raw: string[] = []
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) raw.push(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return raw
}
