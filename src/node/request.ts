// A request that came, from its event to the last byte of its answer.
import type { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Lender } from '../exchange/body_changed.js'
import { FLAG_BODY, FLAG_BODY_FOLLOWS, FLAG_CLOSES, FLAG_HTTP_1_0, FLAG_UPGRADE } from '../exchange/layout.js'
import type { Recipient } from '../exchange/recipient.js'
import type { Head } from './heads.js'
import type { BrinkSocket } from './socket.js'

/** From Node's object to the request that it is for. */
const REQUEST = Symbol('brink.request')

/** How far the body of a light message was told: see `light_request.ts`. */
export type Flow = 'none' | 'asked' | 'data' | 'ended' | 'closed'

/** The connection that a request came on. */
export interface RequestConnection {
  readonly slot: number
  readonly generation: number
  readonly server: Server
  /** Its socket, which is made when it is asked for. */
  readonly socket: BrinkSocket
  /** Whether anything that is sent still reaches somebody. */
  readonly isOpen: boolean
  /** Has Node's server take a request of which the app has the message and the response. */
  passToNode(request: NodeRequest): void
  /** A whole answer of bytes for the wire. */
  answer(request: NodeRequest, head: string, body: string | Uint8Array | undefined, isLast: boolean): void
  /** More of the body of the request that came last. */
  body(bytes: Buffer, isLast: boolean, trailers: string): void
  /** It speaks another protocol from here on: `begin` is called with the bytes that came together with the head. */
  takeOver(request: NodeRequest, begin: (head: Buffer) => void): void
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
  endsAfterBody = false
  /** Bytes of the body that came while nobody wanted more. */
  unreadBytes = 0
  /** The client went away before the answer. */
  isGone = false
  /** All of the request has come, and its message has been told. */
  hasWholeBody = false
  flow: Flow = 'none'
  /** The body of a light message, which came with its head, until somebody takes it. */
  body: Buffer | undefined
  trailers = ''

  constructor(connection: RequestConnection, sequence: number, context: AsyncResource, head: Head, flags: number) {
    this.slot = connection.slot
    this.generation = connection.generation
    this.sequence = sequence
    this.connection = connection
    this.context = context
    this.head = head
    this.flags = flags
  }

  /** Nobody of Node's listens to what becomes of memory that was written: the connection ends, and the process is warned. */
  lender(): Lender {
    return LENDER
  }

  get minorVersion(): 0 | 1 {
    return (this.flags & FLAG_HTTP_1_0) === 0 ? 1 : 0
  }

  get offersUpgrade(): boolean {
    return (this.flags & FLAG_UPGRADE) !== 0
  }

  get hasBody(): boolean {
    return (this.flags & FLAG_BODY) !== 0
  }

  /** Its body had not arrived whole when its head had. */
  get bodyFollows(): boolean {
    return (this.flags & FLAG_BODY_FOLLOWS) !== 0
  }

  /** The client asks for the end of the connection behind the answer. */
  get closes(): boolean {
    return (this.flags & FLAG_CLOSES) !== 0
  }
}

const LENDER: Lender = { bodyChanged: (error) => process.emitWarning(error) }

export function bind(req: object, request: NodeRequest): void {
  ;(req as unknown as { [REQUEST]: NodeRequest })[REQUEST] = request
}

/** The request of a message; undefined for one that was made elsewhere. */
export function requestOfMessage(req: IncomingMessage): NodeRequest | undefined {
  return (req as unknown as { [REQUEST]?: NodeRequest })[REQUEST]
}

/** The request that a response answers; undefined for one that was made elsewhere. */
export function requestOf(res: ServerResponse): NodeRequest | undefined {
  return (res.req as unknown as { [REQUEST]?: NodeRequest } | undefined)?.[REQUEST]
}
