import type { Fixed } from './fixed.js'
import type { ErrorHandler, Handler, Middleware } from './handler.js'
import type { Segment } from './pattern.js'

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

/** What one route has other than the server. */
export interface RouteOptions {
  /**
   * The largest request body of this route, in bytes, above which the answer is 413; `Infinity` for any. Default: the
   * server's.
   */
  readonly bodyLimit?: number | undefined
  /**
   * Runs the handler as soon as the head of a request is there, for handlers that take `req.body` as it arrives, or
   * answer without it. Default: false: bodies up to 64 KiB are waited for, larger ones, and those for which the client
   * expects `100 Continue`, arrive while the handler runs.
   */
  readonly stream?: boolean | undefined
  /** How long a whole request may take to arrive, in milliseconds. Default: the server's. */
  readonly requestTimeout?: number | undefined
  /** How long the client may take none of its answer, in milliseconds. Default: the server's. */
  readonly writeTimeout?: number | undefined
  /** Bytes a second that a body must arrive, and the answer be taken with; 0 for any rate. Default: the server's. */
  readonly minRate?: number | undefined
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
