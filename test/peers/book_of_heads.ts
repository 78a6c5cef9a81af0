// RFC 9112 §§2, 3, 5 and 6: the head of a request, and what it says about its body.

import { isIPv6 } from 'node:net'
import type { RuleName, Trait } from './rules.js'

export interface Head {
  readonly method: string
  readonly target: string
  readonly host: string
  readonly chunked: boolean
  readonly length: number
  /** No request follows it on its connection. */
  readonly last: boolean
  /** The bytes end before it does. */
  readonly incomplete: boolean
  /** Where the body begins. */
  readonly end: number
  readonly broken: readonly RuleName[]
  readonly traits: readonly Trait[]
}

const MOST_FIELDS = 100
const MOST_TARGET_BYTES = 8 * 1024
const MOST_HEAD_BYTES = 16 * 1024

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([^ ]+) (.*)$`, 's')
const FIELD_LINE = new RegExp(`^(${TOKEN}):[\\t ]*(.*?)[\\t ]*$`, 's')
const LOOSE_NAME = new RegExp(`^${TOKEN}[\\t ]+:`)
// biome-ignore lint/suspicious/noControlCharactersInRegex: the tab belongs to it.
const FIELD_VALUE = /^[\x09\x20-\x7e\x80-\xff]*$/
// RFC 3986 §3.3 and §3.4, and brackets.
const TARGET = /^[A-Za-z0-9\-._~%!$&'()*+,;=:@/?[\]]+$/
const AUTHORITY = /^(?:\[(?<literal>[^%\]]+)\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-7][0-9A-Fa-f])+)(?::(?<port>\d*))?$/

/** By RFC 3986 §3.2, and such that a URL can be made of it, which is Node's to say. */
function isAuthority(host: string): boolean {
  const found = AUTHORITY.exec(host)
  const literal = found?.groups?.literal
  return found !== null && (literal === undefined || isIPv6(literal)) && URL.canParse(`http://${host}/`)
}

/** RFC 9110 §9.3.6. */
function leadsSomewhere(target: string): boolean {
  return isAuthority(target) && Number(AUTHORITY.exec(target)?.groups?.port) > 0
}

const CODINGS = /^(?:x-)?(?:gzip|compress)$|^(?:deflate|identity|br|zstd)$/i

/** The head that begins at a place, or undefined where there is nothing more than empty lines. */
export function readHead(bytes: string, from: number): Head | undefined {
  const start = behindEmptyLines(bytes, from)
  return start === bytes.length ? undefined : new HeadReader().read(bytes, start)
}

/** RFC 9112 §2.2: empty lines before a request are passed over. A lone LF may be taken for a line's end, and is not. */
function behindEmptyLines(bytes: string, from: number): number {
  let at = from
  while (bytes.startsWith('\r\n', at)) at += 2
  return at
}

/** The lines of a section from a place to its empty line, and where it ends; undefined where there is no empty line. */
export function readLines(bytes: string, from: number): { lines: string[]; end: number | undefined } {
  const lines: string[] = []
  for (let at = from; ; ) {
    const end = bytes.indexOf('\r\n', at)
    if (end === -1) return { lines: [...lines, bytes.slice(at)], end: undefined }
    if (end === at) return { lines, end: end + 2 }
    lines.push(bytes.slice(at, end))
    at = end + 2
  }
}

/** The name and the value of a field line, or the rule that it breaks. */
export function readField(line: string): readonly [name: string, value: string] | RuleName {
  if (/[\r\n]/.test(line)) return 'a bare CR or LF'
  if (/^[\t ]/.test(line)) return 'a folded field'
  if (LOOSE_NAME.test(line)) return 'white space before a colon'
  const [, name, value] = FIELD_LINE.exec(line) ?? []
  if (name === undefined || value === undefined) return 'a malformed field line'
  return FIELD_VALUE.test(value) ? [name.toLowerCase(), value] : 'a character that no field value has'
}

class HeadReader {
  readonly #broken: RuleName[] = []
  readonly #traits: Trait[] = []
  readonly #fields: (readonly [name: string, value: string])[] = []
  #method = ''
  #target = ''
  #http10 = false

  read(bytes: string, start: number): Head {
    const { lines, end } = readLines(bytes, start)
    const [requestLine = '', ...fieldLines] = lines
    const complete = end !== undefined ? fieldLines : fieldLines.slice(0, -1)
    if (end !== undefined || lines.length > 1) this.#requestLine(requestLine)
    else if (/[\r\n]/.test(requestLine)) this.#broken.push('a bare CR or LF')
    for (const line of complete) this.#fieldLine(line)
    const unfinished = end === undefined ? (fieldLines.at(-1) ?? '') : ''
    if (/[\n]|\r(?!$)/.test(unfinished)) this.#broken.push('a bare CR or LF')
    if (end === undefined) return this.#head(bytes.length, true, 0, false)
    this.#limits(end - start)
    const host = this.#host()
    const { length, chunked } = this.#framing()
    this.#expectation()
    return { ...this.#head(end, false, length, chunked), host }
  }

  #head(end: number, incomplete: boolean, length: number, chunked: boolean): Head {
    return {
      method: this.#method,
      target: this.#target,
      host: '',
      chunked,
      length,
      last: this.#isLast(),
      incomplete,
      end,
      broken: this.#broken,
      traits: this.#traits,
    }
  }

  #requestLine(line: string): void {
    if (/[\r\n]/.test(line)) this.#broken.push('a bare CR or LF')
    const [, method, target, version] = REQUEST_LINE.exec(line) ?? []
    if (method === undefined || target === undefined || version === undefined) {
      this.#broken.push('a malformed request line')
      return
    }
    this.#method = method
    this.#target = target
    if (/[a-z]/.test(method)) this.#broken.push('a method in lower case')
    else if (!/^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH)$/.test(method))
      this.#traits.push('a method beyond the common ones')
    if (method === 'TRACE') this.#traits.push('TRACE')
    if (/^HTTP\/\d\.\d$/.test(version)) {
      if (!/^HTTP\/1\.[01]$/.test(version)) this.#broken.push('an unknown version')
    } else this.#broken.push('a malformed version')
    this.#http10 = version === 'HTTP/1.0'
    if (this.#http10) this.#traits.push('HTTP/1.0')
    if (target.length > MOST_TARGET_BYTES) this.#broken.push('a target that is too long')
    this.#judgeTarget()
  }

  #judgeTarget(): void {
    const target = this.#target
    if (leadsAboveRoot(target)) this.#traits.push('a path that leads above the root')
    const authority = this.#authorityOfTarget()
    if (target === '*') this.#traits.push('asterisk-form')
    if (/^https:/i.test(target)) this.#broken.push('a scheme that takes a secured connection')
    const fits =
      this.#method === 'CONNECT'
        ? leadsSomewhere(target)
        : target === '*'
          ? this.#method === 'OPTIONS'
          : target.startsWith('/') || (authority !== undefined && isAuthority(authority))
    if (!fits || !TARGET.test(target)) this.#broken.push('an invalid target')
  }

  #authorityOfTarget(): string | undefined {
    return /^https?:\/\/([^/?]*)/i.exec(this.#target)?.[1]
  }

  #fieldLine(line: string): void {
    const field = readField(line)
    if (typeof field === 'string') this.#broken.push(field)
    else this.#fields.push(field)
    if (/^(?:host|content-length|connection):.*\t/i.test(line)) this.#traits.push('a tab beside a value')
    // To some servers a tab is white space around the coding, to others a part of its name: brink takes none.
    if (/^transfer-encoding:.*\t/i.test(line)) this.#broken.push('an invalid Transfer-Encoding')
  }

  #limits(size: number): void {
    if (this.#fields.length > MOST_FIELDS || size > MOST_HEAD_BYTES) this.#broken.push('too many fields, or too large')
  }

  #values(name: string): string[] {
    return this.#fields.filter((field) => field[0] === name).map(([, value]) => value)
  }

  #host(): string {
    const [host, another] = this.#values('host')
    if (another !== undefined) this.#broken.push('several Hosts')
    if (host === undefined) {
      if (!this.#http10) this.#broken.push('no Host')
      return ''
    }
    if (!isAuthority(host)) this.#broken.push('an invalid Host')
    if (/^\.|\.\./.test(host)) this.#traits.push('a Host with empty labels')
    const target = this.#authorityOfTarget()
    const place = (authority: string) => authority.toLowerCase().replace(/:(?:80)?$/, '')
    if (target !== undefined && place(target) !== place(host)) this.#broken.push('a Host other than the target says')
    return host
  }

  #framing(): { length: number; chunked: boolean } {
    const lengths = this.#values('content-length')
    const codings = this.#values('transfer-encoding')
    if (lengths.length > 1) this.#broken.push('several Content-Lengths')
    for (const length of lengths) {
      // More digits than a number of 64 bits has are a trap for somebody, be they zeros.
      if (!/^\d{1,19}$/.test(length)) this.#broken.push('an invalid Content-Length')
    }
    if (codings.length === 0) return { length: Number(lengths[0] ?? 0), chunked: false }
    if (lengths.length > 0) this.#broken.push('Content-Length and Transfer-Encoding')
    if (codings.length > 1) this.#broken.push('several Transfer-Encodings')
    if (this.#http10) this.#broken.push('Transfer-Encoding in HTTP/1.0')
    for (const coding of codings) this.#coding(coding)
    return { length: 0, chunked: true }
  }

  #coding(value: string): void {
    if (/^chunked$/i.test(value)) return
    const [final = '', ...others] = value.split(/[\t ]*,[\t ]*/).reverse()
    // §6.3: where chunked is not the last, nobody can tell where the body ends.
    const isKnown = /^chunked$/i.test(final) && others.every((coding) => CODINGS.test(coding))
    this.#broken.push(isKnown ? 'a coding that is not spoken' : 'an invalid Transfer-Encoding')
  }

  #expectation(): void {
    for (const value of this.#values('expect')) {
      // A list, in which empty elements say nothing (RFC 9110 §5.6.1.2).
      const said = value.split(/[\t ]*,[\t ]*/).filter((expectation) => expectation !== '')
      if (said.length !== 1) this.#traits.push('an Expect with nothing in it, or with the same twice')
      if (!said.every((expectation) => /^100-continue$/i.test(expectation))) this.#broken.push('an unknown expectation')
    }
  }

  /** RFC 9112 §9.3. */
  #isLast(): boolean {
    const options = this.#values('connection').flatMap((value) => value.toLowerCase().split(/[\t ]*,[\t ]*/))
    if (options.length > 1 || !/^(close|keep-alive)?$/.test(options.join()))
      this.#traits.push('an unusual Connection field')
    if (this.#values('proxy-connection').length > 0) this.#traits.push('a Proxy-Connection field')
    if (options.includes('close')) return true
    return this.#http10 && !options.includes('keep-alive')
  }
}

function leadsAboveRoot(target: string): boolean {
  let depth = 0
  const [path = ''] = target.split('?', 1)
  for (const segment of path.replace(/%2e/gi, '.').split('/')) {
    if (segment === '..') depth -= 1
    else if (segment !== '.' && segment !== '') depth += 1
    if (depth < 0) return true
  }
  return false
}
