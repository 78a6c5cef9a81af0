import { coded, HttpError } from './errors.js'
import type { ErrorHandler, HandlerResult, Middleware } from './handler.js'
import { isPromise, isResponse, Reply, toReply } from './reply.js'
import type { BrinkRequest } from './request.js'

/** Answers a request with a handler's raw value. */
export type Run = (req: BrinkRequest) => HandlerResult | Promise<HandlerResult>

/** A middleware around what is further in. */
export function around(middleware: Middleware, inner: Run): Run {
  return (req) => {
    const turn = new Turn(inner, req)
    const value = middleware(req, () => turn.next())
    return isPromise(value) ? value.then((settled) => turn.settle(settled)) : turn.settle(value)
  }
}

/** One request's way through one middleware. */
class Turn {
  #answer: Reply | Promise<Reply> | undefined
  #called = false
  #failure: { readonly error: unknown } | undefined

  constructor(
    readonly inner: Run,
    readonly req: BrinkRequest,
  ) {}

  next(): Reply | Promise<Reply> {
    if (this.#called) {
      throw coded(new Error('A middleware called next() twice for one request.'), 'ERR_NEXT_CALLED_TWICE')
    }
    this.#called = true
    try {
      const answer = toReply(this.inner(this.req))
      // Whoever awaits it still sees the error. A middleware that does not must not end the process with it.
      if (answer instanceof Promise) answer.catch(() => {})
      this.#answer = answer
      return answer
    } catch (error) {
      this.#failure = { error }
      throw error
    }
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
  const value = onError(error, req)
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
