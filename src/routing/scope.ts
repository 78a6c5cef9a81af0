import { around, guarded, isLayer, type Rescue, type Run, when } from './compose.js'
import type { ErrorHandler, Handler, Middleware } from './handler.js'
import { invalidRoute, patternText, relationOf, type Segment, startsWith } from './pattern.js'
import { rescueBy } from './rescue.js'
import type { RouterDefinition } from './router_definition.js'

/** What stands in a pattern's place where a path has no route. */
const ANYTHING: Segment = { kind: 'wildcard', name: '*' }

/** A router at the place where it is mounted: what surrounds its routes, and which paths are its to refuse. */
export class Scope {
  readonly prefix: readonly Segment[]
  /** Answers for errors of this router: by its error handler and those of the routers further out. */
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

  /** The handler of unknown paths: this router's, or that of the nearest one further out. */
  get notFound(): Handler | undefined {
    return this.definition.notFound ?? this.parent?.notFound
  }

  /** The innermost first. */
  *#errorHandlers(): Iterable<ErrorHandler> {
    if (this.definition.onError !== undefined) yield this.definition.onError
    if (this.parent !== undefined) yield* this.parent.#errorHandlers()
  }

  /** This scope and all that are mounted in it. */
  *andBelow(): Iterable<Scope> {
    yield this
    for (const child of this.#children) yield* child.andBelow()
  }

  /**
   * `inner` in the middleware of this router and of those further out. Errors become answers where they leave a
   * middleware, or a router with an error handler; only what `inner` throws without any of these around it is thrown.
   *
   * What of a middleware's prefix the pattern cannot tell, as with `use('/admin', …)` and the route `/:section`, is
   * asked of each request's path. Without middleware this is `inner` itself.
   */
  surround(inner: Run, pattern: readonly Segment[] = [...this.prefix, ANYTHING]): Run {
    let run = inner
    for (const { prefix, middleware } of [...this.definition.layers].reverse()) {
      const full = [...this.prefix, ...prefix]
      const relation = relationOf(full, pattern)
      if (relation === 'never') continue
      const outside = run
      const layer = around(middleware, outside, this.rescue)
      run = relation === 'always' ? layer : when((req) => startsWith(req.path, full), layer, outside)
    }
    if (this.parent === undefined) return run
    const { onError } = this.definition
    return this.parent.surround(onError === undefined || isLayer(run) ? run : guarded(this.rescue, run), pattern)
  }

  /** `inner` in middleware that one route has for itself. */
  within(middleware: readonly Middleware[], inner: Run): Run {
    return middleware.reduceRight<Run>((run, layer) => around(layer, run, this.rescue), inner)
  }

  /**
   * The router that answers for an unknown path: the one mounted closest to it. Several routers at one prefix have no
   * claim before each other, so there it is the one that they are mounted in.
   */
  ownerOf(path: string): Scope {
    const claims = this.#children.filter((child) => startsWith(path, child.prefix))
    const closest = Math.max(...claims.map((child) => child.prefix.length))
    const [owner, rival] = claims.filter((child) => child.prefix.length === closest)
    return owner === undefined || rival !== undefined ? this : owner.ownerOf(path)
  }
}
