// Converts errors to replies.

import { ReplyHeaders } from '../fields/headers.js'
import { answerOfError, type HttpError } from '../fields/http_error.js'
import { reasonPhrase } from '../fields/reason_phrase.js'
import type { HandlerResult } from '../reply/handler_result.js'
import { isAnswer, isResponse, Reply, toReply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { messageOf } from '../runtime/errors.js'
import { isPromise } from '../runtime/promises.js'
import { type Rescue, withStatus } from './compose.js'
import type { ErrorHandler } from './handler.js'

/**
 * Creates a Rescue that tries these handlers in order, then the default reply. An error that a handler throws goes to
 * the next one. A thrown `Reply` or `Response` is the reply itself.
 */
export function rescueBy(handlers: readonly ErrorHandler[]): Rescue {
  return (error, req) => answerFrom(handlers, 0, error, req)
}

function answerFrom(
  handlers: readonly ErrorHandler[],
  place: number,
  error: unknown,
  req: BrinkRequest,
): Reply | Promise<Reply> {
  const next = (unhandled: unknown) => answerFrom(handlers, place + 1, unhandled, req)
  const handler = handlers[place]
  try {
    // A thrown reply that cannot be sent, because it was sent before, is an error for the same handlers.
    if (isAnswer(error)) return thrownAnswer(error, (unsendable) => answerFrom(handlers, place, unsendable, req))
    req.traced?.failed(error)
    if (handler === undefined) return plainAnswer(error, req)
    const answer = handled(handler, error, req)
    return answer instanceof Promise ? answer.catch(next) : answer
  } catch (unhandled) {
    return next(unhandled)
  }
}

function thrownAnswer(thrown: Reply | Response, failed: (error: unknown) => Reply | Promise<Reply>) {
  try {
    const answer = toReply(thrown)
    return answer instanceof Promise ? answer.catch(failed) : answer
  } catch (unsendable) {
    return failed(unsendable)
  }
}

/** The reply of an error handler. Throws the error when the handler returns nothing. */
function handled(onError: ErrorHandler, error: unknown, req: BrinkRequest): Reply | Promise<Reply> {
  const settle = (value: HandlerResult): Reply | Promise<Reply> => {
    if (value === undefined) throw error
    const answer = answerOfError(error)
    const reply = withStatus(answer?.status ?? 500, value)
    const isWhole = value instanceof Reply || isResponse(value) || reply instanceof Promise
    if (!isWhole && answer?.headers !== undefined) addFields(reply, answer.headers)
    return reply
  }
  const value = onError(error, req)
  return isPromise(value) ? Promise.resolve(value).then(settle) : settle(value)
}

/** Adds the header fields of an error, such as `retry-after`, except those that describe content. */
function addFields({ headers }: Reply, fields: NonNullable<HttpError['headers']>): void {
  for (const [name, value] of new ReplyHeaders(fields)) {
    if (!name.startsWith('content-')) headers.append(name, value)
  }
}

/** The default reply to an error. */
function plainAnswer(error: unknown, req: BrinkRequest): Reply {
  const answer = answerOfError(error)
  if (answer === undefined || answer.status >= 500) req.report(error)
  if (answer === undefined) return plainReply(500)
  const { status, expose, headers } = answer
  try {
    return new Reply(status, expose ? messageOf(error) : reasonPhrase(status), headers)
  } catch (unsendable) {
    req.report(unsendable)
    return plainReply(500)
  }
}

/** A reply with the reason phrase of its status as the body. */
export function plainReply(status: number, headers?: HttpError['headers']): Reply {
  return new Reply(status, status === 204 ? undefined : reasonPhrase(status), headers)
}
