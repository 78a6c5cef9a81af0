// What a server of `brink/node` does on brink's loop: it listens, and passes what the loop reports to the app, or to
// Node's own server code.
import { channel } from 'node:diagnostics_channel'
import http, { type Server, type ServerOptions } from 'node:http'
import net from 'node:net'
import { FLAG_EXPECTS_CONTINUE, FLAG_EXPECTS_OTHER, FLAG_HTTP_1_0, FLAG_UPGRADE } from '../exchange/layout.js'
import { type CommonListenSettings, native } from '../exchange/native.js'
import { timers } from '../runtime/timers.js'
import type { Connection } from './connection.js'
import type { Head } from './heads.js'
import { emitClientError, passToNodeServer, realIncoming } from './incoming.js'
import { lightIncoming } from './light_request.js'
import { lightResponse } from './light_response.js'
import { backlogOf, bound, ListeningHandle, type ListenTarget, listenError, type NodeHandle } from './listening.js'
import { Loop, type LoopOwner, type LoopSettings } from './loop.js'
import { inside, type NodeSocket, type RequestClass } from './node_parser.js'
import type { NodeRequest } from './request.js'
import { BrinkSocket } from './socket.js'

/** Node closes idle connections this much later than `keepAliveTimeout`. */
const KEEP_ALIVE_BUFFER_MS = 1000

/** Internals of Node's server that Node's types do not declare. */
export interface ServerInternals {
  _handle: NodeHandle | ListeningHandle | null
  _connections: number
  _connectionKey: string
  _unref: boolean
  _listen2(
    address: string | null,
    port: number | null,
    addressType: number | null,
    backlog: number,
    fd: number | undefined,
    flags: number | undefined,
  ): void
  _emitCloseIfDrained(): void
  highWaterMark: number
  maxHeaderSize?: number
  keepAliveTimeoutBuffer?: number
}

export const { prototype: netServer } = net.Server as unknown as { prototype: ServerInternals }

function internals(server: http.Server): ServerInternals {
  return inside<ServerInternals>(server)
}

const METHODS = new Set(http.METHODS)
const SLASH = 47
const NO_PATH = /^(\*|[a-z]+:\/\/)/i

/** Whether Node's parser would accept the method and the target. */
function isForNode({ method, url }: Head): boolean {
  return METHODS.has(method) && (url.charCodeAt(0) === SLASH || method === 'CONNECT' || NO_PATH.test(url))
}

/** The bytes of the head, for `rawPacket`. */
function packetOf({ method, url, fields: { raw } }: Head): Buffer {
  let text = `${method} ${url} HTTP/1.1\r\n`
  for (let at = 0; at < raw.length; at += 2) text += `${raw[at]}: ${raw[at + 1]}\r\n`
  return Buffer.from(`${text}\r\n`, 'latin1')
}

interface HeaderRules {
  joinDuplicateHeaders?: boolean
  requireHostHeader?: boolean
}

/** Flags of requests that Node's server has to handle. */
const UNUSUAL = FLAG_HTTP_1_0 | FLAG_UPGRADE | FLAG_EXPECTS_CONTINUE | FLAG_EXPECTS_OTHER

const requestStarts = channel('http.server.request.start')
const responseEnds = channel('http.server.response.finish')

export class ServerState implements LoopOwner {
  /** Set while a request is passed to Node's server whose listeners were called before. */
  hidesRequestEvents = false
  /** A connection has ended in this turn. The server closes in the next one, so that the end is sent before. */
  isCloseCheckDue = false
  /** The app sets prototypes of its own, as Express does. They make Node's constructor even slower. */
  hasPrototypes = false
  /** Whether the options allow light requests: no classes of the app, and nothing that changes responses. */
  readonly #isPlain: boolean
  /** The loop that listens, and stopped loops that still have connections. */
  readonly loops = new Set<Loop>()
  readonly server: Server
  /** Whether connections begin with a handshake of TLS. */
  readonly isSecure: boolean = false
  readonly #Request: RequestClass
  /** Node's listener of 'listening'. It starts to check connections of Node's parsers, and brink has none. */
  readonly #nodeListener: (() => void) | undefined

  constructor(server: Server, options: ServerOptions) {
    this.server = server
    this.#Request = (options.IncomingMessage ?? http.IncomingMessage) as unknown as RequestClass
    const { IncomingMessage, ServerResponse, uniqueHeaders } = options
    const isPlain = IncomingMessage === undefined && ServerResponse === undefined
    this.#isPlain =
      isPlain && !uniqueHeaders && !inside<{ rejectNonStandardBodyWrites: boolean }>(server).rejectNonStandardBodyWrites
    this.#nodeListener = server.listeners('listening')[0] as (() => void) | undefined
    if (this.#nodeListener) server.removeListener('listening', this.#nodeListener)
  }

  get highWaterMark(): number {
    return internals(this.server).highWaterMark
  }

  /** Whether Node's server accepts the connections. */
  protected get isOfNode(): boolean {
    return false
  }

  listen(place: ListenTarget): void {
    if (this.isOfNode) return this.#leaveToNode(place)
    const server = internals(this.server)
    const given = server._handle as NodeHandle | null
    const { handle, address, addressType } = given ? { ...place, handle: given } : bound(place)
    if (typeof handle === 'number') return this.#failed(handle, address, place.port)
    if (typeof handle.fd !== 'number' || handle.fd < 0) return this.#leaveToNode(place)
    const loop = new Loop(this, this.settings())
    const listening = loop.reactor.listenOn(handle.fd, this.listenSettings(backlogOf(place)), [])
    if ('errno' in listening) {
      handle.close()
      server._handle = null
      loop.reactor.close()
      return this.#failed(listening.errno, address, place.port)
    }
    this.loops.add(loop)
    loop.isIpv6 = isIpv6(handle)
    loop.start()
    server._handle = new ListeningHandle(handle, loop)
    server._connectionKey = `${addressType}:${address}:${place.port}`
    if (server._unref) this.server.unref()
    timers.nextTick(() => {
      if (server._handle) this.server.emit('listening')
    })
  }

  protected listenSettings(backlog: number): CommonListenSettings {
    return { backlog }
  }

  #failed(errno: number, address: string | null, port: number | null): void {
    const error = listenError(errno, address, port)
    timers.nextTick(() => this.server.emit('error', error))
  }

  /** Lets Node's server take the connections, such as those that a cluster's primary has accepted. */
  #leaveToNode({ address, port, addressType, backlog, fd, flags }: ListenTarget): void {
    // Before those of the app, which may close it.
    if (this.#nodeListener) this.server.prependOnceListener('listening', this.#nodeListener)
    netServer._listen2.call(this.server as unknown as ServerInternals, address, port, addressType, backlog, fd, flags)
  }

  /** Settings of its reactors. */
  protected settings(): LoopSettings {
    const server = this.server
    const { backend, threaded } = chosenBackend()
    return {
      backend,
      threaded,
      ...this.deadlines(),
      writeTimeout: 0,
      halfCloseTimeout: 0,
      minRate: 0,
      maxHeaderSize: Math.min(internals(server).maxHeaderSize || http.maxHeaderSize, 65535),
      maxHeaders: 1000,
      maxTargetSize: 65535,
      bodyLimit: Number.MAX_SAFE_INTEGER,
      takesUpgrades: true,
      takesAnyUpgrade: true,
      tellsConnections: true,
      ownsExpectations: true,
      lenientHost: true,
      anyTarget: true,
      asksAboutRefusals: true,
    }
  }

  /** The deadlines for the native side. As in Node, 0 means no limit. */
  deadlines(): { keepAliveTimeout: number; headersTimeout: number; requestTimeout: number } {
    const { keepAliveTimeout, headersTimeout, requestTimeout } = this.server
    const idle = limitOf(keepAliveTimeout)
    const head = limitOf(headersTimeout)
    // The time for the whole request includes its head.
    const whole = limitOf(requestTimeout)
    const buffer = internals(this.server).keepAliveTimeoutBuffer ?? KEEP_ALIVE_BUFFER_MS
    return {
      keepAliveTimeout: idle === 0 ? 0 : idle + limitOf(buffer),
      headersTimeout: whole > 0 && (head === 0 || whole < head) ? whole : head,
      requestTimeout: whole,
    }
  }

  // Called by the loop.

  opened(connection: Connection): void {
    const server = this.server
    const { maxConnections } = server
    const own = internals(server)
    if (maxConnections && own._connections >= maxConnections) {
      const { peer, local } = connection
      connection.turnAway()
      server.emit('drop', {
        localAddress: local.address,
        localPort: local.port,
        localFamily: local.family,
        remoteAddress: peer.address,
        remotePort: peer.port,
        remoteFamily: peer.family,
      })
      return
    }
    own._connections += 1
    if (this.needsSocket()) void connection.socket
  }

  /** Whether the socket of a connection that was just opened is used. One listener of 'connection' is Node's own. */
  protected needsSocket(): boolean {
    return this.server.listenerCount('connection') > 1 || this.server.timeout > 0
  }

  makeSocket(connection: Connection): BrinkSocket {
    return new BrinkSocket(connection, this.highWaterMark)
  }

  /** Of a connection without TLS there is nothing to be told. */
  secured(_connection: Connection): void {}

  clientFailed(_connection: Connection, _code: string, _reason: string): void {}

  connectionEnded(): void {
    const own = internals(this.server)
    own._connections -= 1
    if (this.isCloseCheckDue) return
    this.isCloseCheckDue = true
    timers.setImmediate(() => {
      this.isCloseCheckDue = false
      own._emitCloseIfDrained()
    })
  }

  adopt(_connection: Connection, socket: BrinkSocket): void {
    inside<NodeSocket>(socket).server = this.server
    this.server.emit('connection', socket)
  }

  request(request: NodeRequest): void {
    const connection = request.connection as Connection
    if (!isForNode(request.head)) return this.refused(connection, { code: 'INVALID_METHOD' }, packetOf(request.head))
    if (!this.#canBeLight(request) || connection.open.length > 1) {
      // Node's server keeps the responses in order.
      connection.makeReal()
      return passToNodeServer(request, this.#Request)
    }
    // Most apps read such a body, which makes a light request real. Node's constructor takes several times as long on
    // an existing object, so the request is real from the beginning.
    const req =
      request.bodyFollows || (request.hasBody && this.hasPrototypes)
        ? realIncoming(request, this.#Request)
        : lightIncoming(request)
    if (req === undefined) return
    const res = lightResponse(request, req)
    request.req = req
    request.res = res
    this.server.emit('request', req, res)
  }

  passToNode(request: NodeRequest): void {
    this.hidesRequestEvents = true
    try {
      passToNodeServer(request, this.#Request)
    } finally {
      this.hidesRequestEvents = false
    }
  }

  /** Whether the request and its response can be light: see `light_request.ts`. */
  #canBeLight(request: NodeRequest): boolean {
    if ((request.flags & UNUSUAL) !== 0 || !this.#isPlain) return false
    const { maxRequestsPerSocket, maxHeadersCount } = this.server
    if (maxRequestsPerSocket || maxHeadersCount || requestStarts.hasSubscribers || responseEnds.hasSubscribers)
      return false
    const { joinDuplicateHeaders, requireHostHeader } = inside<HeaderRules>(this.server)
    return !joinDuplicateHeaders && (request.head.fields.hasHost || requireHostHeader === false)
  }

  refused(connection: Connection, refusal: { readonly code: string }, packet: Buffer): void {
    if (refusal.code === '') return connection.requestUnfinished()
    connection.refuse()
    emitClientError(connection.socket, refusal.code, packet)
  }

  closed(loop: Loop): void {
    this.loops.delete(loop)
  }

  connections(): Connection[] {
    return [...this.loops].flatMap((loop) => [...loop.connections])
  }
}

function isIpv6(handle: NodeHandle): boolean {
  const name: { family?: string } = {}
  handle.getsockname?.(name)
  return name.family === 'IPv6'
}

function limitOf(ms: number | undefined): number {
  return typeof ms === 'number' && Number.isFinite(ms) && ms > 0 ? ms : 0
}

function chosenBackend(): { backend: string; threaded: boolean } {
  const name = process.env.BRINK_BACKEND ?? 'auto'
  const found = native.backends.find((backend) => backend.name === name) ?? native.backends[0]
  return { backend: found?.name ?? 'auto', threaded: found?.needsThread === true }
}
