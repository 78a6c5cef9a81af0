import { canonicalPath } from '../fields/path.js'
import { coded } from '../runtime/errors.js'

/**
 * One segment of a pattern: text to be equal to, `:param` for one non-empty segment, or `*wildcard` for the rest. In text a
 * colon or an asterisk is written with a backslash before it: `/books\\:batch` is for `/books:batch`.
 */
export type Segment =
  | { readonly kind: 'static'; readonly text: string }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'wildcard'; readonly name: string }

/** Whether a path that matches a pattern also starts with a prefix. */
export type Relation = 'always' | 'never' | 'sometimes'

const NAME = /^[A-Za-z_$][\w$]*$/

/**
 * Reads the pattern of a route. Static segments are canonicalised as paths are: `/café` matches `/caf%C3%A9`.
 * @throws TypeError `ERR_INVALID_ROUTE` that says what was expected
 */
export function parsePattern(pattern: string): readonly Segment[] {
  if (typeof pattern !== 'string' || !pattern.startsWith('/')) {
    throw invalidPattern(pattern, "a path begins with '/'")
  }
  const segments = pattern.slice(1).split('/')
  const parsed = segments.map((segment, index) => parseSegment(pattern, segment, index === segments.length - 1))
  return withDistinctNames(parsed)
}

/**
 * Reads the prefix of a middleware or of a mounted router: a pattern without a wildcard, that matches whole segments.
 * `/admin`, `/admin/` and `/admin/*` say the same, and `/` is every path.
 */
export function parsePrefix(prefix: string): readonly Segment[] {
  const segments = [...parsePattern(prefix)]
  const last = segments.at(-1)
  if ((last?.kind === 'wildcard' && last.name === '*') || (last?.kind === 'static' && last.text === '')) segments.pop()
  if (segments.some(({ kind }) => kind === 'wildcard')) {
    throw invalidPattern(prefix, 'a prefix takes no wildcard, as it matches all that is below it')
  }
  return segments
}

/**
 * A route's segments below a prefix. The `/` of a router that is mounted at `/users` is `/users`, not `/users/`.
 * @throws TypeError `ERR_INVALID_ROUTE` when both have a param of one name
 */
export function joinSegments(prefix: readonly Segment[], segments: readonly Segment[]): readonly Segment[] {
  const [first] = segments
  const isRoot = segments.length === 1 && first?.kind === 'static' && first.text === ''
  return isRoot && prefix.length > 0 ? prefix : withDistinctNames([...prefix, ...segments])
}

/** The pattern that segments were read from, in its canonical spelling. */
export function patternText(segments: readonly Segment[]): string {
  return `/${segments.map(segmentText).join('/')}`
}

/** The one path that a pattern matches; undefined when it matches several. */
export function onlyPath(segments: readonly Segment[]): string | undefined {
  const texts = segments.map((segment) => (segment.kind === 'static' ? segment.text : undefined))
  return texts.includes(undefined) ? undefined : `/${texts.join('/')}`
}

/** The names of a pattern's params, in the order in which a path gives their values. */
export function paramNames(segments: readonly Segment[]): string[] {
  return segments.flatMap((segment) => (segment.kind === 'static' ? [] : [segment.name]))
}

/** Whether the paths that match `pattern` start with `prefix`: known without a path in all but the odd case. */
export function relationOf(prefix: readonly Segment[], pattern: readonly Segment[]): Relation {
  let relation: Relation = 'always'
  for (const [index, wanted] of prefix.entries()) {
    const given = pattern[index]
    if (given === undefined) return 'never'
    if (given.kind === 'wildcard') return 'sometimes'
    if (given.kind === 'static') {
      if (!matchesSegment(wanted, given.text)) return 'never'
    } else if (wanted.kind === 'static') {
      relation = 'sometimes'
    }
  }
  return relation
}

/** Whether a canonical path starts with a prefix, segment by segment: `/admin` starts `/admin/x` but not `/administer`. */
export function startsWith(path: string, prefix: readonly Segment[]): boolean {
  let start = 1
  for (const segment of prefix) {
    if (start > path.length) return false
    const slash = path.indexOf('/', start)
    const end = slash === -1 ? path.length : slash
    if (!matchesSegment(segment, path.slice(start, end))) return false
    start = end + 1
  }
  return true
}

/** The error of a route that cannot be. */
export function invalidRoute(sentence: string): TypeError {
  return coded(new TypeError(sentence), 'ERR_INVALID_ROUTE')
}

function withDistinctNames(segments: readonly Segment[]): readonly Segment[] {
  const names = paramNames(segments)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return segments
  throw invalidPattern(patternText(segments), `it has two params called '${twice}'`)
}

function parseSegment(pattern: string, segment: string, last: boolean): Segment {
  if (segment.startsWith(':')) {
    const name = segment.slice(1)
    if (!NAME.test(name)) {
      throw invalidPattern(pattern, `'${segment}' is no param: a param is a whole segment, such as ':id'`)
    }
    return { kind: 'param', name }
  }
  if (segment.startsWith('*')) {
    const name = segment.slice(1) || '*'
    if (!last) throw invalidPattern(pattern, `the wildcard '${segment}' must be the last segment`)
    if (name !== '*' && !NAME.test(name)) {
      throw invalidPattern(pattern, `'${segment}' is no wildcard: write '*', or '*' and a name, such as '*rest'`)
    }
    return { kind: 'wildcard', name }
  }
  return { kind: 'static', text: staticText(pattern, segment) }
}

function staticText(pattern: string, segment: string): string {
  if (/(?<!\\)[:*]/.test(segment)) {
    const hint = "':' and '*' stand only at the beginning of a segment; in text they are written '\\\\:' and '\\\\*'"
    throw invalidPattern(pattern, hint)
  }
  if (/[?#]/.test(segment)) {
    throw invalidPattern(pattern, "a path ends before '?' and '#'; for an optional segment define two routes")
  }
  const canonical = canonicalPath(`/${segment.replace(/\\(?=[:*])/g, '')}`)
  if (canonical === undefined) throw invalidPattern(pattern, `'${segment}' holds an escape that is no UTF-8 character`)
  if (canonical === '/' && segment !== '') throw invalidPattern(pattern, `no request's path holds '${segment}'`)
  return canonical.slice(1)
}

function matchesSegment(segment: Segment, text: string): boolean {
  return segment.kind === 'static' ? segment.text === text : text !== ''
}

function segmentText(segment: Segment): string {
  if (segment.kind === 'static') return segment.text.replace(/[:*]/g, '\\$&')
  if (segment.kind === 'param') return `:${segment.name}`
  return segment.name === '*' ? '*' : `*${segment.name}`
}

function invalidPattern(pattern: unknown, complaint: string): TypeError {
  return invalidRoute(`The path ${JSON.stringify(pattern)} cannot be a route: ${complaint}.`)
}
