import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Reply } from '../reply/reply.js'
import type { BrinkRequest, RequestState } from '../request/request.js'
import { coded } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import type { PathParams } from './handler.js'

/**
 * The request that asked for the connection: what Node's own servers give with their `upgrade` event, the params, and
 * what middleware left.
 */
export type UpgradeRequest<Params = Readonly<Record<string, string>>> = IncomingMessage & {
  readonly params: Params
  readonly state: RequestState
}

/**
 * Takes a connection over. `socket` is a stream in both directions, on which nothing was answered yet: whoever takes it
 * writes the answer too, as `handleUpgrade` of the `ws` library does. `head` is empty: what the client has sent behind
 * its request is read from the socket. What it throws, or an async one rejects with, is logged, and ends the connection.
 */
export type UpgradeHandler<Path extends string = string> = (
  req: UpgradeRequest<PathParams<Path>>,
  socket: Duplex,
  head: Buffer,
) => void

/** In the place of an answer: the connection is to be handed over. Middleware may answer something else instead. */
export class Upgrade extends Reply {
  readonly accept: UpgradeHandler
  readonly #status: number

  /** `status`: with which the connection is handed over. The handler writes it itself. */
  constructor(accept: UpgradeHandler, status: 101 | 200) {
    super(200)
    this.accept = accept
    this.#status = status
  }

  override get status(): number {
    return this.#status
  }

  override set status(_status: number) {
    throw coded(
      new Error('The connection is handed over, with an answer of its new owner: return another reply to refuse it.'),
      'ERR_UPGRADE_STATUS',
    )
  }

  /** @internal */
  override copy(): Reply {
    return this
  }
}

/** The request in the shape that libraries for Node's own servers take. */
export function upgradeRequest(request: BrinkRequest, socket: Duplex): UpgradeRequest {
  const { IncomingMessage } = lateBuiltin('node:http')
  const message = new IncomingMessage(socket as unknown as Socket)
  message.method = request.method
  message.url = request.target
  message.httpVersion = '1.1'
  message.httpVersionMajor = 1
  message.httpVersionMinor = 1
  message.rawHeaders = request.headers.raw()
  message.headers = Object.fromEntries(request.headers)
  message.complete = true
  message.push(null)
  return Object.assign(message, { params: request.params, state: request.state })
}
