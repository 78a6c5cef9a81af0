import { invalidRoute, patternText, type Segment } from './pattern.js'

/** The method under which a route for every method is kept. */
export const ANY_METHOD = '*'

/** The end of a pattern: what answers there, by method. */
class Leaf<Value> {
  readonly byMethod = new Map<string, { readonly value: Value; readonly pattern: string }>()

  pick(method: string): Value | undefined {
    const { byMethod } = this
    const found = byMethod.get(method) ?? (method === 'HEAD' ? byMethod.get('GET') : undefined)
    return (found ?? byMethod.get(ANY_METHOD))?.value
  }
}

class Branch<Value> {
  // Maps, as the keys come from clients: a plain object would have a prototype to ask for.
  readonly statics = new Map<string, Branch<Value>>()
  param: Branch<Value> | undefined
  wildcard: Leaf<Value> | undefined
  leaf: Leaf<Value> | undefined
}

/** What a path leads to, with the segments it captured, still encoded. */
export interface Found<Value> {
  readonly value: Value
  readonly captured: readonly string[]
}

/** What answers on a path whatever the method, for saying which methods it knows. */
export interface Known<Value> {
  /** The methods, in order of their definition, the most specific pattern's first. */
  readonly methods: ReadonlySet<string>
  /** One value of the most specific pattern. */
  readonly closest: Value
}

/**
 * Routes by segment. At each segment an equal text goes before a `:param` and a `:param` before a `*wildcard`; where
 * that leads nowhere, the next is tried. So the order of definition does not matter, and no path visits more branches
 * than there are defined, however many segments it has.
 *
 * A `:param` takes one segment that is not empty. A `*wildcard` takes what follows the slash, which may be nothing:
 * `/files/*` matches `/files/` and `/files/a/b`, but not `/files`.
 */
export class RouteTree<Value extends object> {
  readonly #root = new Branch<Value>()

  /** @throws TypeError `ERR_INVALID_ROUTE` when there is such a route already, whatever its params are called */
  insert(method: string, segments: readonly Segment[], value: Value): void {
    const leaf = this.#leafFor(segments)
    const pattern = patternText(segments)
    const existing = leaf.byMethod.get(method)
    if (existing !== undefined) {
      const name = method === ANY_METHOD ? 'all methods' : method
      const same = existing.pattern === pattern ? '' : `, which matches the same paths as '${pattern}'`
      throw invalidRoute(
        `There are two routes for ${name} on '${existing.pattern}'${same}: one of them would never answer.`,
      )
    }
    leaf.byMethod.set(method, { value, pattern })
  }

  /** The most specific route for a canonical path that answers this method. HEAD is answered by GET's. */
  find(method: string, path: string): Found<Value> | undefined {
    const captured: string[] = []
    const value = search(this.#root, path, 1, captured, (leaf: Leaf<Value>) => leaf.pick(method))
    return value === undefined ? undefined : { value, captured }
  }

  /** The methods that are answered on a canonical path, or undefined when none is. */
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
 * What `take` makes of the most specific leaf for which it makes anything; `captured` then holds what the leaf's pattern
 * captured.
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
