import { canonicalPath } from '../fields/path.js'
import { describe } from '../runtime/describe.js'
import { coded } from '../runtime/errors.js'

/**
 * One segment of a pattern: plain text, `:param` for one non-empty segment, or `*wildcard` for the rest. In plain
 * text, a colon or an asterisk has a backslash before it: `/books\\:batch` matches `/books:batch`.
 */
export type Segment =
  | { readonly kind: 'static'; readonly text: string }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'wildcard'; readonly name: string }

/** Whether the paths that match a pattern start with a prefix. */
export type Relation = 'always' | 'never' | 'sometimes'

const NAME = /^[A-Za-z_$][\w$]*$/

/**
 * Parses the pattern of a route. Static segments are canonicalised like paths: `/café` matches `/caf%C3%A9`.
 * @throws TypeError `ERR_INVALID_ROUTE` with what was expected
 */
export function parsePattern(pattern: string): readonly Segment[] {
  if (typeof pattern !== 'string') throw invalidRoute(`A path cannot be ${describe(pattern)}: ${notAPath(pattern)}.`)
  if (!pattern.startsWith('/')) throw invalidPattern(pattern, withoutSlash(pattern))
  const segments = pattern.slice(1).split('/')
  const parsed = segments.map((segment, index) => parseSegment(pattern, segment, index === segments.length - 1))
  return withDistinctNames(parsed)
}

/**
 * Parses the prefix of a middleware or a mounted router: a pattern without a wildcard that matches whole segments.
 * `/admin`, `/admin/` and `/admin/*` are the same, and `/` matches every path.
 */
export function parsePrefix(prefix: string): readonly Segment[] {
  const segments = [...parsePattern(prefix)]
  const last = segments.at(-1)
  if ((last?.kind === 'wildcard' && last.name === '*') || (last?.kind === 'static' && last.text === '')) segments.pop()
  if (segments.some(({ kind }) => kind === 'wildcard')) {
    throw invalidPattern(prefix, 'a prefix matches everything below it and takes no wildcard')
  }
  return segments
}

/**
 * Joins a prefix and the segments of a route. The `/` of a router mounted at `/users` is `/users`, not `/users/`.
 * @throws TypeError `ERR_INVALID_ROUTE` when both have a param of the same name
 */
export function joinSegments(prefix: readonly Segment[], segments: readonly Segment[]): readonly Segment[] {
  const [first] = segments
  const isRoot = segments.length === 1 && first?.kind === 'static' && first.text === ''
  return isRoot && prefix.length > 0 ? prefix : withDistinctNames([...prefix, ...segments])
}

/** The canonical spelling of a pattern. */
export function patternText(segments: readonly Segment[]): string {
  return `/${segments.map(segmentText).join('/')}`
}

/** The only path that a pattern matches; undefined when it matches several. */
export function onlyPath(segments: readonly Segment[]): string | undefined {
  const texts = segments.map((segment) => (segment.kind === 'static' ? segment.text : undefined))
  return texts.includes(undefined) ? undefined : `/${texts.join('/')}`
}

/** The names of a pattern's params, in order. */
export function paramNames(segments: readonly Segment[]): string[] {
  return segments.flatMap((segment) => (segment.kind === 'static' ? [] : [segment.name]))
}

/** Whether the paths that match `pattern` start with `prefix`. In most cases this is known without a request. */
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

/**
 * Whether a canonical path starts with a prefix, segment by segment: `/admin/x` starts with `/admin`, `/administer`
 * does not.
 */
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

/** The error for an invalid route. */
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
      const hint = /\?$/.test(name)
        ? 'for an optional segment define two routes'
        : "a param is a whole segment, such as ':id'"
      throw invalidPattern(pattern, `'${segment}' is not a param: ${hint}`)
    }
    return { kind: 'param', name }
  }
  if (segment.startsWith('*')) {
    const name = segment.slice(1) || '*'
    if (!last) throw invalidPattern(pattern, `the wildcard '${segment}' must be the last segment`)
    if (name !== '*' && !NAME.test(name)) {
      throw invalidPattern(pattern, `'${segment}' is not a wildcard: write '*', or '*' and a name, such as '*rest'`)
    }
    return { kind: 'wildcard', name }
  }
  return { kind: 'static', text: staticText(pattern, segment) }
}

/** Params as other routers write them. */
const FOREIGN_PARAM = /^(?:\{(.+)\}|\[(.+)\]|<(.+)>)$/

function staticText(pattern: string, segment: string): string {
  const foreign = FOREIGN_PARAM.exec(segment)
  if (foreign !== null) {
    const name = foreign.slice(1).find((given) => given !== undefined && NAME.test(given)) ?? 'id'
    throw invalidPattern(pattern, `a param is written ':${name}', not '${segment}'`)
  }
  if (/(?<!\\)[:*]/.test(segment)) {
    const hint = "':' and '*' stand only at the beginning of a segment; in text they are written '\\\\:' and '\\\\*'"
    throw invalidPattern(pattern, hint)
  }
  if (/[?#]/.test(segment)) {
    throw invalidPattern(pattern, "a path ends before '?' and '#'; for an optional segment define two routes")
  }
  const canonical = canonicalPath(`/${segment.replace(/\\(?=[:*])/g, '')}`)
  if (canonical === undefined) throw invalidPattern(pattern, `'${segment}' contains an escape that is not valid UTF-8`)
  if (canonical === '/' && segment !== '')
    throw invalidPattern(pattern, `the path of a request never contains '${segment}'`)
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
  return invalidRoute(`The path ${describe(pattern)} cannot be a route: ${complaint}.`)
}

function notAPath(given: unknown): string {
  const rule = "it is a string that begins with '/'"
  if (Array.isArray(given)) return `${rule}; add a route for each`
  if (given instanceof RegExp) return `${rule}; params match a segment, such as '/:id', and '/*' matches the rest`
  return rule
}

function withoutSlash(path: string): string {
  const rule = "a path begins with '/'"
  if (/^[a-z][a-z+.-]*:\/\//i.test(path)) return `${rule}, and has neither scheme nor host`
  return path === '' || path.includes('/') || /^[\w:*-]+$/.test(path) ? `${rule}: write '/${path}'` : rule
}
