import { COPIED_BODY } from '../exchange/body_changed.js'
import type { HandlerResult } from '../reply/handler_result.js'
import { isAnswer, isResponse, Reply, toReply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { ReplyContext } from '../request/request_context.js'
import { coded } from '../runtime/errors.js'
import { isPromise } from '../runtime/promises.js'
import { isStream } from '../streams/body_source.js'
import type { Middleware } from './handler.js'
import { Upgrade } from './upgrade.js'

/** Answers a request with a handler's raw value. */
export type Run = (req: BrinkRequest) => HandlerResult | Promise<HandlerResult>

/** Answers for an error. Never throws or rejects. */
export type Rescue = (error: unknown, req: BrinkRequest) => Reply | Promise<Reply>

/**
 * A middleware around what is further in. Errors of both become answers by `rescue`: those of what is further in before
 * the middleware sees them, so that what it does to answers is done to these, too.
 */
export function around(middleware: Middleware, inner: Run, rescue: Rescue): Run {
  const layer: Run = (req) => {
    const turn = new Turn(inner, rescue, req)
    try {
      const value = middleware(req, () => turn.next())
      // What is further in is settled already: most middleware gives it as it is.
      if (!isPromise(value) || turn.gave(value)) return turn.settle(value)
      return Promise.resolve(value).then(
        (settled) => turn.settle(settled, true),
        (error) => turn.rescued(error),
      )
    } catch (error) {
      return turn.rescued(error)
    }
  }
  layers.add(layer)
  return layer
}

// What these give is a reply, or a promise, which is not rejected, of a reply that its request alone has.
const layers = new WeakSet<Run>()

/** Whether errors of `run` have become answers already. */
export function isLayer(run: Run): boolean {
  return layers.has(run)
}

/**
 * What a middleware has put into an AsyncLocalStorage around `next()` is there when the stream is read, the connection
 * handed over, or memory that is sent found to have changed, which is done later and by the server. The innermost context
 * has it all.
 */
function inContext(answer: Reply, req: BrinkRequest): Reply {
  const { body } = answer
  const isLent = ((body as Partial<ArrayBufferView> | null | undefined)?.byteLength ?? 0) > COPIED_BODY
  const runsLater = isLent || answer instanceof Upgrade || isStream(body)
  if (runsLater && answer.context?.request !== req) answer.context = new ReplyContext(req)
  return answer
}

/** One request's way through one middleware. */
class Turn {
  #answer: Reply | Promise<Reply> | undefined
  readonly #inner: Run
  readonly #rescue: Rescue
  readonly #req: BrinkRequest

  constructor(inner: Run, rescue: Rescue, req: BrinkRequest) {
    this.#inner = inner
    this.#rescue = rescue
    this.#req = req
  }

  next(): Reply | Promise<Reply> {
    if (this.#answer !== undefined) {
      throw coded(new Error('A middleware called next() twice for one request.'), 'ERR_NEXT_CALLED_TWICE')
    }
    this.#answer = NOT_YET
    this.#answer = this.#further()
    return this.#answer
  }

  #further(): Reply | Promise<Reply> {
    if (isLayer(this.#inner)) {
      const answer = this.#inner(this.#req) as Reply | Promise<Reply>
      return answer instanceof Promise ? answer : answer.copy()
    }
    try {
      return this.#own(this.#inner(this.#req))
    } catch (error) {
      return this.rescued(error)
    }
  }

  /** Whether this is what `next()` gave. */
  gave(value: unknown): boolean {
    return value === this.#answer
  }

  /**
   * The answer, given what the middleware returned: nothing stands for what is further in. It is this request's own unless
   * that is left to whoever stands further out: a middleware may remember what `next()` gave.
   */
  settle(value: HandlerResult, makesOwn = false): Reply | Promise<Reply> {
    const answer = this.#answer
    if (answer !== undefined && (value === undefined || this.gave(value))) {
      return makesOwn ? this.#own(answer) : answer
    }
    if (value !== undefined) return this.#own(value)
    return this.rescued(
      coded(
        new Error('A middleware returned nothing and did not call next(): return next(), or an answer (null for 204).'),
        'ERR_NEXT_NOT_CALLED',
      ),
    )
  }

  /**
   * A Reply that this request alone has: what a middleware sets would stand in the next client's answer, too, if it were
   * one that somebody keeps.
   */
  #own(value: HandlerResult | PromiseLike<HandlerResult>): Reply | Promise<Reply> {
    try {
      if (value instanceof Reply) return inContext(value.copy(), this.#req)
      if (isPromise(value))
        return Promise.resolve(value).then(
          (settled) => this.#own(settled),
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
      ? answer.then((settled) => this.#answering(error, settled))
      : this.#answering(error, answer)
  }

  /** An answer to an error, which says so. An answer that was thrown is none. */
  #answering(error: unknown, answer: Reply): Reply {
    const own = inContext(answer.copy(), this.#req)
    if (!isAnswer(error)) own.error = error
    return own
  }
}

/** While `next()` runs. */
const NOT_YET = new Reply(500)

/** Runs `layer`, which stands around `inner`, only for requests that `applies` says yes to. */
export function when(applies: (req: BrinkRequest) => boolean, layer: Run, inner: Run): Run {
  const run: Run = (req) => (applies(req) ? layer(req) : inner(req))
  if (isLayer(inner)) layers.add(run)
  return run
}

/** What is further in, whose errors become answers. */
export function guarded(rescue: Rescue, inner: Run): Run {
  return (req) => {
    try {
      // Converted here, so that a value that cannot be sent is this router's error too.
      const answer = toReply(inner(req))
      return answer instanceof Promise ? answer.catch((error: unknown) => rescue(error, req)) : answer
    } catch (error) {
      return rescue(error, req)
    }
  }
}

/** A value as a Reply with this status, unless it is a Reply or a Response, which has its own. */
export function withStatus(status: number, value: HandlerResult | PromiseLike<HandlerResult>): Reply | Promise<Reply> {
  if (isPromise(value)) return Promise.resolve(value).then((settled) => withStatus(status, settled))
  const answer = toReply(value)
  const hasOwnStatus = value instanceof Reply || isResponse(value) || answer instanceof Promise
  if (!hasOwnStatus) answer.status = status
  return answer
}
