// RFC 9112 §§6 and 7: a body by its length, or in chunks.

import { readField, readLines } from './book_of_heads.js'
import type { RuleName } from './rules.js'

export interface Body {
  readonly text: string
  readonly end: number
  readonly incomplete: boolean
  readonly broken: readonly RuleName[]
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"'
const EXTENSIONS = new RegExp(`^(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*$`)
const MOST_BODY_BYTES = 1024 * 1024
const MOST_SIZE = 2n ** 64n

export class BodyReader {
  readonly #bytes: string
  #at: number
  #text = ''

  constructor(bytes: string, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  read({ chunked, length }: { chunked: boolean; length: number }): Body {
    if (chunked) return this.#chunks()
    if (length > MOST_BODY_BYTES) return this.#body(false, 'a body that is too large')
    this.#text = this.#bytes.slice(this.#at, this.#at + length)
    this.#at += length
    return this.#body(this.#at > this.#bytes.length)
  }

  #chunks(): Body {
    for (;;) {
      const end = this.#bytes.indexOf('\r\n', this.#at)
      const line = this.#bytes.slice(this.#at, end === -1 ? undefined : end)
      const [digits = ''] = /^[0-9A-Fa-f]*/.exec(line) as RegExpExecArray
      if (digits === '' && line !== '') return this.#body(false, 'an invalid chunk size')
      if (end === -1) return this.#endInside(line)
      const complaint = this.#judgeSizeLine(digits, line.slice(digits.length))
      if (complaint !== undefined) return this.#body(false, complaint)
      const size = Number.parseInt(digits, 16)
      this.#at = end + 2
      if (size === 0) return this.#trailers()
      this.#text += this.#bytes.slice(this.#at, this.#at + size)
      this.#at += size
      if (size > MOST_BODY_BYTES) return this.#body(true, 'a body that is too large')
      if (this.#at >= this.#bytes.length) return this.#body(true)
      const behind = this.#bytes.slice(this.#at, this.#at + 2)
      if (!'\r\n'.startsWith(behind)) return this.#body(false, 'no CRLF behind a chunk')
      if (behind.length < 2) return this.#body(true)
      this.#at += 2
    }
  }

  #judgeSizeLine(digits: string, rest: string): RuleName | undefined {
    if (digits === '' || BigInt(`0x${digits}`) >= MOST_SIZE) return 'an invalid chunk size'
    if (rest === '') return undefined
    if (/[\r\n]/.test(rest)) return 'a bare CR or LF'
    if (!rest.startsWith(';')) return 'an invalid chunk size'
    return EXTENSIONS.test(rest) ? undefined : 'an invalid chunk extension'
  }

  /** The bytes end inside a chunk size line. What is wrong with it already is wrong all the same. */
  #endInside(line: string): Body {
    return /[\n]|\r(?!$)/.test(line) ? this.#body(false, 'a bare CR or LF') : this.#body(true)
  }

  #trailers(): Body {
    const { lines, end } = readLines(this.#bytes, this.#at)
    const complete = end === undefined ? lines.slice(0, -1) : lines
    const fields = complete.map(readField)
    const broken = fields.filter((field) => typeof field === 'string')
    if (end === undefined && /[\n]|\r(?!$)/.test(lines.at(-1) ?? '')) broken.push('a bare CR or LF')
    if (broken.length > 0) return this.#body(false, ...broken, 'an invalid trailer')
    const frames = fields.some(([name]) => name === 'content-length' || name === 'transfer-encoding')
    if (frames) return this.#body(false, 'a trailer that would frame')
    this.#at = end ?? this.#bytes.length
    return this.#body(end === undefined)
  }

  #body(incomplete: boolean, ...broken: RuleName[]): Body {
    return { text: this.#text, end: this.#at, incomplete, broken }
  }
}
