// A server with the interface of srvx, for apps and frameworks that expect it.
import { EventEmitter } from 'node:events'
import type { FetchInfo } from '../fetch/info.js'
import { wrongArgument, wrongType, wrongValue } from '../runtime/option_errors.js'
import { isNoHandler } from '../runtime/uncalled.js'
import type { FetchServeOptions } from '../server/applications.js'
import type { ServeOptions } from '../server/options.js'
import { type Server, serve as serveApp } from '../server/server.js'

type MaybePromise<T> = T | Promise<T>

/** Runs around `fetch`. */
export type SrvxMiddleware = (request: Request, next: () => MaybePromise<Response>) => MaybePromise<Response>

/** The options of srvx's `serve`. `brink` takes options of brink itself. */
export interface SrvxOptions {
  fetch(request: Request): MaybePromise<Response>
  error?: ((error: unknown) => MaybePromise<Response>) | undefined
  middleware?: SrvxMiddleware[] | undefined
  plugins?: ((server: SrvxServer) => void)[] | undefined
  /** Does not listen until `server.serve()` is called. */
  manual?: boolean | undefined
  /** Default: `PORT` from the environment, or 3000. */
  port?: number | string | undefined
  /** Default: `HOST` from the environment, or all networks. */
  hostname?: string | undefined
  reusePort?: boolean | undefined
  /** Ignored: brink prints nothing. */
  silent?: boolean | undefined
  /** Closes the server on SIGINT and SIGTERM. Default: false. */
  gracefulShutdown?: boolean | { readonly gracefulTimeout?: number } | undefined
  /** In bytes. Default: 4 GiB, the maximum. */
  maxRequestBodySize?: number | undefined
  /** As in `serve` of brink: `true`, a number of hops, or the addresses of the proxies. Default: false. */
  trustProxy?: ServeOptions['trustProxy']
  protocol?: 'http' | undefined
  brink?: FetchServeOptions | undefined
}

/** A server with the interface of srvx. */
export interface SrvxServer {
  readonly runtime: 'node'
  readonly options: SrvxOptions & { readonly middleware: SrvxMiddleware[] }
  /** The URL; undefined until the server listens. */
  readonly url: string | undefined
  /** `server` emits Node's `upgrade` event if it has a listener for it. */
  readonly node: { readonly server: EventEmitter }
  readonly fetch: (request: Request) => MaybePromise<Response>
  readonly waitUntil: (promise: Promise<unknown>) => void
  serve(): Promise<SrvxServer>
  ready(): Promise<SrvxServer>
  /** @param closeAll closes all connections at once */
  close(closeAll?: boolean): Promise<void>
}

const MOST_BYTES = 4 * 2 ** 30
/** The default of srvx. */
const GRACEFUL_SECONDS = 5

/**
 * Works like srvx's `serve`: `serve({ fetch, port: 3000 })`.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for invalid options; `tls` is not supported.
 *   When the server cannot listen, `ready()` rejects
 */
export function serve(options: SrvxOptions): SrvxServer {
  return new BrinkServer(options)
}

class BrinkServer implements SrvxServer {
  readonly runtime = 'node'
  readonly options: SrvxServer['options']
  readonly node = { server: new EventEmitter() }
  fetch: (request: Request) => MaybePromise<Response>
  readonly #background = new Set<Promise<unknown>>()
  #listening: Promise<Server> | undefined
  #server: Server | undefined

  constructor(options: SrvxOptions) {
    if (typeof options?.fetch !== 'function') {
      throw wrongArgument('serve() of brink/fetch', 'an object with a function fetch, such as { fetch }', options)
    }
    if ((options as { tls?: unknown }).tls) throw wrongValue('tls', "is not supported: it is the proxy's")
    for (const name of ['middleware', 'plugins'] as const) {
      const list: unknown = options[name] ?? []
      if (!Array.isArray(list)) throw wrongType(name, 'a list of functions', list)
      for (const item of list) if (typeof item !== 'function') throw wrongType(name, 'a list of functions', list)
    }
    this.options = { ...options, middleware: [...(options.middleware ?? [])] }
    for (const plugin of options.plugins ?? []) plugin(this)
    const { middleware } = this.options
    const run = (at: number, request: Request): MaybePromise<Response> => {
      const layer = middleware[at]
      return layer === undefined ? options.fetch(request) : layer(request, () => run(at + 1, request))
    }
    this.fetch = (request) => run(0, request)
    if (options.manual !== true) this.serve().catch(() => {})
    if (options.gracefulShutdown) this.#closeOnSignals()
  }

  get url(): string | undefined {
    return this.#server && `${this.#server.url}/`
  }

  readonly waitUntil = (promise: Promise<unknown>): void => {
    const settled: Promise<unknown> = promise.catch(() => {}).finally(() => this.#background.delete(settled))
    this.#background.add(settled)
  }

  serve(): Promise<SrvxServer> {
    this.#listening ??= this.#listen()
    return this.ready()
  }

  async ready(): Promise<SrvxServer> {
    await this.#listening
    return this
  }

  async close(closeAll = false): Promise<void> {
    const server = await this.#listening?.catch(() => undefined)
    await Promise.all([server?.close(closeAll ? { force: 0 } : {}), ...this.#background])
  }

  async #listen(): Promise<Server> {
    const { error, port, hostname, reusePort, maxRequestBodySize, trustProxy, brink } = this.options
    const isAtPort = (brink?.path ?? brink?.fd ?? brink?.listen) === undefined
    this.#server = await serveApp(
      { fetch: (request: Request, info: FetchInfo) => this.#answer(request, info) },
      {
        port: port ?? (isAtPort ? (process.env.PORT ?? 3000) : undefined),
        host: hostname ?? (isAtPort ? (process.env.HOST ?? '::') : undefined),
        reusePort,
        trustProxy,
        bodyLimit: maxRequestBodySize ?? MOST_BYTES,
        error,
        ...brink,
      },
    )
    return this.#server
  }

  #answer(request: Request, info: FetchInfo): MaybePromise<Response> {
    const { server } = this.node
    if (info.offersUpgrade && server.listenerCount('upgrade') > 0) {
      return info.upgrade((req, socket, head) => server.emit('upgrade', req, socket, head))
    }
    return this.fetch(request)
  }

  #closeOnSignals(): void {
    const { gracefulShutdown } = this.options
    const seconds = typeof gracefulShutdown === 'object' ? gracefulShutdown.gracefulTimeout : undefined
    const close = async () => (await this.#listening)?.close({ force: 1000 * (seconds ?? GRACEFUL_SECONDS) })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close())
  }
}

isNoHandler(serve, 'call it, serve({ fetch })')
