import type { Reply } from './reply.js'
import type { BrinkRequest } from './request.js'

/**
 * What a handler can return: a string (sent as text), bytes, a `Reply`, a standard `Response`, nothing (204), or any
 * other value, which is sent as JSON.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement answers 204.
export type HandlerResult = string | number | boolean | object | null | undefined | void

/** Answers the requests of one route. Its `params` are typed by the route's path. */
export type Handler<Path extends string = string> = (
  req: BrinkRequest<PathParams<Path>>,
) => HandlerResult | Promise<HandlerResult>

/**
 * Stands around the handlers of a router: `await next()` gives the answer of everything further in, which may be
 * changed and returned, or another one returned instead. A middleware
 *  - that calls `next` and returns nothing leaves the inner answer as it is;
 *  - that returns without calling `next` has answered itself, and must return something (`null` for 204);
 *  - sees what is thrown further in as an error of `next()`.
 *
 * `next()` gives a promise only when something further in does, so that a synchronous app stays synchronous.
 * Calling it twice throws `ERR_NEXT_CALLED_TWICE`. An error of a `next()` that is never awaited, while another answer
 * is returned, is lost.
 */
export type Middleware = (req: BrinkRequest, next: Next) => HandlerResult | Promise<HandlerResult>

/** Answers the request with what is further in. */
export type Next = () => Reply | Promise<Reply>

/**
 * Answers for an error. A value that is neither a `Reply` nor a `Response` is sent with the status of the error: that
 * of an `HttpError`, otherwise 500. Returning nothing hands the error on, to the router further out.
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
