import { invalidRoute, patternText, type Segment } from './pattern.js'

/** Stands for every method in the tree. */
export const ANY_METHOD = '*'

/** The routes at the end of a pattern, by method. */
class Leaf<Value> {
  readonly byMethod = new Map<string, { readonly value: Value; readonly pattern: string }>()

  pick(method: string): Value | undefined {
    const { byMethod } = this
    const found = byMethod.get(method) ?? (method === 'HEAD' ? byMethod.get('GET') : undefined)
    return (found ?? byMethod.get(ANY_METHOD))?.value
  }
}

class Branch<Value> {
  // Maps, because clients choose the keys: a plain object would expose its prototype.
  readonly statics = new Map<string, Branch<Value>>()
  param: Branch<Value> | undefined
  wildcard: Leaf<Value> | undefined
  leaf: Leaf<Value> | undefined
}

/** The route of a path, and the captured segments, still percent-encoded. */
export interface Found<Value> {
  readonly value: Value
  readonly captured: readonly string[]
}

/** The methods that a path has routes for. */
export interface Known<Value> {
  /** The methods in order of definition, those of the most specific pattern first. */
  readonly methods: ReadonlySet<string>
  /** One of the routes of the most specific pattern. */
  readonly closest: Value
}

/**
 * A tree of routes by segment. At each segment, static text goes before a `:param`, and a `:param` before a
 * `*wildcard`; if one leads nowhere, the next is tried. So the order of definition does not matter, and no path
 * visits more branches than are defined, however many segments it has.
 *
 * A `:param` matches one non-empty segment. A `*wildcard` matches what follows the slash, also nothing: `/files/*`
 * matches `/files/` and `/files/a/b`, but not `/files`.
 */
export class RouteTree<Value extends object> {
  readonly #root = new Branch<Value>()

  /**
   * @throws TypeError `ERR_INVALID_ROUTE` when the route exists already, under whatever param names
   */
  insert(method: string, segments: readonly Segment[], value: Value): void {
    const leaf = this.#leafFor(segments)
    const pattern = patternText(segments)
    const existing = leaf.byMethod.get(method)
    if (existing !== undefined) {
      const name = method === ANY_METHOD ? 'all methods' : method
      const same = existing.pattern === pattern ? '' : `, which matches the same paths as '${pattern}'`
      throw invalidRoute(
        `There are two routes for ${name} on '${existing.pattern}'${same}: one of them would never be used.`,
      )
    }
    leaf.byMethod.set(method, { value, pattern })
  }

  /** The most specific route of a canonical path for a method. HEAD falls back to GET. */
  find(method: string, path: string): Found<Value> | undefined {
    const captured: string[] = []
    const value = search(this.#root, path, 1, captured, (leaf: Leaf<Value>) => leaf.pick(method))
    return value === undefined ? undefined : { value, captured }
  }

  /** The methods of a canonical path; undefined when it has no route. */
  known(path: string): Known<Value> | undefined {
    const methods = new Set<string>()
    let closest: Value | undefined
    search(this.#root, path, 1, [], (leaf: Leaf<Value>) => {
      for (const [method, { value }] of leaf.byMethod) {
        methods.add(method)
        closest ??= value
      }
      return undefined
    })
    return closest === undefined ? undefined : { methods, closest }
  }

  #leafFor(segments: readonly Segment[]): Leaf<Value> {
    let branch = this.#root
    for (const segment of segments) {
      if (segment.kind === 'wildcard') {
        branch.wildcard ??= new Leaf()
        return branch.wildcard
      }
      branch = nextBranch(branch, segment)
    }
    branch.leaf ??= new Leaf()
    return branch.leaf
  }
}

function nextBranch<Value>(branch: Branch<Value>, segment: Exclude<Segment, { kind: 'wildcard' }>): Branch<Value> {
  if (segment.kind === 'param') {
    branch.param ??= new Branch()
    return branch.param
  }
  const existing = branch.statics.get(segment.text)
  if (existing !== undefined) return existing
  const added = new Branch<Value>()
  branch.statics.set(segment.text, added)
  return added
}

/**
 * Searches leaves from the most specific one, and returns the first result of `take` that is not undefined.
 * `captured` then holds the segments that the leaf's pattern captured.
 */
function search<Value, Taken>(
  branch: Branch<Value>,
  path: string,
  start: number,
  captured: string[],
  take: (leaf: Leaf<Value>) => Taken | undefined,
): Taken | undefined {
  if (start > path.length) return branch.leaf && take(branch.leaf)
  const slash = path.indexOf('/', start)
  const end = slash === -1 ? path.length : slash
  const segment = path.slice(start, end)

  const next = branch.statics.get(segment)
  if (next !== undefined) {
    const taken = search(next, path, end + 1, captured, take)
    if (taken !== undefined) return taken
  }
  if (branch.param !== undefined && segment !== '') {
    captured.push(segment)
    const taken = search(branch.param, path, end + 1, captured, take)
    if (taken !== undefined) return taken
    captured.pop()
  }
  const rest = branch.wildcard && take(branch.wildcard)
  if (rest !== undefined) captured.push(path.slice(start))
  return rest
}
