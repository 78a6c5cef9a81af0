import type { Fixed } from '../reply/fixed.js'
import type { ErrorHandler, Handler, Middleware } from './handler.js'
import type { Segment } from './pattern.js'
import type { RouteOptions } from './route_options.js'

/** Used in place of a method for routes that take over connections. */
export const UPGRADE = 'upgrade'
export const CONNECT = 'connect'

/** The definition of a router, before it is compiled. */
export interface RouterDefinition {
  readonly routes: RouteDefinition[]
  readonly layers: { readonly prefix: readonly Segment[]; readonly middleware: Middleware }[]
  readonly mounts: { readonly prefix: readonly Segment[]; readonly router: RouterDefinition }[]
  onError: ErrorHandler | undefined
  notFound: Handler | undefined
  /** Set when the router was compiled: later changes would have no effect. */
  sealed: boolean
}

export interface RouteDefinition {
  /** The name of a method, `ANY_METHOD`, `UPGRADE` or `CONNECT`. */
  readonly method: string
  readonly segments: readonly Segment[]
  readonly handler: Handler
  /** The middleware of this route alone, outermost first. */
  readonly middleware: readonly Middleware[]
  readonly options: RouteOptions
  /** The fixed response, if the route has one. */
  readonly fixed?: Fixed
}

/** An empty definition. */
export function emptyDefinition(): RouterDefinition {
  return { routes: [], layers: [], mounts: [], onError: undefined, notFound: undefined, sealed: false }
}
