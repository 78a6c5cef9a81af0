// One canonical path for everything that compares paths: routes, middleware prefixes and files. In servers where one
// part sees `/%61dmin` and another `/admin`, access control could be bypassed (CVE-2026-29087, CVE-2026-39406). A
// canonical path
//  - begins with '/' and contains no dot segment in any spelling (RFC 3986 §5.2.4);
//  - contains unreserved characters as themselves, characters that a path cannot contain as escapes, and escapes in
//    upper-case hex (RFC 3986 §6.2.2). `%2F` and `%5C` stay escapes and never separate segments;
//  - keeps empty segments and a trailing slash: `/a//b`, `/a/b` and `/a/b/` are three paths. Canonicalising is
//    idempotent.

/** The parts of a request target (RFC 9112 §3.2). */
export interface Target {
  /** The canonical path. */
  readonly path: string
  /** The raw query, without its `?`, or an empty string. */
  readonly search: string
}

const QUESTION_MARK = 0x3f
const SLASH = 0x2f
const DOT = 0x2e

const PLAIN = 0
const NEEDS_CARE = 1

/** For each ASCII character, whether a path that contains it may differ from its canonical form. */
const CHARACTERS = new Uint8Array(128).fill(NEEDS_CARE)
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/") {
  CHARACTERS[character.charCodeAt(0)] = PLAIN
}

/**
 * Parses a target in origin-form or absolute-form. A path that is canonical already costs one pass. Returns undefined
 * for other forms, broken escapes, escapes that are not UTF-8, and `%00`.
 */
export function parseTarget(target: string): Target | undefined {
  const origin = target.charCodeAt(0) === SLASH ? target : originForm(target)
  if (origin === undefined) return undefined

  let end = 0
  let canonical = true
  let previous = 0
  for (; end < origin.length; end += 1) {
    const character = origin.charCodeAt(end)
    if (character === QUESTION_MARK) break
    if (character > 127 || CHARACTERS[character] !== PLAIN || (character === DOT && previous === SLASH)) {
      canonical = false
    }
    previous = character
  }

  const raw = end === origin.length ? origin : origin.slice(0, end)
  const search = origin.slice(end + 1)
  if (canonical) return { path: raw, search }
  const path = canonicalPath(raw)
  return path === undefined ? undefined : { path, search }
}

/**
 * Parses a target with broken escapes: percent signs stand for themselves. The path is still canonical, so that
 * comparing it, or opening a file by it, is safe.
 */
export function literalTarget(target: string): Target {
  const origin = (target.charCodeAt(0) === SLASH ? target : originForm(target)) ?? '/'
  const mark = origin.indexOf('?')
  const raw = mark === -1 ? origin : origin.slice(0, mark)
  return { path: canonicalPath(raw.replaceAll('%', '%25')) ?? '/', search: mark === -1 ? '' : origin.slice(mark + 1) }
}

/** The canonical form of a path without query; undefined when its escapes are broken, not UTF-8, or contain NUL. */
export function canonicalPath(raw: string): string | undefined {
  const escaped = canonicalEscapes(raw)
  if (escaped === undefined) return undefined
  return escaped.includes('/.') ? withoutDotSegments(escaped) : escaped
}

/** An object with an empty prototype of its own is filled twice as fast as one without a prototype. */
const Params = function Params() {} as unknown as new () => Record<string, string>
Params.prototype = Object.create(null)

/**
 * The decoded params of a route, by name. The object inherits nothing, so a param called `__proto__` is like any
 * other. `values` were captured from a canonical path, so their escapes are valid.
 */
export function decodeParams(names: readonly string[], values: readonly string[]): Record<string, string> {
  const params = new Params()
  for (let index = 0; index < names.length; index += 1) {
    const value = values[index] as string
    params[names[index] as string] = value.includes('%') ? decodeURIComponent(value) : value
  }
  return params
}

/**
 * Converts `http://host/path?query` to `/path?query` (RFC 9112 §3.2.2); undefined for authority-form and
 * asterisk-form.
 */
function originForm(target: string): string | undefined {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(target)
  if (scheme === null) return undefined
  const rest = target.slice(scheme[0].length)
  const authorityEnd = rest.search(/[/?]/)
  if (authorityEnd === -1) return '/'
  return rest[authorityEnd] === '/' ? rest.slice(authorityEnd) : `/${rest.slice(authorityEnd)}`
}

const ESCAPE_OR_FOREIGN = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/gu
const UNRESERVED = /[A-Za-z0-9\-._~]/

function canonicalEscapes(raw: string): string | undefined {
  try {
    // decodeURIComponent validates the escapes: it throws for broken ones and for invalid UTF-8.
    if (decodeURIComponent(raw).includes('\0')) return undefined
    return raw.replace(ESCAPE_OR_FOREIGN, (match) => {
      if (match.length < 3) return encodeURIComponent(match)
      const character = String.fromCharCode(Number.parseInt(match.slice(1), 16))
      return UNRESERVED.test(character) ? character : match.toUpperCase()
    })
  } catch {
    return undefined
  }
}

/** RFC 3986 §5.2.4. `..` at the root stays at the root: `/../a` is `/a`. */
function withoutDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.slice(1).split('/')
  for (const [index, segment] of segments.entries()) {
    const dots = segment === '.' || segment === '..'
    if (segment === '..') kept.pop()
    if (!dots) kept.push(segment)
    // `/a/.` and `/a/b/..` name a folder, so the result ends with a slash.
    else if (index === segments.length - 1) kept.push('')
  }
  return `/${kept.join('/')}`
}
