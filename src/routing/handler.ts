import type { HandlerResult } from '../reply/handler_result.js'
import type { Reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import type { RouteOptions } from './route_options.js'

/** Answers the requests of one route. Its `params` are typed by the route's path. */
export type Handler<Path extends string = string> = (
  req: BrinkRequest<PathParams<Path>>,
) => HandlerResult | Promise<HandlerResult>

/**
 * Stands around the handlers of a router, or of one route: `await next()` gives the answer of everything further in,
 * which may be changed and returned, or another one returned instead. A middleware
 *  - that calls `next` and returns nothing leaves the inner answer as it is;
 *  - that returns without calling `next` has answered itself, and must return something (`null` for 204);
 *  - sees what is thrown further in as the answer that it has become, by `onError` or by itself: `next()` neither throws
 *    nor rejects. The error is the answer's `error`.
 *
 * `next()` gives a promise only when something further in does, so that a synchronous app stays synchronous.
 * Calling it twice throws `ERR_NEXT_CALLED_TWICE`.
 */
export type Middleware<Path extends string = string> = (
  req: BrinkRequest<PathParams<Path>>,
  next: Next,
) => HandlerResult | Promise<HandlerResult>

/** What is said of a route behind its path: middleware of its own, the first one outermost, its handler, its options. */
export type Handling<Path extends string> =
  | [...middleware: Middleware<Path>[], handler: Handler<Path>]
  | [...middleware: Middleware<Path>[], handler: Handler<Path>, options: RouteOptions | undefined]

/**
 * Adds a route: `app.get('/users', handler)`, with middleware of its own `app.get('/users', auth, handler)`, and with
 * options behind them.
 */
// One signature for each number of middleware, the longest first: only so do functions that are written in place have
// their params typed.
export interface AddRoute<App> {
  <Path extends string>(
    path: Path,
    first: Middleware<Path>,
    second: Middleware<Path>,
    third: Middleware<Path>,
    handler: Handler<Path>,
    options?: RouteOptions,
  ): App
  <Path extends string>(
    path: Path,
    first: Middleware<Path>,
    second: Middleware<Path>,
    handler: Handler<Path>,
    options?: RouteOptions,
  ): App
  <Path extends string>(path: Path, middleware: Middleware<Path>, handler: Handler<Path>, options?: RouteOptions): App
  <Path extends string>(path: Path, handler: Handler<Path>, options?: RouteOptions): App
  <Path extends string>(path: Path, ...handling: Handling<Path>): App
}

/** Answers the request with what is further in. */
export type Next = () => Reply | Promise<Reply>

/**
 * Answers for an error. A value that is neither a `Reply` nor a `Response` is sent with the status of the error (that of an
 * `HttpError`, or the `status` or `statusCode` of another Error, otherwise 500), and with its header fields, such as
 * `retry-after`, but for those about its content. Returning nothing hands the error on, to the router further out.
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
