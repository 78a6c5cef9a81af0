import { Answering } from './answering.js'
import { coded } from './errors.js'
import { Exchange } from './exchange.js'
import type { Handler } from './handler.js'
import { type Bound, listenOn } from './listening.js'
import { type NativeServer, type NativeStats, native } from './native.js'
import { type CheckedOptions, checkedOptions, type ServeOptions } from './options.js'
import { Router } from './router.js'

/** What a server has counted since it was started. Everything but `open` only grows. */
export interface ServerStats {
  /** Connections that were accepted. */
  accepted: number
  /** Connections that are open now. */
  open: number
  /** Requests that were handed to the app. */
  requests: number
  /** Bytes received and sent. */
  bytesIn: number
  bytesOut: number
  /** Answers that a socket did not take at once. */
  partialWrites: number
  /** Crossings from the native side into JavaScript with requests. */
  batches: number
  /** Requests that were refused before the app saw them. */
  refused: number
  /** Connections that a timeout ended. */
  timeouts: number
}

export interface CloseOptions {
  /** Milliseconds after which what is not answered by then is cut off. Without it, closing waits for every answer. */
  force?: number
}

/**
 * Serves an app: a router, or one handler for everything.
 *
 * @throws what Node's own servers throw: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENOTFOUND` and the like, with `errno`
 *   and `syscall`; and `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for options that cannot be
 */
export async function serve(app: Router | Handler, options: ServeOptions = {}): Promise<Server> {
  const checked = checkedOptions(options)
  const router = typeof app === 'function' ? new Router().all('/*', app as Handler<'/*'>) : app
  if (!(router instanceof Router)) {
    throw coded(new TypeError('serve() takes a Router or a handler.'), 'ERR_INVALID_ARG_TYPE')
  }
  const dispatcher = router.compile()
  const { server, bound } = await listenOn(checked, () => new OpenServer(dispatcher, checked))
  return server.started(bound)
}

/** A server that listens. `serve` makes one. */
export interface Server {
  /** Where a client on this machine finds it, such as `http://127.0.0.1:8080`. */
  readonly url: string
  readonly port: number
  /** How it learns of readiness, such as `epoll`. */
  readonly backend: string
  stats(): ServerStats
  /**
   * Stops listening, answers what was asked, and ends: idle connections at once, the others with their last answer.
   * Resolves when the last one has ended. May be called again, with an earlier `force`.
   */
  close(options?: CloseOptions): Promise<void>
}

class OpenServer implements Server {
  readonly native: NativeServer
  readonly backend: string
  #bound: Bound = { url: '', port: 0 }
  #isClosed = false
  #closing: Promise<void> | undefined
  #closed: () => void = () => {}
  #forceTimer: NodeJS.Timeout | undefined

  constructor(dispatcher: ReturnType<Router['compile']>, options: CheckedOptions) {
    const { log, host, reusePort, ...settings } = options
    const flush = () => {
      if (!this.#isClosed) this.native.flush()
    }
    const exchange = new Exchange(flush)
    const answering = new Answering(exchange, dispatcher, () => this.#bound.url, log, flush)
    this.backend = options.backend
    this.native = new native.Server(
      settings,
      exchange.requests,
      exchange.replies,
      exchange.largeBodies,
      (events, largeBodies) => answering.run(events, largeBodies),
      () => this.native.close(),
      () => this.#onClosed(),
    )
  }

  get url(): string {
    return this.#bound.url
  }

  get port(): number {
    return this.#bound.port
  }

  started(bound: Bound): this {
    this.#bound = bound
    this.native.start()
    return this
  }

  stats(): NativeStats {
    return this.native.stats()
  }

  close(options: CloseOptions = {}): Promise<void> {
    const { force } = options
    if (force !== undefined && !(Number.isFinite(force) && force >= 0)) {
      throw coded(
        new RangeError(`close() takes a number of milliseconds as "force", not ${String(force)}.`),
        'ERR_OUT_OF_RANGE',
      )
    }
    if (this.#closing === undefined) {
      this.#closing = new Promise((resolve) => {
        this.#closed = resolve
      })
      this.native.drain()
    }
    if (force !== undefined && !this.#isClosed) {
      clearTimeout(this.#forceTimer)
      this.#forceTimer = setTimeout(() => this.native.close(), force)
    }
    return this.#closing
  }

  #onClosed(): void {
    this.#isClosed = true
    clearTimeout(this.#forceTimer)
    this.#closed()
  }
}
