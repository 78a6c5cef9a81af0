import { isStream } from './body_source.js'
import { coded, HttpError } from './errors.js'
import type { ErrorHandler, HandlerResult, Middleware } from './handler.js'
import { isPromise, isResponse, Reply, toReply } from './reply.js'
import type { BrinkRequest } from './request.js'
import { noteFailure, ReplyContext, whereItFailed } from './request_context.js'
import { Upgrade } from './upgrade.js'

/** Answers a request with a handler's raw value. */
export type Run = (req: BrinkRequest) => HandlerResult | Promise<HandlerResult>

/** A middleware around what is further in. */
export function around(middleware: Middleware, inner: Run): Run {
  const answerOf = layers.has(inner) ? answerOfLayer : ownReply
  const layer: Run = (req) => {
    const turn = new Turn(inner, answerOf, req)
    const value = turn.run(middleware)
    // What is further in is settled already: most middleware gives it as it is.
    if (!isPromise(value) || turn.gave(value)) return turn.settle(value)
    return value.then((settled) => ownReply(turn.settle(settled), req))
  }
  layers.add(layer)
  return layer
}

// Promises that these give are of replies, and need not be waited for to be made into some.
const layers = new WeakSet<Run>()

function answerOfLayer(value: HandlerResult | PromiseLike<HandlerResult>, req: BrinkRequest): Reply | Promise<Reply> {
  return value instanceof Promise ? (value as Promise<Reply>) : ownReply(value, req)
}

/**
 * A Reply that this request alone has: what a middleware sets would stand in the next client's answer, too, if it were
 * one that somebody keeps.
 */
function ownReply(value: HandlerResult | PromiseLike<HandlerResult>, req: BrinkRequest): Reply | Promise<Reply> {
  if (value instanceof Reply) return inContext(value.copy(), req)
  if (isPromise(value)) {
    const failed = (error: unknown) => {
      noteFailure(req, error)
      throw error
    }
    return Promise.resolve(value).then((settled) => ownReply(settled, req), failed)
  }
  const answer = toReply(value)
  return answer instanceof Reply ? inContext(answer, req) : answer.then((converted) => inContext(converted, req))
}

/**
 * What a middleware has put into an AsyncLocalStorage around `next()` is there when the stream is read, or the connection
 * handed over, which is done later and by the server. The innermost context has it all.
 */
function inContext(answer: Reply, req: BrinkRequest): Reply {
  const runsLater = answer instanceof Upgrade || isStream(answer.body)
  if (runsLater && answer.context?.request !== req) answer.context = new ReplyContext(req)
  return answer
}

/** One request's way through one middleware. */
class Turn {
  #answer: Reply | Promise<Reply> | undefined
  #called = false
  #returned = false
  #failure: { readonly error: unknown } | undefined

  constructor(
    readonly inner: Run,
    readonly answerOf: typeof ownReply,
    readonly req: BrinkRequest,
  ) {}

  next(): Reply | Promise<Reply> {
    if (this.#called) {
      throw coded(new Error('A middleware called next() twice for one request.'), 'ERR_NEXT_CALLED_TWICE')
    }
    this.#called = true
    try {
      const answer = this.answerOf(this.inner(this.req), this.req)
      this.#answer = answer
      if (this.#returned) this.#listen()
      return answer
    } catch (error) {
      this.#failure = { error }
      noteFailure(this.req, error)
      throw error
    }
  }

  /** What the middleware gives, as it gives it. */
  run(middleware: Middleware): HandlerResult | Promise<HandlerResult> {
    let value: HandlerResult | Promise<HandlerResult>
    try {
      value = middleware(this.req, () => this.next())
    } finally {
      this.#returned = true
      if (value === undefined || !this.gave(value)) this.#listen()
    }
    return value
  }

  /** Whether this is what `next()` gave. */
  gave(value: unknown): boolean {
    return value === this.#answer
  }

  /** Whoever awaits it still sees the error. A middleware that does not must not end the process with it. */
  #listen(): void {
    if (this.#answer instanceof Promise) this.#answer.catch(() => {})
  }

  /** The answer, given what the middleware returned: nothing stands for what is further in, be it an error. */
  settle(value: HandlerResult): HandlerResult | Promise<HandlerResult> {
    if (value !== undefined) return value
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#answer !== undefined) return this.#answer
    throw coded(
      new Error('A middleware returned nothing and did not call next(): return next(), or an answer (null for 204).'),
      'ERR_NEXT_NOT_CALLED',
    )
  }
}

/** Runs `layer`, which stands around `inner`, only for requests that `applies` says yes to. */
export function when(applies: (req: BrinkRequest) => boolean, layer: Run, inner: Run): Run {
  return (req) => (applies(req) ? layer(req) : inner(req))
}

/** An error handler around what is further in. Returning nothing, it hands the error on. */
export function guarded(onError: ErrorHandler, inner: Run): Run {
  return (req) => {
    const rescue = (error: unknown) => rescued(onError, error, req)
    try {
      // Converted here, so that a value that cannot be sent is this router's error too.
      const answer = toReply(inner(req))
      return answer instanceof Promise ? answer.catch(rescue) : answer
    } catch (error) {
      return rescue(error)
    }
  }
}

/** The answer of an error handler to an error. Throws the error when the handler hands it on. */
export function rescued(onError: ErrorHandler, error: unknown, req: BrinkRequest): Reply | Promise<Reply> {
  const status = error instanceof HttpError ? error.status : 500
  const settle = (value: HandlerResult) => {
    if (value === undefined) throw error
    return withStatus(status, value)
  }
  const value = whereItFailed(req, error, () => onError(error, req))
  return isPromise(value) ? Promise.resolve(value).then(settle) : settle(value)
}

/** A value as a Reply with this status, unless it is a Reply or a Response, which has its own. */
export function withStatus(status: number, value: HandlerResult | PromiseLike<HandlerResult>): Reply | Promise<Reply> {
  if (isPromise(value)) return Promise.resolve(value).then((settled) => withStatus(status, settled))
  const answer = toReply(value)
  const hasOwnStatus = value instanceof Reply || isResponse(value) || answer instanceof Promise
  if (!hasOwnStatus) answer.status = status
  return answer
}
