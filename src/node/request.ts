// A request, from its event to the last byte of its response.
import type { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Lender } from '../exchange/body_changed.js'
import { FLAG_BODY, FLAG_BODY_FOLLOWS, FLAG_CLOSES, FLAG_HTTP_1_0, FLAG_UPGRADE } from '../exchange/layout.js'
import type { Recipient } from '../exchange/recipient.js'
import type { Head } from './heads.js'
import type { BrinkSocket } from './socket.js'

/** The property of an IncomingMessage that holds its NodeRequest. */
const REQUEST = Symbol('brink.request')

/** How far a light request has emitted its body: see `light_request.ts`. */
export type Flow = 'none' | 'asked' | 'data' | 'ended' | 'closed'

/** The connection of a request. */
export interface RequestConnection {
  readonly slot: number
  readonly generation: number
  readonly server: Server
  /** The socket, which is created when it is first used. */
  readonly socket: BrinkSocket
  /** Whether responses can still be sent. */
  readonly isOpen: boolean
  /** Passes a request to Node's server. The app has its request and response objects already. */
  passToNode(request: NodeRequest): void
  /** Sends a whole response: its head, and its body with the framing. */
  answer(request: NodeRequest, head: string, body: string | Uint8Array | undefined, isLast: boolean): void
  /** Passes on more of the body of the last request. */
  body(bytes: Buffer, isLast: boolean, trailers: string): void
  /** Switches to another protocol. `begin` is called with the bytes that came together with the head. */
  takeOver(request: NodeRequest, begin: (head: Buffer) => void): void
}

export class NodeRequest implements Recipient {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  readonly connection: RequestConnection
  readonly context: AsyncResource
  readonly head: Head
  /** The flags of the request event. */
  readonly flags: number
  req: IncomingMessage | undefined
  res: ServerResponse | undefined
  /** It was passed to Node's server: from then on, Node's own code does everything. */
  isReal = false
  /** The native side has received some of the response. */
  isBegun = false
  /** The native side has received the whole response, or the connection was handed over. */
  isAnswered = false
  /** The app has ended the response, but its end is only sent when the request's body has ended. */
  endsAfterBody = false
  /** Bytes of the body that were pushed while the stream was full. */
  unreadBytes = 0
  /** The connection has closed before the response was sent. */
  isGone = false
  /** The request has arrived completely, and its body was passed on. */
  hasWholeBody = false
  flow: Flow = 'none'
  /** The body of a light request, which came with its head, until the app reads it. */
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

  /**
   * Node has no event for written memory that has changed. The connection is closed, and the process gets a warning.
   */
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

  /** The body had not arrived completely with the head. */
  get bodyFollows(): boolean {
    return (this.flags & FLAG_BODY_FOLLOWS) !== 0
  }

  /**
   * The connection is closed after the response, because the client asks for it or speaks HTTP/1.0 without keep-alive.
   */
  get closes(): boolean {
    return (this.flags & FLAG_CLOSES) !== 0
  }
}

const LENDER: Lender = { bodyChanged: (error) => process.emitWarning(error) }

export function bind(req: object, request: NodeRequest): void {
  ;(req as unknown as { [REQUEST]: NodeRequest })[REQUEST] = request
}

/** The NodeRequest of an IncomingMessage. Undefined when brink has not created the message. */
export function requestOfMessage(req: IncomingMessage): NodeRequest | undefined {
  return (req as unknown as { [REQUEST]?: NodeRequest })[REQUEST]
}

/** The NodeRequest of a response. Undefined when brink has not created its IncomingMessage. */
export function requestOf(res: ServerResponse): NodeRequest | undefined {
  return (res.req as unknown as { [REQUEST]?: NodeRequest } | undefined)?.[REQUEST]
}
