// How a server is closed, what comes of it, and how an app hears of it, so that streams and sockets can end themselves.
import { coded } from '../runtime/errors.js'

/**
 * How a server closes. All times are in milliseconds, at most 2³¹−1, and count from this call of `close`. When `close` is
 * called again, the earliest of each time counts, and what is not given changes nothing.
 */
export interface CloseOptions {
  /**
   * How long requests are served as before, with `server.ready` false, so that load balancers stop sending. New
   * connections are accepted, and `server.signal` does not abort yet. Default: 0.
   */
  readinessDelay?: number | undefined
  /**
   * How long an idle connection stays open for a request that may be on its way, counted from the end of
   * `readinessDelay`, or from its last response. Its next request is answered with `Connection: close`. Then this side
   * is half-closed, and the client has 5 s to close its side. Default: 5,000 with a `readinessDelay` or a `deadline`;
   * otherwise 0, and idle connections are closed at once.
   */
  grace?: number | undefined
  /**
   * When everything that is left is cut: connections are closed, and promises of `waitUntil` are not waited for. It must
   * be later than `readinessDelay`. Default: none, closing waits for every response.
   */
  deadline?: number | undefined
  /**
   * Like `deadline`, but without a `grace`, and promises of `waitUntil` are waited for.
   */
  force?: number | undefined
}

/** How many there were of each kind. */
export interface WorkCounts {
  /** Requests with a whole answer. A request that was still arriving counts, too. */
  readonly requests: number
  /** Answers of which the app gives one piece after the other, such as server-sent events. */
  readonly streams: number
  /** Connections that were handed over, such as WebSockets. */
  readonly tunnels: number
}

/** What `close` did. Each request, stream and tunnel after the `readinessDelay` is counted once. */
export interface CloseReport {
  /** Answered or ended in order. The system has taken every byte of the answer. */
  readonly answered: WorkCounts
  /** Cut by `deadline` or `force`. */
  readonly cut: WorkCounts
  /** Not completed for another reason: the client left or was too slow, or the app broke the answer off. */
  readonly lost: WorkCounts
  /** From the first call of `close` until the last connection had closed, in milliseconds. */
  readonly durationMs: number
}

export class Closing {
  // A Set, not listeners of one signal: there may be many streams, and removing a listener from a signal searches its
  // whole list.
  readonly #listeners = new Set<() => void>()
  // Created on first use, because Node loads AbortController lazily.
  #controller: AbortController | undefined
  #reason: Error | undefined

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Undefined until the server begins to close. */
  get reason(): Error | undefined {
    return this.#reason
  }

  begin(): void {
    this.#reason = coded(new Error('The server is closing.'), 'ERR_SERVER_CLOSING')
    this.#controller?.abort(this.#reason)
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }

  /**
   * @param listener must not throw
   */
  add(listener: () => void): void {
    this.#listeners.add(listener)
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener)
  }
}
