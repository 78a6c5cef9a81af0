// A connection: its unanswered requests, what is sent to it, and its socket, which is created when it is first used.
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Exchange } from '../exchange/exchange.js'
import {
  CLOSED_BY_CLIENT,
  CLOSED_BY_RESET,
  CLOSED_BY_SERVER,
  END_AT_ONCE,
  END_BY_RESET,
  END_IN_ORDER,
  FLAG_BODY,
  FLAG_CHUNK_END,
  FLAG_REPLY_CLOSE,
  FLAG_REPLY_STREAM,
} from '../exchange/layout.js'
import type { TlsFacts } from '../exchange/tls_facts.js'
import { coded } from '../runtime/errors.js'
import { timers } from '../runtime/timers.js'
import { pushBody } from './arriving_body.js'
import { hasRequestListeners, isLight } from './light_request.js'
import { hasListeners, makeResponseReal, markGone } from './light_response.js'
import { endMessage } from './message_body.js'
import { inside, type NodeIncoming, type NodeOutgoing, type NodeSocket, nodeListener } from './node_parser.js'
import { type NodeRequest, type RequestConnection, requestOf } from './request.js'
import type { BrinkSocket, Done, SocketOwner, Written } from './socket.js'
import { bytesOf, SocketOutput } from './socket_output.js'

const NO_BYTES = Buffer.alloc(0)

/** A refused connection that the app does not close is closed after this time. */
const REFUSED_MS = 5000

/** The loop and the server of a connection, as far as the connection needs them. */
export interface ConnectionOwner {
  readonly exchange: Exchange
  /** Whether connections begin with a handshake of TLS. */
  readonly isSecure: boolean
  makeSocket(connection: Connection): BrinkSocket
  /** The client was refused or disconnected, for the reason of this code. */
  clientFailed(connection: Connection, code: string, reason: string): void
  /** Emits 'connection'. Node's own listener then sets up the socket. */
  adopt(connection: Connection, socket: BrinkSocket): void
  readonly server: Server
  /** Passes a request to Node's server. The app has its request and response objects already. */
  passToNode(request: NodeRequest): void
  /** Ends the loop if it has nothing left to wait for. */
  endIfIdle(): void
  /** The connection has ended, and is not counted any more. */
  connectionEnded(connection: Connection): void
}

/** The state of the connection. `ending`: this side has asked for its end. */
type Phase = 'open' | 'ending' | 'closed'

export class Connection implements SocketOwner, RequestConnection {
  readonly slot: number
  readonly generation: number
  readonly peer: Partial<AddressInfo>
  readonly local: Partial<AddressInfo>
  /** What the handshake has agreed on. Undefined before its end, and without TLS. */
  tls: TlsFacts | undefined
  bytesRead = 0
  /** Bytes of light responses, which are not written to the socket. */
  bytesAnswered = 0
  /** Requests without a whole response, in the order of arrival. */
  readonly open: NodeRequest[] = []
  /** The client has sent a request. */
  hasSentRequest = false
  /** The request whose body is still coming. */
  #incoming: NodeRequest | undefined
  readonly #owner: ConnectionOwner
  #socket: BrinkSocket | undefined
  #phase: Phase = 'open'
  #hasLeft = false
  #clientEnded = false
  /** The request that switched protocols. Undefined while the connection speaks HTTP. */
  #tunnel: NodeRequest | undefined
  /** Hands the connection over to the app, with the bytes that came after the head. */
  #onTunnel: ((head: Buffer) => void) | undefined
  #hasSentEnd = false
  /** The rest of a request will not arrive. */
  #isIncomplete = false
  /** The client was refused. What is written from then on is the response to that. */
  #isRefused = false
  #refusedTimer: NodeJS.Timeout | undefined
  /** What was written while no response was due. It is sent before the next response, or before the end. */
  #early: Written[] = []
  /** A response that was detached from the socket before its end. What is written to the socket belongs to it. */
  #detached: NodeRequest | undefined
  #timeoutIsSuspended = false
  #unreadBytes = 0
  readonly #output: SocketOutput

  constructor(
    owner: ConnectionOwner,
    slot: number,
    generation: number,
    peer: Partial<AddressInfo>,
    local: Partial<AddressInfo>,
  ) {
    this.#owner = owner
    this.slot = slot
    this.generation = generation
    this.peer = peer
    this.local = local
    this.#output = new SocketOutput(owner.exchange)
  }

  /** The socket, which is created when it is first used. */
  get socket(): BrinkSocket {
    if (this.#socket === undefined) {
      this.#socket = this.#owner.makeSocket(this)
      this.#owner.adopt(this, this.#socket)
    }
    return this.#socket
  }

  /** The socket, if it was created. */
  get madeSocket(): BrinkSocket | undefined {
    return this.#socket
  }

  get server(): Server {
    return this.#owner.server
  }

  /** It has ended, and is not counted any more. */
  get hasLeft(): boolean {
    return this.#hasLeft
  }

  /** The client will send nothing more that the server waits for. */
  get isSilent(): boolean {
    return this.#hasLeft || (this.#tunnel !== undefined && this.#clientEnded)
  }

  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  /** The handshake of TLS is not over. */
  get awaitsHandshake(): boolean {
    return this.#owner.isSecure && this.tls === undefined
  }

  /** It waits for the next request. */
  get isIdle(): boolean {
    return this.hasSentRequest && this.open.length === 0 && this.#incoming === undefined && this.#tunnel === undefined
  }

  /** Closes it at once. */
  close(): void {
    if (this.#socket !== undefined) this.#socket.destroy()
    else this.destroyed(false)
  }

  /** Closes a connection above the limit. It was not counted. */
  turnAway(): void {
    this.#hasLeft = true
    this.close()
  }

  passToNode(request: NodeRequest): void {
    this.#owner.passToNode(request)
  }

  answer(request: NodeRequest, head: string, body: string | Uint8Array | undefined, isLast: boolean): void {
    this.bytesAnswered += head.length + (body?.length ?? 0)
    // The app has written to the socket directly, which began the response.
    if (request.isBegun) {
      this.#owner.exchange.rawChunk(request, FLAG_CHUNK_END | (isLast ? FLAG_REPLY_CLOSE : 0), head, body)
    } else this.#owner.exchange.raw(request, isLast ? FLAG_REPLY_CLOSE : 0, head, body)
    request.isBegun = true
    this.answered(request, isLast)
    if (!isLast) return
    timers.nextTick(() => {
      if (this.#socket === undefined) this.#leave()
      else this.#socket.destroySoon()
    })
  }

  /** The whole response was sent to the native side. After the last one, the connection ends. */
  answered(request: NodeRequest, isLast: boolean): void {
    request.isAnswered = true
    if (isLast && this.#phase === 'open') this.#phase = 'ending'
    if (this.#incoming === request && request.bodyFollows) this.#forgetBody(request)
    if (isLast || this.open.length > 1) return this.#remove(request)
    this.#remove(request)
    this.#suspendTimeout()
  }

  /** The native side reports no more of a body after the response, so the message ends. */
  #forgetBody(request: NodeRequest): void {
    this.#incoming = undefined
    const { req } = request
    if (this.#phase === 'open' && req !== undefined && !isLight(req) && !req.destroyed) endMessage(req, '')
  }

  /** Between requests, the timeout of the loop applies, not the timeout of the socket. */
  #suspendTimeout(): void {
    const socket = this.#socket
    if (socket === undefined || !socket.timeout || !this.server.keepAliveTimeout) return
    this.#timeoutIsSuspended = true
    socket.setTimeout(0)
  }

  #remove(request: NodeRequest): void {
    if (this.open[0] === request) this.open.shift()
    else {
      const place = this.open.indexOf(request)
      if (place >= 0) this.open.splice(place, 1)
    }
  }

  // Called by the socket.

  wantsMore(): void {
    const { exchange } = this.#owner
    if (this.#tunnel !== undefined) {
      if (this.#unreadBytes > 0 && this.#phase !== 'closed') exchange.read(this.#tunnel, this.#unreadBytes)
      this.#unreadBytes = 0
      return
    }
    for (const request of this.open) {
      if (request.unreadBytes === 0) continue
      exchange.read(request, request.unreadBytes)
      request.unreadBytes = 0
    }
  }

  write(message: ServerResponse | null, pieces: readonly Written[], done: Done): void {
    if (this.#phase === 'closed') return done()
    const request = message === null ? (this.#detached ?? this.#firstLight()) : requestOf(message)
    const isOwn = request !== undefined && !request.isAnswered
    if (this.#tunnel !== undefined && !isOwn) return this.#output.send(this.#tunnel, pieces, done)
    if (request === undefined || request.isAnswered || this.#isRefused) {
      this.#early.push(...pieces)
      return done()
    }
    if (!request.isBegun) {
      request.isBegun = true
      this.#owner.exchange.raw(request, FLAG_REPLY_STREAM, '', undefined)
      if (this.#early.length > 0) this.#output.write(request, this.#early)
      this.#early = []
    }
    this.#output.send(request, pieces, done)
  }

  /** The first request, if it was not passed to Node's server. */
  #firstLight(): NodeRequest | undefined {
    const [first] = this.open
    return first === undefined || first.isReal ? undefined : first
  }

  finished(message: ServerResponse): void {
    const request = requestOf(message)
    if (request === undefined || request.isAnswered) return
    if (!message.writableEnded) {
      this.#detached = request
      return
    }
    if (!request.isBegun) return
    const isLast = inside<NodeOutgoing>(message)._last
    // The native side reports no more of a body after the response. The app may still read it, so the end waits.
    const isRead = this.#incoming === request && !isLast && request.req && !inside<NodeIncoming>(request.req)._dumped
    if (isRead) request.endsAfterBody = true
    else this.#endAnswer(request, isLast)
  }

  #endAnswer(request: NodeRequest, isLast: boolean): void {
    if (this.#phase !== 'closed') {
      this.#owner.exchange.rawChunk(request, FLAG_CHUNK_END | (isLast ? FLAG_REPLY_CLOSE : 0), '', undefined)
    }
    this.answered(request, isLast)
  }

  ended(done: Done): void {
    if (this.#phase !== 'closed') this.#end()
    done()
  }

  destroyed(resets: boolean): void {
    this.#hasSentEnd ||= this.#phase === 'closed'
    if (this.#phase === 'open' || (resets && this.#phase === 'ending')) {
      if (this.#isRefused && !resets) this.#end()
      else this.#owner.exchange.endConnection(this.slot, this.generation, resets ? END_BY_RESET : END_AT_ONCE)
      this.#phase = 'ending'
    }
    this.#output.drained()
    this.#leave()
  }

  // Called by the loop.

  /** The handshake is over. */
  secured(facts: TlsFacts): void {
    this.tls = facts
  }

  /** The handshake has failed. The loop closes the connection after its alert, and nothing can be sent. */
  handshakeFailed(): void {
    if (this.#phase === 'open') this.#phase = 'ending'
  }

  /** A request has arrived. */
  began(request: NodeRequest, bytes: number): void {
    this.hasSentRequest = true
    this.bytesRead += bytes
    this.open.push(request)
    if ((request.flags & FLAG_BODY) !== 0) this.#incoming = request
    this.#socket?.touch()
    if (!this.#timeoutIsSuspended) return
    this.#timeoutIsSuspended = false
    this.#socket?.setTimeout(this.server.timeout)
  }

  /** More of the body of the last request. */
  body(bytes: Buffer, isLast: boolean, trailers: string): void {
    const request = this.#incoming
    if (request === undefined) return
    this.bytesRead += bytes.length
    this.#socket?.touch()
    if (isLast) this.#incoming = undefined
    request.context.runInAsyncScope(pushBody, undefined, this, request, bytes, isLast, trailers)
    if (!isLast) return
    if (request.endsAfterBody) this.#endAnswer(request, false)
  }

  /** The body will never be complete. */
  bodyFailed(): void {
    this.#incoming = undefined
    this.#isIncomplete = true
  }

  /** The app has taken these bytes of the body. */
  consumed(request: NodeRequest, bytes: number): void {
    if (this.#phase !== 'closed' && this.#incoming === request) this.#owner.exchange.read(request, bytes)
  }

  /** The client has taken what was sent. */
  drained(_sequence: number): void {
    this.#output.drained()
  }

  /** The client has closed its sending side. It may still read responses. */
  clientEnded(): void {
    if (this.#clientEnded) return
    this.#clientEnded = true
    this.makeReal()
    const { socket } = this
    if (socket.destroyed) return
    if (this.#isIncomplete && !this.#isRefused) {
      this.refuse()
      feedPartialRequest(socket)
    }
    endReading(socket)
  }

  /** The client has closed its sending side in the middle of a request. */
  requestUnfinished(): void {
    if (this.#isRefused) return
    this.#isIncomplete = true
    if (!this.#clientEnded) return this.clientEnded()
    const { socket } = this
    if (socket.destroyed) return
    this.refuse()
    feedPartialRequest(socket)
    const { parser } = inside<NodeSocket>(socket)
    if (socket.readableEnded) nodeListener(socket, 'error', 'socketOnError')?.call(socket, parser?.finish())
  }

  /** The connection has closed. What is written from then on is not sent. */
  closed(cause: number): void {
    if (this.#phase === 'closed') return
    const wasOpen = this.#phase === 'open'
    if (this.awaitsHandshake) return this.#closedInHandshake(wasOpen)
    this.#beginTunnel(NO_BYTES)
    this.#phase = 'closed'
    this.#markRequestsGone()
    const socket = this.#socket
    if (socket !== undefined && !socket.destroyed) {
      if (wasOpen && cause === CLOSED_BY_RESET) socket.destroy(resetByClient())
      else if (this.#tunnel === undefined && (wasOpen ? cause === CLOSED_BY_CLIENT : this.#waitsForClient(cause)))
        this.clientEnded()
      else if (cause === CLOSED_BY_CLIENT && this.#clientEnded && this.#hasSentEnd) this.#output.drained()
      else socket.destroy()
    }
    this.#output.drained()
    this.#leave()
  }

  /** `isUntold`: the client has left, and the loop has told no other reason. */
  #closedInHandshake(isUntold: boolean): void {
    this.#phase = 'closed'
    if (isUntold) this.#owner.clientFailed(this, 'TLS_HANDSHAKE_FAILED', '')
    this.#socket?.destroy()
    this.#leave()
  }

  /** Whether the app has closed only its sending side, and has waited for the end of the client. */
  #waitsForClient(cause: number): boolean {
    return this.#hasSentEnd && !this.#clientEnded && (cause === CLOSED_BY_CLIENT || cause === CLOSED_BY_SERVER)
  }

  /** The client has sent no valid request. What is written from then on is the last response. */
  refuse(): void {
    this.#isRefused = true
    // The connection is not read any more, so the end of the client would not be noticed.
    this.#refusedTimer ??= timers.setTimeout(() => this.socket.destroy(), REFUSED_MS).unref()
  }

  /** Switches the connection to another protocol. */
  takeOver(request: NodeRequest, begin: (head: Buffer) => void): void {
    this.#tunnel = request
    this.#owner.exchange.takeOver(request)
    this.answered(request, false)
    this.#onTunnel = begin
    // Bytes that came together with the head arrive in the next turn of the loop.
    timers.setImmediate(() => timers.setImmediate(() => this.#beginTunnel(NO_BYTES)))
  }

  #beginTunnel(head: Buffer): void {
    const begin = this.#onTunnel
    this.#onTunnel = undefined
    if (begin !== undefined) this.#tunnel?.context.runInAsyncScope(begin, undefined, head)
  }

  /** Bytes of a connection that has switched protocols. */
  tunnelData(bytes: Buffer, isLast: boolean): void {
    const socket = this.#socket
    if (socket === undefined || socket.destroyed) return
    this.bytesRead += bytes.length
    this.#unreadBytes += bytes.length
    socket.touch()
    if (bytes.length > 0) {
      if (this.#onTunnel === undefined) socket.push(bytes)
      else this.#beginTunnel(bytes)
    }
    if (isLast) {
      this.#beginTunnel(NO_BYTES)
      this.#clientEnded = true
      endReading(socket)
      this.#owner.endIfIdle()
    }
  }

  isTunnelOf(sequence: number): boolean {
    return this.#tunnel?.sequence === sequence
  }

  /** Makes the light requests and responses real. */
  makeReal(): void {
    for (const { isReal, isGone, res } of this.open.slice()) {
      if (!isReal && !isGone && res !== undefined) makeResponseReal(res)
    }
  }

  /** Marks the open requests as gone. Those with listeners become real, so that Node emits their events. */
  #markRequestsGone(): void {
    for (const request of this.open.slice()) {
      const { isReal, req, res } = request
      const isLightOnly = !isReal && req !== undefined && res !== undefined
      // Node looks at the header fields of a request that becomes real, and must not find it aborted yet.
      if (isLightOnly && (hasListeners(res) || hasRequestListeners(req) || !isLight(req))) makeResponseReal(res)
      else if (isLightOnly) markGone(res)
      request.isGone = true
    }
  }

  #end(): void {
    const { exchange } = this.#owner
    this.#hasSentEnd = true
    if (this.#tunnel !== undefined) return exchange.rawChunk(this.#tunnel, FLAG_CHUNK_END, '', undefined)
    if (this.#phase !== 'open') return
    this.#phase = 'ending'
    const early = this.#early.length > 0 ? bytesOf(this.#early) : undefined
    exchange.endConnection(this.slot, this.generation, END_IN_ORDER, early)
  }

  #leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    // The timer would keep the connection and its messages in memory.
    timers.clearTimeout(this.#refusedTimer)
    this.#owner.connectionEnded(this)
  }
}

/** Ends the readable side. The read() makes it emit 'end', even if the app does not read. */
function endReading(socket: BrinkSocket): void {
  socket.push(null)
  socket.read(0)
}

/** Gives Node's parser the beginning of a request, so that it reports an incomplete request when the client ends. */
function feedPartialRequest(socket: BrinkSocket): void {
  inside<NodeSocket>(socket).parser?.execute?.(BEGINNING)
}

const BEGINNING = Buffer.from('GET')

/** The error that Node's sockets emit. */
function resetByClient(): Error {
  return Object.assign(coded(new Error('read ECONNRESET'), 'ECONNRESET'), { errno: -104, syscall: 'read' })
}
