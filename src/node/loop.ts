// The loop of a server: a native reactor, and the connections that its events belong to.
import { AsyncResource, executionAsyncId } from 'node:async_hooks'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addressText } from '../exchange/address.js'
import { bodyChanged } from '../exchange/body_changed.js'
import { clientErrorAt, pieceAt, refusalAt } from '../exchange/event_fields.js'
import { type Block, Exchange } from '../exchange/exchange.js'
import {
  BATCH_DONE,
  BATCH_FLUSHES,
  BATCH_GOES_ON,
  BODY_END,
  BODY_FAILED,
  BODY_FLAGS,
  BODY_SEQUENCE,
  BODY_TRAILERS_LENGTH,
  BODY_TRAILERS_OFFSET,
  CLOSED_BY_SERVER,
  CLOSED_CAUSE,
  DRAINED_SEQUENCE,
  EVENT_BODY,
  EVENT_BODY_CHANGED,
  EVENT_CLIENT_ERROR,
  EVENT_CLOSED,
  EVENT_DRAINED,
  EVENT_GENERATION,
  EVENT_GONE,
  EVENT_KIND,
  EVENT_OPENED,
  EVENT_REFUSED,
  EVENT_REQUEST,
  EVENT_SECURED,
  EVENT_SLOT,
  EVENT_WORDS,
  FLAG_BODY,
  FLAG_BODY_FOLLOWS,
  FLAG_IPV4,
  GONE_HALF,
  OPENED_ADDRESS,
  OPENED_FLAGS,
  OPENED_LOCAL_ADDRESS,
  OPENED_LOCAL_PORT,
  OPENED_PORT,
  OPENED_UNIX,
  REFUSED_LENGTH,
  REFUSED_OFFSET,
  REFUSED_WHY,
  REQUEST_BODY_LENGTH,
  REQUEST_BODY_OFFSET,
  REQUEST_FLAGS,
  REQUEST_HEAD_LENGTH,
  REQUEST_SEQUENCE,
  REQUEST_TRAILERS_LENGTH,
  REQUEST_TRAILERS_OFFSET,
  STATE_BATCH,
} from '../exchange/layout.js'
import { type NativeReactor, native } from '../exchange/native.js'
import { tlsFactsAt } from '../exchange/secured.js'
import { REQUEST_CONTEXT } from '../request/request_context.js'
import { Pace } from '../runtime/pace.js'
import { Connection } from './connection.js'
import { Heads } from './heads.js'
import { isLight } from './light_request.js'
import { endMessage } from './message_body.js'
import { NodeRequest } from './request.js'
import type { BrinkSocket } from './socket.js'

/** The end of the last line of a head and the empty line, which are not in its length. */
const HEAD_END_BYTES = 4

/** The server of a loop, as far as the loop needs it. */
export interface LoopOwner {
  /** Whether connections begin with a handshake of TLS. */
  readonly isSecure: boolean
  makeSocket(connection: Connection): BrinkSocket
  /** A connection was opened. */
  opened(connection: Connection): void
  /** The handshake of a connection is over. */
  secured(connection: Connection): void
  /** A client was refused or disconnected, for the reason of this code; with TLS, in OpenSSL's words. */
  clientFailed(connection: Connection, code: string, reason: string): void
  /** A connection has ended. */
  connectionEnded(connection: Connection): void
  /** Emits 'connection'. */
  adopt(connection: Connection, socket: BrinkSocket): void
  /** A request has arrived. Its body is passed on after this call. */
  request(request: NodeRequest): void
  readonly server: Server
  /** Passes a request to Node's server. The app has its request and response objects already. */
  passToNode(request: NodeRequest): void
  /** A client was refused, and waits for the last response. `packet`: the last bytes that it has sent. */
  refused(connection: Connection, refusal: { readonly code: string; readonly status: number }, packet: Buffer): void
  /** The reactor has ended. */
  closed(loop: Loop): void
}

/** Settings of the native reactor. */
export type LoopSettings = Readonly<Record<string, number | string | boolean>>

export class Loop {
  readonly exchange: Exchange
  readonly reactor: NativeReactor
  readonly connections = new Set<Connection>()
  isListening = true
  /** It listens on an IPv6 address. */
  isIpv6 = false
  readonly #owner: LoopOwner
  readonly #bySlot: (Connection | undefined)[] = []
  readonly #heads = new Heads()
  readonly #pace = new Pace()
  readonly #state: Int32Array
  #isClosed = false
  #isEnding = false
  #block: Block | undefined
  #at = 0
  #eventsLeft = 0
  #caller = 0

  constructor(owner: LoopOwner, settings: LoopSettings) {
    this.#owner = owner
    const threaded = settings.threaded === true
    this.exchange = new Exchange(threaded, {
      flush: (atLeisure) => this.#isClosed || this.reactor.flush(atLeisure),
      lend: (body, copied) => (this.#isClosed ? 0 : this.reactor.lend(body, copied)),
      losers: () => (this.#isClosed ? [] : this.reactor.losers()),
    })
    this.#state = this.exchange.state
    this.reactor = new native.Reactor(
      settings,
      this.exchange.requestBlocks,
      this.exchange.replyBlocks,
      this.#state,
      (place, events) => this.#begin(place, events),
      () => this.#run(),
      (place) => this.exchange.lenderOf(place),
      () => this.reactor.close(),
      () => {
        this.#isClosed = true
        this.exchange.largeBodies.allGone()
        for (const connection of this.connections) connection.closed(CLOSED_BY_SERVER)
        owner.closed(this)
      },
    )
  }

  start(): void {
    this.reactor.start()
  }

  /** Accepts no more connections. Open connections stay. */
  stopListening(): void {
    this.isListening = false
    this.reactor.stopListening()
    this.endIfIdle()
  }

  /** Ends the loop when it has stopped listening and all connections have ended. */
  endIfIdle(): void {
    if (this.isListening || this.#isEnding) return
    let isSilent = true
    let hasLeft = true
    for (const connection of this.connections) {
      isSilent &&= connection.isSilent
      hasLeft &&= connection.hasLeft
    }
    // As in Node, a socket that the client has ended does not keep the process alive.
    if (isSilent) this.reactor.unref()
    if (!hasLeft) return
    this.#isEnding = true
    // Draining still sends pending output.
    this.reactor.drain()
  }

  #begin(place: number, events: number): void {
    this.#block = this.exchange.requests(place)
    this.#at = 0
    this.#eventsLeft = events
    this.#caller = executionAsyncId()
    this.#pace.begin()
    this.#run()
  }

  /**
   * Handles the remaining events of the batch. An error of a listener is an uncaught exception, as in Node's server.
   * The native side then calls again for the other events.
   */
  #run(): void {
    const block = this.#block
    if (block === undefined) return
    const { words } = block
    this.#state[STATE_BATCH] = BATCH_GOES_ON
    while (this.#eventsLeft > 0) {
      const at = this.#at
      this.#at = at + words[at + EVENT_WORDS]
      this.#eventsLeft -= 1
      if (words[at + EVENT_KIND] === EVENT_REQUEST) this.#request(block, at)
      else this.#handleEvent(block, at)
      if (this.#eventsLeft === 0 || !this.#pace.step() || !this.#pace.look()) continue
      this.#pace.restart()
      this.#state[STATE_BATCH] = BATCH_FLUSHES
      return
    }
    this.#block = undefined
    this.#state[STATE_BATCH] = BATCH_DONE
  }

  #request(block: Block, at: number): void {
    const { words } = block
    const connection = this.#connection(words[at + EVENT_SLOT], words[at + EVENT_GENERATION])
    if (connection === undefined || !connection.isOpen) return
    const context = new AsyncResource(REQUEST_CONTEXT, this.#caller)
    const flags = words[at + REQUEST_FLAGS]
    const head = this.#heads.at(block, at)
    const request = new NodeRequest(connection, words[at + REQUEST_SEQUENCE], context, head, flags)
    connection.began(request, words[at + REQUEST_HEAD_LENGTH] + HEAD_END_BYTES)
    context.runInAsyncScope(this.#dispatch, this, request, block, at)
  }

  #dispatch(request: NodeRequest, block: Block, at: number): void {
    if ((request.flags & FLAG_BODY) === 0) {
      try {
        this.#owner.request(request)
      } finally {
        endWithoutBody(request)
      }
      return
    }
    const { words, bytes } = block
    const start = words[at + REQUEST_BODY_OFFSET]
    const body = Buffer.from(bytes.subarray(start, start + words[at + REQUEST_BODY_LENGTH]))
    const isWhole = (request.flags & FLAG_BODY_FOLLOWS) === 0
    const trailers = isWhole
      ? textAt(block, words[at + REQUEST_TRAILERS_OFFSET], words[at + REQUEST_TRAILERS_LENGTH])
      : ''
    try {
      this.#owner.request(request)
    } finally {
      // Also when a listener has thrown.
      request.connection.body(body, isWhole, trailers)
    }
  }

  #handleEvent(block: Block, at: number): void {
    const { words, bytes } = block
    const slot = words[at + EVENT_SLOT]
    const generation = words[at + EVENT_GENERATION]
    if (words[at + EVENT_KIND] === EVENT_OPENED) return this.#opened(words, at)
    if (words[at + EVENT_KIND] === EVENT_BODY_CHANGED) {
      for (const loser of this.exchange.losers()) loser.bodyChanged(bodyChanged())
      return
    }
    const connection = this.#connection(slot, generation)
    if (connection === undefined) return
    switch (words[at + EVENT_KIND]) {
      case EVENT_BODY: {
        const flags = words[at + BODY_FLAGS]
        const isLast = (flags & BODY_END) !== 0
        const piece = pieceAt(words, bytes, at)
        if (connection.isTunnelOf(words[at + BODY_SEQUENCE])) return connection.tunnelData(piece, isLast)
        if ((flags & BODY_FAILED) !== 0) return connection.bodyFailed()
        const trailers = isLast ? textAt(block, words[at + BODY_TRAILERS_OFFSET], words[at + BODY_TRAILERS_LENGTH]) : ''
        return connection.body(piece, isLast, trailers)
      }
      case EVENT_GONE:
        if (words[at + GONE_HALF] !== 0) connection.clientEnded()
        else this.exchange.largeBodies.gone(slot, generation, false)
        return
      case EVENT_DRAINED: {
        const sequence = words[at + DRAINED_SEQUENCE]
        if (this.exchange.largeBodies.drained({ slot, generation, sequence })) return
        return connection.drained(sequence)
      }
      case EVENT_CLOSED:
        this.exchange.largeBodies.gone(slot, generation, false)
        this.#bySlot[slot] = undefined
        this.connections.delete(connection)
        return connection.closed(words[at + CLOSED_CAUSE])
      case EVENT_SECURED:
        connection.secured(tlsFactsAt(words, bytes, at))
        return this.#owner.secured(connection)
      case EVENT_CLIENT_ERROR: {
        const { code, reason = '' } = clientErrorAt(words, bytes, at)
        return this.#owner.clientFailed(connection, code, reason)
      }
      case EVENT_REFUSED: {
        const start = words[at + REFUSED_OFFSET]
        const packet = Buffer.from(bytes.subarray(start, start + words[at + REFUSED_LENGTH]))
        return this.#owner.refused(connection, refusalAt(words[at + REFUSED_WHY]), packet)
      }
    }
  }

  #opened(words: Int32Array, at: number): void {
    const slot = words[at + EVENT_SLOT]
    const peer = this.#address(words, at, OPENED_ADDRESS, OPENED_PORT)
    const local = this.#address(words, at, OPENED_LOCAL_ADDRESS, OPENED_LOCAL_PORT)
    const connection = new Connection(this, slot, words[at + EVENT_GENERATION], peer, local)
    this.#bySlot[slot] = connection
    this.connections.add(connection)
    this.#owner.opened(connection)
  }

  /** Formats an address as Node does: a dual-stack socket has IPv4-mapped IPv6 addresses. */
  #address(words: Int32Array, at: number, addressAt: number, portAt: number): Partial<AddressInfo> {
    const flags = words[at + OPENED_FLAGS]
    if ((flags & OPENED_UNIX) !== 0) return {}
    const isIpv4 = (flags & FLAG_IPV4) !== 0
    const text = addressText(words, at + addressAt, isIpv4)
    const port = words[at + portAt]
    if (isIpv4 && !this.isIpv6) return { address: text, family: 'IPv4', port }
    return { address: isIpv4 ? `::ffff:${text}` : text, family: 'IPv6', port }
  }

  #connection(slot: number, generation: number): Connection | undefined {
    const connection = this.#bySlot[slot]
    return connection?.generation === generation ? connection : undefined
  }

  // Called by connections.

  get isSecure(): boolean {
    return this.#owner.isSecure
  }

  makeSocket(connection: Connection): BrinkSocket {
    return this.#owner.makeSocket(connection)
  }

  clientFailed(connection: Connection, code: string, reason: string): void {
    this.#owner.clientFailed(connection, code, reason)
  }

  adopt(connection: Connection, socket: BrinkSocket): void {
    this.#owner.adopt(connection, socket)
  }

  get server(): Server {
    return this.#owner.server
  }

  passToNode(request: NodeRequest): void {
    this.#owner.passToNode(request)
  }

  connectionEnded(connection: Connection): void {
    this.#owner.connectionEnded(connection)
    this.endIfIdle()
  }
}

/** Ends a message without a body, after the listeners of 'request' have run. */
function endWithoutBody(request: NodeRequest): void {
  const { req } = request
  if (req === undefined || request.hasWholeBody) return
  request.hasWholeBody = true
  if (!isLight(req)) endMessage(req, '')
}

function textAt({ bytes }: Block, start: number, length: number): string {
  return length === 0 ? '' : bytes.latin1Slice(start, start + length)
}
