// A request that came, from its event to the last byte of its answer.
import type { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Recipient } from '../exchange/recipient.js'
import type { Head } from './heads.js'
import type { BrinkSocket } from './socket.js'

/** From Node's object to the request that it is for. */
const REQUEST = Symbol('brink.request')

/** The connection that a request came on. */
export interface RequestConnection {
  readonly slot: number
  readonly generation: number
  /** Its socket, which is made when it is asked for. */
  readonly socket: BrinkSocket
  /** More of the body of the request that came last. */
  body(bytes: Buffer, isLast: boolean, trailers: string): void
  /** It speaks another protocol from here on. */
  takeOver(request: NodeRequest): void
}

export class NodeRequest implements Recipient {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  readonly connection: RequestConnection
  readonly context: AsyncResource
  readonly head: Head
  /** Flags of its event. */
  readonly flags: number
  req: IncomingMessage | undefined
  res: ServerResponse | undefined
  /** Node's server has it: from here on all is done by Node's own code. */
  isReal = false
  /** Something of the answer has left. */
  isBegun = false
  /** All of the answer has left, or none will. */
  isAnswered = false
  /** The answer is given whole, and its end is said behind the request's. */
  endsWithBody = false
  /** Bytes of the body that came while nobody wanted more. */
  untaken = 0

  constructor(connection: RequestConnection, sequence: number, context: AsyncResource, head: Head, flags: number) {
    this.slot = connection.slot
    this.generation = connection.generation
    this.sequence = sequence
    this.connection = connection
    this.context = context
    this.head = head
    this.flags = flags
  }
}

export function bind(req: IncomingMessage, request: NodeRequest): void {
  ;(req as unknown as { [REQUEST]: NodeRequest })[REQUEST] = request
}

/** The request that a response answers; undefined for one that was made elsewhere. */
export function requestOf(res: ServerResponse): NodeRequest | undefined {
  return (res.req as unknown as { [REQUEST]?: NodeRequest } | undefined)?.[REQUEST]
}
