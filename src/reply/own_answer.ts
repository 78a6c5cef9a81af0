import type { AbortListener, AbortListeners } from '../exchange/abort_listeners.js'
import type { Exchange } from '../exchange/exchange.js'
import type { BrinkRequest } from '../request/request.js'
import type { HandlerResult } from './handler_result.js'

/** What is sent piece by piece. It is told when the client has taken enough of it to continue. */
export interface SentInPieces extends AbortListener {
  drained(): void
}

/** What an answer that writes itself has of its server. */
export interface Writing {
  readonly request: BrinkRequest
  readonly method: string
  readonly exchange: Exchange
  /** An answer that is listed here is told what becomes of its client. */
  readonly streams: AbortListeners<SentInPieces>
  /** Runs a route in place of this answer: its result is sent as that of any route. */
  answer(run: () => HandlerResult | Promise<HandlerResult>): void
  /** It is the last answer of its connection: what the client has sent behind the request is not handled. */
  isLast(): void
  /** The answer has begun with this status; 0 for none. */
  began(status: number): void
  /** All of it was handed over, or never will be. */
  done(): void
}

/**
 * An answer that writes to the exchange by itself, its framing too. Handlers of apps cannot make one: what they return
 * is framed by the native side. Only the load target does, which breaks HTTP on purpose.
 */
export abstract class OwnAnswer {
  /** Begins to answer. It must end with one call of `answer` or `done`, and must not throw. */
  abstract write(writing: Writing): void
}
