import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { BrinkRequest } from '../request/request.js'
import { coded } from '../runtime/errors.js'
import { FetchResponse } from './response.js'

/** The server, as far as an app of fetch sees it. */
export interface FetchServer {
  /** Where a client on this machine finds it. */
  readonly url: string
  /** The port that it listens at. */
  readonly port: number
  /** Aborts when `close` begins. */
  readonly signal: AbortSignal
  close(options?: { force?: number | undefined }): Promise<void>
}

/**
 * Takes a connection over: what Node's own servers give with their `upgrade` event. `head` is empty: what the client has
 * sent behind its request is read from the socket. `headers` are those that middleware has put into the answer, which the
 * new owner writes. What it throws is logged, and ends the connection.
 */
export type FetchUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer, headers: Headers) => void

/** What a request's `fetch` is told beyond the request. It can be read for as long as somebody has it. */
export interface FetchInfo {
  /** The address of the peer of the connection: the client, or the proxy that it came through. */
  readonly remoteAddress: string
  /** The port of the peer. */
  readonly port: number
  /** The same, as Deno's servers tell it. */
  readonly remoteAddr: { readonly transport: 'tcp'; readonly hostname: string; readonly port: number }
  /** The server that took the request. */
  readonly server: FetchServer
  /**
   * The request as Node's servers tell it, as far as apps look at it: `incoming.socket.remoteAddress` and the like. Not a
   * stream: the body is the request's.
   */
  readonly incoming: IncomingRequest
  /** `server.close()` waits for the promise. One that is rejected is logged. */
  waitUntil(promise: PromiseLike<unknown>): void
  /** For apps that are written for Cloudflare Workers. Does nothing: errors are answered with 500. */
  passThroughOnException(): void
  /** For apps that are written for Cloudflare Workers. */
  readonly props: Readonly<Record<string, never>>
  /** Whether the client offers to speak another protocol, so that `upgrade` can be called. */
  readonly offersUpgrade: boolean
  /**
   * Hands the connection of a client over that offers to speak another protocol, such as WebSocket. Answer with what it
   * returns, as it is or with other headers: then `accept` gets the connection. An answer with a status of 400 or above
   * refuses instead.
   *
   * @throws Error `ERR_NO_UPGRADE` when the client offers nothing of the kind
   */
  upgrade(accept: FetchUpgrade): Response
}

/** The head of a request, as Node's servers tell it. */
export interface IncomingRequest {
  readonly method: string
  readonly url: string
  readonly httpVersion: '1.1'
  readonly headers: Readonly<Record<string, string>>
  readonly rawHeaders: readonly string[]
  readonly socket: {
    readonly remoteAddress: string
    readonly remotePort: number
    readonly remoteFamily: 'IPv4' | 'IPv6'
    readonly encrypted: false
  }
}

/** What an app's requests have in common. */
export interface InfoSurroundings {
  readonly server: () => FetchServer
  readonly waitUntil: (promise: PromiseLike<unknown>, request: BrinkRequest) => void
}

const NO_PROPS = Object.freeze({})

/** Nothing of it is read before somebody asks: most apps never do. */
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

  /** What srvx tells as a request's `runtime`. */
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
    if (!this.offersUpgrade) {
      throw coded(new Error('The client does not offer to speak another protocol on its connection.'), 'ERR_NO_UPGRADE')
    }
    this.#accept = accept
    return FetchResponse.handedOver() as unknown as Response
  }

  /** Who takes the connection over, if somebody does. @internal */
  get accept(): FetchUpgrade | undefined {
    return this.#accept
  }
}

/** Hono's helpers look for a request below its server, as some runtimes have it. */
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

  close(options?: { force?: number | undefined }): Promise<void> {
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
    const { ip, port } = this.#source
    return {
      remoteAddress: ip,
      remotePort: port,
      remoteFamily: ip.includes(':') ? 'IPv6' : 'IPv4',
      encrypted: false,
    }
  }
}
