import { COPIED_BODY } from '../exchange/body_changed.js'
import type { HandlerResult } from '../reply/handler_result.js'
import { isAnswer, isResponse, Reply, toReply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { ReplyContext } from '../request/request_context.js'
import { describe } from '../runtime/describe.js'
import { coded } from '../runtime/errors.js'
import { isPromise } from '../runtime/promises.js'
import { isStream } from '../streams/body_source.js'
import type { Middleware } from './handler.js'
import { Upgrade } from './upgrade.js'

/** Runs a handler, or a middleware with everything inside it, and returns its raw value. */
export type Run = (req: BrinkRequest) => HandlerResult | Promise<HandlerResult>

/** Converts an error to a reply. Never throws or rejects. */
export type Rescue = (error: unknown, req: BrinkRequest) => Reply | Promise<Reply>

/**
 * Wraps `inner` in a middleware. `rescue` converts the errors of both to replies; those of `inner` before the
 * middleware sees them, so that it can change them like any other reply.
 */
export function wrapped(middleware: Middleware, inner: Run, rescue: Rescue): Run {
  const layer: Run = (req) => {
    const call = new MiddlewareCall(inner, rescue, req)
    try {
      const value = middleware(req, () => call.next(middleware))
      // Most middleware returns the result of `next()` unchanged, which is settled already.
      if (!isPromise(value) || call.isResultOfNext(value)) return call.settle(value, middleware)
      return Promise.resolve(value).then(
        (settled) => call.settle(settled, middleware, true),
        (error) => call.rescued(error),
      )
    } catch (error) {
      return call.rescued(error)
    }
  }
  layers.add(layer)
  return layer
}

// Runs that return a Reply of this request alone, or a promise of one that never rejects.
const layers = new WeakSet<Run>()

/** Whether `run` converts its errors to replies itself. */
export function isLayer(run: Run): boolean {
  return layers.has(run)
}

/**
 * Attaches the current async context to a reply whose stream, upgrade handler or memory check runs later, so that it
 * sees the AsyncLocalStorage values that middleware set around `next()`. The innermost context has all of them.
 */
function inContext(answer: Reply, req: BrinkRequest): Reply {
  const { body } = answer
  const isLent = ((body as Partial<ArrayBufferView> | null | undefined)?.byteLength ?? 0) > COPIED_BODY
  const runsLater = isLent || answer instanceof Upgrade || isStream(body)
  if (runsLater && answer.context?.request !== req) answer.context = new ReplyContext(req)
  return answer
}

/** One run of a middleware for a request. */
class MiddlewareCall {
  #answer: Reply | Promise<Reply> | undefined
  readonly #inner: Run
  readonly #rescue: Rescue
  readonly #req: BrinkRequest

  constructor(inner: Run, rescue: Rescue, req: BrinkRequest) {
    this.#inner = inner
    this.#rescue = rescue
    this.#req = req
  }

  next(middleware: Middleware): Reply | Promise<Reply> {
    if (this.#answer !== undefined) {
      const sentence = `A middleware, ${describe(middleware)}, called next() twice for one request.`
      throw coded(new Error(sentence), 'ERR_NEXT_CALLED_TWICE')
    }
    this.#answer = PENDING
    this.#answer = this.#runInner()
    return this.#answer
  }

  #runInner(): Reply | Promise<Reply> {
    if (isLayer(this.#inner)) {
      const answer = this.#inner(this.#req) as Reply | Promise<Reply>
      return answer instanceof Promise ? answer : answer.copy()
    }
    try {
      return this.#ownReply(this.#inner(this.#req))
    } catch (error) {
      return this.rescued(error)
    }
  }

  /** Whether a value is the result of `next()`. */
  isResultOfNext(value: unknown): boolean {
    return value === this.#answer
  }

  /**
   * The reply after the middleware returned `value`; undefined means the result of `next()`. With `makesOwn` the
   * reply is copied for this request, because the middleware may have kept the original.
   */
  settle(value: HandlerResult, middleware: Middleware, makesOwn = false): Reply | Promise<Reply> {
    const answer = this.#answer
    if (answer !== undefined && (value === undefined || this.isResultOfNext(value))) {
      return makesOwn ? this.#ownReply(answer) : answer
    }
    if (value !== undefined) return this.#ownReply(value)
    return this.rescued(
      coded(
        new Error(
          `A middleware, ${describe(middleware)}, returned nothing and did not call next(): return next(), or a ` +
            'response (null for 204).',
        ),
        'ERR_NEXT_NOT_CALLED',
      ),
    )
  }

  /**
   * Converts a value to a Reply of this request alone. A Reply that the app keeps would otherwise carry changes of a
   * middleware over to other clients.
   */
  #ownReply(value: HandlerResult | PromiseLike<HandlerResult>): Reply | Promise<Reply> {
    try {
      if (value instanceof Reply) return inContext(value.copy(), this.#req)
      if (isPromise(value))
        return Promise.resolve(value).then(
          (settled) => this.#ownReply(settled),
          (error) => this.rescued(error),
        )
      const answer = toReply(value)
      if (answer instanceof Reply) return inContext(answer, this.#req)
      return answer.then(
        (converted) => inContext(converted, this.#req),
        (error) => this.rescued(error),
      )
    } catch (error) {
      return this.rescued(error)
    }
  }

  rescued(error: unknown): Reply | Promise<Reply> {
    const answer = this.#rescue(error, this.#req)
    return answer instanceof Promise
      ? answer.then((settled) => this.#errorReply(error, settled))
      : this.#errorReply(error, answer)
  }

  /** A reply to an error, with `reply.error` set. A thrown reply is not an error. */
  #errorReply(error: unknown, answer: Reply): Reply {
    const own = inContext(answer.copy(), this.#req)
    if (!isAnswer(error)) own.error = error
    return own
  }
}

/** Stands for the result while `next()` runs. */
const PENDING = new Reply(500)

/** Runs `layer`, which wraps `inner`, only for requests for which `applies` returns true. */
export function when(applies: (req: BrinkRequest) => boolean, layer: Run, inner: Run): Run {
  const run: Run = (req) => (applies(req) ? layer(req) : inner(req))
  if (isLayer(inner)) layers.add(run)
  return run
}

/** Wraps `inner` so that its errors become replies. */
export function guarded(rescue: Rescue, inner: Run): Run {
  return (req) => {
    try {
      // Converted here, so that a value that cannot be sent is an error of this router, too.
      const answer = toReply(inner(req))
      return answer instanceof Promise ? answer.catch((error: unknown) => rescue(error, req)) : answer
    } catch (error) {
      return rescue(error, req)
    }
  }
}

/** Converts a value to a Reply with this status, unless it is a Reply or a Response, which has its own. */
export function withStatus(status: number, value: HandlerResult | PromiseLike<HandlerResult>): Reply | Promise<Reply> {
  if (isPromise(value)) return Promise.resolve(value).then((settled) => withStatus(status, settled))
  const answer = toReply(value)
  const hasOwnStatus = value instanceof Reply || isResponse(value) || answer instanceof Promise
  if (!hasOwnStatus) answer.status = status
  return answer
}
