import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { UNIX_PEER } from '../exchange/address.js'
import type { TlsFacts } from '../exchange/tls_facts.js'
import type { MetricsOptions } from '../metrics/options.js'
import type { CloseOptions, CloseReport } from '../request/closing.js'
import type { BrinkRequest } from '../request/request.js'
import { coded } from '../runtime/errors.js'
import { wrongArgument } from '../runtime/option_errors.js'
import { FetchResponse } from './response.js'

/** The server, as fetch apps see it. */
export interface FetchServer {
  /** The URL for clients on this machine. */
  readonly url: string
  /** The port that the server listens on. */
  readonly port: number
  /** Aborts when the server drains: when `close` is called, or after its `readinessDelay`. */
  readonly signal: AbortSignal
  /** False from the moment that `close` is called. */
  readonly ready: boolean
  /** The metrics of the server as text: see `metrics` of `Server`. */
  metrics(options?: MetricsOptions): Promise<string>
  close(options?: CloseOptions): Promise<CloseReport>
}

/**
 * Takes over a connection. The first three arguments are those of Node's `upgrade` event. `head` is always empty: bytes
 * that the client has sent after its request are read from the socket. `headers` are those that middleware has set, for the
 * response that you write. An error is logged, and closes the connection.
 */
export type FetchUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer, headers: Headers) => void

/** The second argument of `fetch`. It can be read at any time, also after the response. */
export interface FetchInfo {
  /**
   * The address of the client: of the peer, unless `trustProxy` or `proxyProtocol` says otherwise; `unix:` for a Unix
   * domain socket.
   */
  readonly remoteAddress: string
  /** The port of the client; 0 when a trusted proxy has not named it. */
  readonly port: number
  /** The address of the other end of the connection: the client, or the last proxy in front of the server. */
  readonly peer: string
  /** What the TLS handshake of the connection has agreed on; undefined without TLS. */
  readonly tls: TlsFacts | undefined
  /** The client, in the form that Deno uses. */
  readonly remoteAddr: { readonly transport: 'tcp'; readonly hostname: string; readonly port: number }
  /** The server of this request. */
  readonly server: FetchServer
  /**
   * The head of the request in the form that `node:http` uses, such as `incoming.socket.remoteAddress`. It is not a
   * stream: read the body from the request.
   */
  readonly incoming: IncomingRequest
  /** Makes `server.close()` wait for the promise. A rejection is logged. */
  waitUntil(promise: PromiseLike<unknown>): void
  /** Does nothing. It exists for apps written for Cloudflare Workers. */
  passThroughOnException(): void
  /** Empty. It exists for apps written for Cloudflare Workers. */
  readonly props: Readonly<Record<string, never>>
  /** Whether the client asks to switch to another protocol. Only then `upgrade` can be called. */
  readonly offersUpgrade: boolean
  /**
   * Takes over the connection of a client that asks to switch to another protocol, such as WebSocket. Return the response
   * that it gives, with other headers if you like; then `accept` is called. A response with a status of 400 or above refuses
   * the client instead.
   *
   * @throws Error `ERR_NO_UPGRADE` when the client does not ask to switch; TypeError `ERR_INVALID_ARG_TYPE`
   */
  upgrade(accept: FetchUpgrade): Response
}

/** The head of a request, in the form that `node:http` uses. */
export interface IncomingRequest {
  readonly method: string
  readonly url: string
  readonly httpVersion: '1.1'
  readonly headers: Readonly<Record<string, string>>
  readonly rawHeaders: readonly string[]
  readonly socket: {
    readonly remoteAddress: string
    readonly remotePort: number
    readonly remoteFamily: 'IPv4' | 'IPv6' | undefined
    /** Whether the client has used https, as a trusted proxy says. */
    readonly encrypted: boolean
  }
}

/** What all requests of an app share. */
export interface InfoSurroundings {
  readonly server: () => FetchServer
  readonly waitUntil: (promise: PromiseLike<unknown>, request: BrinkRequest) => void
}

const NO_PROPS = Object.freeze({})

/** Every property is computed when it is read, because most apps read none. */
export class RequestInfo implements FetchInfo {
  readonly #source: BrinkRequest
  readonly #surroundings: InfoSurroundings
  #incoming: IncomingRequest | undefined
  #accept: FetchUpgrade | undefined

  constructor(source: BrinkRequest, surroundings: InfoSurroundings) {
    this.#source = source
    this.#surroundings = surroundings
  }

  get remoteAddress(): string {
    return this.#source.ip
  }

  get port(): number {
    return this.#source.port
  }

  get peer(): string {
    return this.#source.peer
  }

  get tls(): TlsFacts | undefined {
    return this.#source.tls
  }

  get remoteAddr(): FetchInfo['remoteAddr'] {
    return { transport: 'tcp', hostname: this.remoteAddress, port: this.port }
  }

  get server(): FetchServer {
    return new ServerOfRequest(this.#surroundings.server(), this)
  }

  get incoming(): IncomingRequest {
    this.#incoming ??= new Incoming(this.#source)
    return this.#incoming
  }

  /** The `runtime` of a request, as in srvx. */
  get runtime(): object {
    return { name: 'node', node: { req: this.incoming } }
  }

  get props(): Readonly<Record<string, never>> {
    return NO_PROPS
  }

  waitUntil(promise: PromiseLike<unknown>): void {
    this.#surroundings.waitUntil(promise, this.#source)
  }

  passThroughOnException(): void {}

  get offersUpgrade(): boolean {
    return this.#source.offersUpgrade
  }

  upgrade(accept: FetchUpgrade): Response {
    if (typeof accept !== 'function') throw wrongArgument('upgrade(accept)', 'a function (req, socket, head)', accept)
    if (!this.offersUpgrade) {
      throw coded(new Error('The client does not offer to speak another protocol on its connection.'), 'ERR_NO_UPGRADE')
    }
    this.#accept = accept
    return FetchResponse.handedOver() as unknown as Response
  }

  /** Set when the app has called `upgrade`. @internal */
  get accept(): FetchUpgrade | undefined {
    return this.#accept
  }
}

/** Has `incoming`, because Hono's `getConnInfo` looks for it in `env.server` when there is one. */
class ServerOfRequest implements FetchServer {
  readonly #server: FetchServer
  readonly #info: RequestInfo

  constructor(server: FetchServer, info: RequestInfo) {
    this.#server = server
    this.#info = info
  }

  get url(): string {
    return this.#server.url
  }

  get port(): number {
    return this.#server.port
  }

  get signal(): AbortSignal {
    return this.#server.signal
  }

  get ready(): boolean {
    return this.#server.ready
  }

  metrics(options?: MetricsOptions): Promise<string> {
    return this.#server.metrics(options)
  }

  close(options?: CloseOptions): Promise<CloseReport> {
    return this.#server.close(options)
  }

  get incoming(): IncomingRequest {
    return this.#info.incoming
  }
}

class Incoming implements IncomingRequest {
  readonly httpVersion = '1.1'
  readonly #source: BrinkRequest

  constructor(source: BrinkRequest) {
    this.#source = source
  }

  get method(): string {
    return this.#source.method
  }

  get url(): string {
    return this.#source.target
  }

  get headers(): Record<string, string> {
    return Object.fromEntries(this.#source.headers)
  }

  get rawHeaders(): readonly string[] {
    return this.#source.headers.raw()
  }

  get socket(): IncomingRequest['socket'] {
    const { ip, port, scheme } = this.#source
    return {
      remoteAddress: ip,
      remotePort: port,
      remoteFamily: ip === UNIX_PEER ? undefined : ip.includes(':') ? 'IPv6' : 'IPv4',
      encrypted: scheme === 'https:',
    }
  }
}
