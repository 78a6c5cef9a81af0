import type { ErrorHandler, Handler, Middleware } from './handler.js'
import type { Segment } from './pattern.js'

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

/** What one route has other than the server. */
export interface RouteOptions {
  /** The largest request body of this route, in bytes, above which the answer is 413. Default: the server's. */
  readonly bodyLimit?: number
}

export interface RouteDefinition {
  /** A method's name, or `ANY_METHOD`. */
  readonly method: string
  readonly segments: readonly Segment[]
  readonly handler: Handler
  readonly options: RouteOptions
}

/** A definition that says nothing yet. */
export function emptyDefinition(): RouterDefinition {
  return { routes: [], layers: [], mounts: [], onError: undefined, notFound: undefined, sealed: false }
}
