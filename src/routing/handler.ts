import type { HandlerResult } from '../reply/handler_result.js'
import type { Reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import type { RouteOptions } from './route_options.js'

/** Handles the requests of one route. `req.params` is typed by the route's path. */
export type Handler<Path extends string = string> = (
  req: BrinkRequest<PathParams<Path>>,
) => HandlerResult | Promise<HandlerResult>

/**
 * Runs around the handlers of a router or of one route. `await next()` gives the reply of everything inside it;
 * change it, or return another one. A middleware
 *  - that calls `next` and returns nothing keeps the inner reply;
 *  - that returns without calling `next` answers itself, and must return something (`null` for 204);
 *  - sees an error that was thrown inside it as the reply that answers it: `next()` never throws or rejects. The
 *    error itself is in `reply.error`.
 *
 * `next()` returns a promise only when something inside is asynchronous, so a synchronous app stays synchronous.
 * Calling it twice throws `ERR_NEXT_CALLED_TWICE`.
 */
export type Middleware<Path extends string = string> = (
  req: BrinkRequest<PathParams<Path>>,
  next: Next,
) => HandlerResult | Promise<HandlerResult>

/**
 * The path of a route: a literal that does not begin with a slash is not one. `Path` itself where it is unknown to the
 * compiler.
 */
export type RoutePath<Path extends string> = Path extends `${infer First}${string}`
  ? string extends First
    ? Path
    : First extends '/'
      ? Path
      : `/${Path}`
  : string extends Path
    ? Path
    : '/'

/** A method: a literal in lower case is not one (RFC 9110 §9.1). */
export type MethodName<Method extends string> = string extends Method ? Method : Uppercase<Method>

/** What follows the path of a route: its own middleware, outermost first, its handler, and its options. */
export type Handling<Path extends string> =
  | [...middleware: Middleware<Path>[], handler: Handler<Path>]
  | [...middleware: Middleware<Path>[], handler: Handler<Path>, options: RouteOptions | undefined]

/**
 * Adds a route: `app.get('/users', handler)`. Middleware for this route goes before the handler, options after it:
 * `app.get('/users', auth, handler, { bodyLimit: 1024 })`.
 */
// One signature for each number of middleware, longest first: only so are the params of inline functions typed.
// The path alone tells what the params are, never a handler that was written for another path.
export interface AddRoute<App> {
  <Path extends string>(
    path: RoutePath<Path>,
    first: Middleware<NoInfer<Path>>,
    second: Middleware<NoInfer<Path>>,
    third: Middleware<NoInfer<Path>>,
    handler: Handler<NoInfer<Path>>,
    options?: RouteOptions,
  ): App
  <Path extends string>(
    path: RoutePath<Path>,
    first: Middleware<NoInfer<Path>>,
    second: Middleware<NoInfer<Path>>,
    handler: Handler<NoInfer<Path>>,
    options?: RouteOptions,
  ): App
  <Path extends string>(
    path: RoutePath<Path>,
    middleware: Middleware<NoInfer<Path>>,
    handler: Handler<NoInfer<Path>>,
    options?: RouteOptions,
  ): App
  <Path extends string>(path: RoutePath<Path>, handler: Handler<NoInfer<Path>>, options?: RouteOptions): App
  <Path extends string>(path: RoutePath<Path>, ...handling: Handling<NoInfer<Path>>): App
}

/** Runs everything inside a middleware and returns its reply. */
export type Next = () => Reply | Promise<Reply>

/**
 * Answers an error. A returned value that is neither a `Reply` nor a `Response` is sent with the status of the error:
 * that of an `HttpError`, or the `status` or `statusCode` of another Error, otherwise 500. It keeps the error's
 * header fields, such as `retry-after`, but not those that describe content. Return nothing to pass the error on to
 * the enclosing router.
 */
export type ErrorHandler = (error: unknown, req: BrinkRequest) => HandlerResult | Promise<HandlerResult>

/** The params that a path captures, by name: `'/users/:id/*rest'` gives `{ id: string, rest: string }`. */
export type PathParams<Path extends string> = string extends Path
  ? Record<string, string>
  : { readonly [Name in ParamName<Path>]: string }

type ParamName<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? SegmentParam<Segment> | ParamName<Rest>
  : SegmentParam<Path>

type SegmentParam<Segment extends string> = Segment extends `:${infer Name}`
  ? Name
  : Segment extends '*'
    ? '*'
    : Segment extends `*${infer Name}`
      ? Name
      : never
