import { FLAG_REPLY_CLOSE } from '../exchange/layout.js'
import type { HandlerResult } from '../reply/handler_result.js'
import { type Reply, toReply } from '../reply/reply.js'
import { WholeAnswer } from '../reply/whole_answer.js'
import type { BrinkRequest } from '../request/request.js'
import { Upgrade } from '../routing/upgrade.js'
import { isPromise } from '../runtime/promises.js'

/** The same answer as the last of its connection. A connection that is handed over has no such answer. */
export function lastAnswer(
  value: HandlerResult | PromiseLike<HandlerResult>,
  request: BrinkRequest,
): HandlerResult | Promise<HandlerResult> {
  if (isPromise(value)) {
    return Promise.resolve(value as PromiseLike<HandlerResult>).then((settled) => lastAnswer(settled, request))
  }
  if (value instanceof WholeAnswer) {
    const { status, flags, fields, body, length } = value
    return new WholeAnswer(status, flags | FLAG_REPLY_CLOSE, fields, body, length)
  }
  const answer = toReply(value)
  return answer instanceof Promise ? answer.then((reply) => closing(reply, request)) : closing(answer, request)
}

function closing(given: Reply, request: BrinkRequest): Reply {
  if (given instanceof Upgrade) return given
  // Others may send the same reply.
  const last = given.forRequest(request).copy()
  last.headers.set('connection', 'close')
  return last
}
