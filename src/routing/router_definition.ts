import type { Fixed } from '../reply/fixed.js'
import type { ErrorHandler, Handler, Middleware } from './handler.js'
import type { Segment } from './pattern.js'
import type { RouteOptions } from './route_options.js'

/** In the place of a method: routes that take connections over. */
export const UPGRADE = 'upgrade'
export const CONNECT = 'connect'

/** What was said to a router, for compiling. */
export interface RouterDefinition {
  readonly routes: RouteDefinition[]
  readonly layers: { readonly prefix: readonly Segment[]; readonly middleware: Middleware }[]
  readonly mounts: { readonly prefix: readonly Segment[]; readonly router: RouterDefinition }[]
  onError: ErrorHandler | undefined
  notFound: Handler | undefined
  /** Set once it was compiled: what is said after that would not be heard. */
  sealed: boolean
}

export interface RouteDefinition {
  /** A method's name, `ANY_METHOD`, `UPGRADE` or `CONNECT`. */
  readonly method: string
  readonly segments: readonly Segment[]
  readonly handler: Handler
  /** Around this route alone; the first is the outermost. */
  readonly middleware: readonly Middleware[]
  readonly options: RouteOptions
  /** What the handler always gives. */
  readonly fixed?: Fixed
}

/** A definition that says nothing yet. */
export function emptyDefinition(): RouterDefinition {
  return { routes: [], layers: [], mounts: [], onError: undefined, notFound: undefined, sealed: false }
}
