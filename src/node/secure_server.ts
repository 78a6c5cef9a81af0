// An https.Server on brink's loop: `createServer` and `Server` of `brink/node/https`. `node:https` is loaded when the
// class is first used, because programs without TLS do not need it.
import type { RequestListener } from 'node:http'
import type https from 'node:https'
import type { SecureContext as NodeContext, Server as TlsServer } from 'node:tls'
import type { CommonListenSettings } from '../exchange/native.js'
import { messageOf } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { isNoHandler } from '../runtime/uncalled.js'
import type { Connection } from './connection.js'
import type { ListenTarget } from './listening.js'
import type { LoopSettings } from './loop.js'
import { inside, type NodeSocket, nodeListener } from './node_parser.js'
import type { CertificateOptions, SecureServerOptions } from './secure_options.js'
import { becomeTlsSockets, SecureSocket } from './secure_socket.js'
import { argumentsOf, construct, type OnBrink, runOnBrink, stateOf } from './server_base.js'
import { type Replaced, ServerSecurity } from './server_security.js'
import { ServerState } from './server_state.js'
import type { BrinkSocket } from './socket.js'
import { tlsError } from './tls_errors.js'

type Replacing = 'setSecureContext' | 'addContext' | 'getTicketKeys' | 'setTicketKeys'

/** An `https.Server` on brink's loop. */
export interface SecureServer extends Omit<https.Server, Replacing> {
  /** New connections get this certificate. Throws and changes nothing if it is wrong. Ticket keys are kept. */
  setSecureContext(options: CertificateOptions): void
  /**
   * A certificate for clients that ask for this host name, which is exact, or `*.` and the rest of one. What is not given
   * of `requestCert` and `rejectUnauthorized` is as for the server.
   */
  addContext(hostname: string, options: CertificateOptions): void
  /** The key with which session tickets are encrypted, 48 bytes. */
  getTicketKeys(): Buffer
  /** A key of 48 bytes, or a list with the newest first: that one encrypts, all of them decrypt. */
  setTicketKeys(keys: Uint8Array | readonly Uint8Array[]): void
}

export interface SecureServerConstructor {
  new (requestListener?: RequestListener): SecureServer
  new (options: SecureServerOptions, requestListener?: RequestListener): SecureServer
  (requestListener?: RequestListener): SecureServer
  (options: SecureServerOptions, requestListener?: RequestListener): SecureServer
  readonly prototype: SecureServer
}

type Listener = (this: object, ...args: unknown[]) => void

/** Whether Node's own server takes over where brink does not have an option: for apps that have not chosen brink. */
let fallsBack = false

export function fallBackToNode(): void {
  fallsBack = true
}

class SecureServerState extends ServerState {
  override readonly isSecure = true
  /** Undefined when Node's server accepts the connections. */
  #security: ServerSecurity | undefined

  constructor(server: OnBrink, options: SecureServerOptions) {
    super(server, options as https.ServerOptions)
    leaveOwnConnections(server)
    this.#security = this.tried(() => new ServerSecurity(options))
  }

  override listen(place: ListenTarget): void {
    // Throws without a certificate.
    this.tried(() => this.#security?.contexts)
    super.listen(place)
  }

  protected override get isOfNode(): boolean {
    return this.#security === undefined
  }

  /**
   * Runs what is done with the certificates. Where brink does not have what Node has, it throws, or leaves the server to
   * Node.
   */
  tried<Result>(run: () => Result): Result | undefined {
    try {
      return run()
    } catch (error) {
      if (!fallsBack || this.server.listening) throw error
      process.emitWarning(`An https server runs on Node's own loop: ${messageOf(error)}`, {
        code: 'BRINK_HTTPS_OF_NODE',
      })
      this.#security = undefined
      return undefined
    }
  }

  /** Changes the certificates. Listeners get them for new connections, when Node's server has taken them too. */
  change(make: (security: ServerSecurity) => Replaced | undefined, byNode: () => void): void {
    const security = this.#security
    const contexts = security && this.tried(() => make(security))
    byNode()
    if (contexts === undefined) return
    for (const loop of this.loops) loop.reactor.changeContexts(contexts.from, contexts.to)
  }

  /** Undefined when Node's server has it. */
  get ticketKey(): Buffer | undefined {
    return this.#security?.ticketKey
  }

  protected override settings(): LoopSettings {
    return { ...super.settings(), handshakeTimeout: this.#ownSecurity.handshakeTimeout, tellsClientErrors: true }
  }

  protected override listenSettings(backlog: number): CommonListenSettings {
    return { ...super.listenSettings(backlog), tls: this.#ownSecurity.contexts }
  }

  get #ownSecurity(): ServerSecurity {
    return this.#security as ServerSecurity
  }

  protected override needsSocket(): boolean {
    return this.server.listenerCount('connection') > 1
  }

  override makeSocket(connection: Connection): BrinkSocket {
    return new SecureSocket(connection, this.highWaterMark, this.#ownSecurity)
  }

  override adopt(connection: Connection, socket: BrinkSocket): void {
    // Node's own listener of 'connection' ignores it.
    super.adopt(connection, socket)
    if (connection.tls !== undefined) this.server.emit('secureConnection', socket)
  }

  override secured(connection: Connection): void {
    const { madeSocket: socket, tls } = connection
    if (tls === undefined) return
    // One listener is Node's own, which sets up the socket.
    if (socket === undefined) {
      if (this.server.listenerCount('secureConnection') > 1 || this.server.timeout > 0) void connection.socket
    } else if (!socket.destroyed) {
      inside<SecureSocket>(socket).secured(tls)
      this.server.emit('secureConnection', socket)
    }
  }

  override clientFailed(connection: Connection, code: string, reason: string): void {
    const { server } = this
    if (!connection.awaitsHandshake) {
      if (code === 'TLS_BROKEN' && server.listenerCount('clientError') > 0)
        socketFailed(connection, tlsError(code, reason))
      return
    }
    connection.handshakeFailed()
    // One listener is Node's own, which emits 'clientError'.
    if (server.listenerCount('tlsClientError') === 1 && server.listenerCount('clientError') === 0) return
    const { socket } = connection
    // As in Node. What would be written is not sent.
    if (code !== 'TLS_HANDSHAKE_TIMEOUT') socket.destroy()
    else socket.on('error', () => {})
    server.emit('tlsClientError', tlsError(code, reason), socket)
  }
}

/** Node's listener of 'connection' begins a handshake of its own. It is for sockets that the app emits. */
function leaveOwnConnections(server: OnBrink): void {
  const [ofNode] = server.listeners('connection') as Listener[]
  if (ofNode === undefined) return
  server.removeListener('connection', ofNode)
  server.on('connection', (socket) => {
    if (!(socket instanceof SecureSocket)) ofNode.call(server, socket)
  })
}

/** An error on a connection whose handshake was over. Node's listener emits 'clientError'. */
function socketFailed(connection: Connection, error: Error): void {
  connection.makeReal()
  const { socket } = connection
  if (!socket.destroyed && inside<NodeSocket>(socket).parser !== null) {
    nodeListener(socket, 'error', 'socketOnError')?.call(socket, error)
  }
}

function securityOf(server: object): SecureServerState | undefined {
  return stateOf(server as OnBrink) as SecureServerState | undefined
}

function makeSecureServer(): SecureServerConstructor {
  const { Server: NodeServer } = lateBuiltin('node:https')
  const node = NodeServer.prototype as unknown as TlsServer
  const { createSecureContext } = lateBuiltin('node:tls')
  becomeTlsSockets()

  /** A function, as Node's is. */
  const Server = function (
    this: OnBrink | undefined,
    options?: SecureServerOptions | RequestListener | null,
    listener?: RequestListener,
  ): SecureServer | undefined {
    if (!(this instanceof Server)) return new Server(options as SecureServerOptions, listener)
    const given = argumentsOf(options, listener)
    const server = this as unknown as OnBrink
    const { options: all } = given
    // Node takes one key.
    const forNode = Array.isArray(all.ticketKeys) ? { ...all, ticketKeys: all.ticketKeys[0] } : all
    construct(
      server,
      NodeServer as unknown as (options: unknown, listener: unknown) => void,
      { ...given, options: forNode as https.ServerOptions },
      () => new SecureServerState(server, all),
    )
    return undefined
  } as unknown as SecureServerConstructor

  Object.setPrototypeOf(Server.prototype, NodeServer.prototype)
  Object.setPrototypeOf(Server, NodeServer)
  runOnBrink(Server.prototype)

  // Node's own contexts serve what the app emits as 'connection', and workers of a cluster whose primary accepts.
  const methods = {
    setSecureContext(this: object, options: CertificateOptions): void {
      const state = securityOf(this)
      // Called by Node's constructor.
      if (state === undefined) return node.setSecureContext.call(this as TlsServer, options as never)
      // Before anything is changed.
      createSecureContext(options as never)
      state.change(
        (security) => security.setSecureContext(options),
        () => node.setSecureContext.call(this as TlsServer, { ticketKeys: state.ticketKey, ...options } as never),
      )
    },

    addContext(this: object, hostname: string, context: CertificateOptions | NodeContext): void {
      const byNode = () => node.addContext.call(this as TlsServer, hostname, context as never)
      const state = securityOf(this)
      // Without a name, Node throws.
      if (state === undefined || !hostname) return byNode()
      if (!('context' in context)) createSecureContext(context as never)
      state.change((security) => security.addContext(hostname, context), byNode)
    },

    getTicketKeys(this: object): Buffer {
      return securityOf(this)?.ticketKey ?? node.getTicketKeys.call(this as TlsServer)
    },

    setTicketKeys(this: object, keys: Uint8Array | readonly Uint8Array[]): void {
      const byNode = () => node.setTicketKeys.call(this as TlsServer, firstOf(keys) as Buffer)
      const state = securityOf(this)
      if (state === undefined) return byNode()
      state.change((security) => security.setTicketKeys(keys), byNode)
    },
  }
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(Server.prototype, name, { value, writable: true, configurable: true })
  }
  isNoHandler(Server, 'it makes a server by itself, createServer(options, listener)')
  return Server
}

function firstOf(keys: Uint8Array | readonly Uint8Array[] | undefined): Uint8Array | undefined {
  return Array.isArray(keys) ? (keys[0] as Uint8Array | undefined) : (keys as Uint8Array | undefined)
}

let made: SecureServerConstructor | undefined

/** The class. */
export function secureServer(): SecureServerConstructor {
  made ??= makeSecureServer()
  return made
}
