import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TlsFacts } from '../exchange/tls_facts.js'
import { Reply } from '../reply/reply.js'
import type { BrinkRequest, StateOfRequest } from '../request/request.js'
import { coded } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import type { PathParams } from './handler.js'

/**
 * The request for an upgrade or a tunnel, as Node's servers pass it to `upgrade` listeners, with the params of the
 * route and the `state` of its middleware, and what the TLS handshake has agreed on.
 */
export type UpgradeRequest<Params = Readonly<Record<string, string>>> = IncomingMessage & {
  readonly params: Params
  readonly state: StateOfRequest
  readonly tls: TlsFacts | undefined
}

/**
 * Takes over a connection. `socket` is a duplex stream on which nothing was sent yet: write the response too, as
 * `handleUpgrade` of `ws` does. `head` is always empty: bytes that the client sent after its request are read from
 * the socket. An error that it throws, or rejects with, is logged and closes the connection.
 */
export type UpgradeHandler<Path extends string = string> = (
  req: UpgradeRequest<PathParams<Path>>,
  socket: Duplex,
  head: Buffer,
) => void

/** The reply that stands for handing over the connection. Middleware may return another one instead. */
export class Upgrade extends Reply {
  readonly accept: UpgradeHandler
  readonly #status: number

  /**
   * @param status the status that middleware sees. The handler writes the real one itself
   */
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
      new Error('The status of an upgrade is written by its handler: return another reply to refuse the upgrade.'),
      'ERR_UPGRADE_STATUS',
    )
  }

  /** @internal */
  override copy(): Reply {
    return this
  }
}

/** Converts a request to the form that libraries for Node's servers expect. */
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
  // As sockets of Node's TLS have it.
  if (request.secure) Object.assign(socket, { encrypted: true })
  return Object.assign(message, { params: request.params, state: request.state, tls: request.tls })
}
