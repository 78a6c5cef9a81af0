import { guarded, isLayer, type Rescue, type Run, when, wrapped } from './compose.js'
import type { ErrorHandler, Handler, Middleware } from './handler.js'
import { invalidRoute, patternText, relationOf, type Segment, startsWith } from './pattern.js'
import { rescueBy } from './rescue.js'
import type { RouterDefinition } from './router_definition.js'

/** The pattern for paths without a route. */
const ANYTHING: Segment = { kind: 'wildcard', name: '*' }

/**
 * A router at the place where it is mounted: the middleware around its routes, and the paths that it answers with
 * 404.
 */
export class Scope {
  readonly prefix: readonly Segment[]
  /** Converts errors of this router to replies, by its error handler and those of the enclosing routers. */
  readonly rescue: Rescue
  readonly #children: readonly Scope[]

  constructor(
    readonly definition: RouterDefinition,
    readonly parent?: Scope,
    mountedAt: readonly Segment[] = [],
  ) {
    this.prefix = [...(parent?.prefix ?? []), ...mountedAt]
    for (let above = parent; above !== undefined; above = above.parent) {
      if (above.definition === definition) {
        throw invalidRoute(`The router that is mounted at '${patternText(this.prefix)}' is mounted inside itself.`)
      }
    }
    this.rescue = rescueBy([...this.#errorHandlers()])
    this.#children = definition.mounts.map((mount) => new Scope(mount.router, this, mount.prefix))
  }

  /** The handler of unknown paths: this router's, or that of the nearest enclosing router. */
  get notFound(): Handler | undefined {
    return this.definition.notFound ?? this.parent?.notFound
  }

  /** Innermost first. */
  *#errorHandlers(): Iterable<ErrorHandler> {
    if (this.definition.onError !== undefined) yield this.definition.onError
    if (this.parent !== undefined) yield* this.parent.#errorHandlers()
  }

  /** This scope and all scopes mounted in it. */
  *andBelow(): Iterable<Scope> {
    yield this
    for (const child of this.#children) yield* child.andBelow()
  }

  /**
   * Wraps `inner` in the middleware of this router and of the enclosing ones. Errors become replies at each
   * middleware and at each router with an error handler; an error of `inner` without any of these is thrown.
   *
   * When the pattern does not decide whether a prefix matches, as with `use('/admin', …)` and the route `/:section`,
   * it is tested for each request. Without middleware, the result is `inner` itself.
   */
  surround(inner: Run, pattern: readonly Segment[] = [...this.prefix, ANYTHING]): Run {
    let run = inner
    for (const { prefix, middleware } of [...this.definition.layers].reverse()) {
      const full = [...this.prefix, ...prefix]
      const relation = relationOf(full, pattern)
      if (relation === 'never') continue
      const outside = run
      const layer = wrapped(middleware, outside, this.rescue)
      run = relation === 'always' ? layer : when((req) => startsWith(req.path, full), layer, outside)
    }
    if (this.parent === undefined) return run
    const { onError } = this.definition
    return this.parent.surround(onError === undefined || isLayer(run) ? run : guarded(this.rescue, run), pattern)
  }

  /** Wraps `inner` in the middleware of one route. */
  within(middleware: readonly Middleware[], inner: Run): Run {
    return middleware.reduceRight<Run>((run, layer) => wrapped(layer, run, this.rescue), inner)
  }

  /**
   * The router that answers an unknown path: the innermost one whose prefix matches. Where several are mounted at the
   * same prefix, it is their parent.
   */
  ownerOf(path: string): Scope {
    const claims = this.#children.filter((child) => startsWith(path, child.prefix))
    const closest = Math.max(...claims.map((child) => child.prefix.length))
    const [owner, rival] = claims.filter((child) => child.prefix.length === closest)
    return owner === undefined || rival !== undefined ? this : owner.ownerOf(path)
  }
}
