// The life of requests on channels of node:diagnostics_channel, for tracers.
import { AsyncResource } from 'node:async_hooks'
import { type Channel, channel } from 'node:diagnostics_channel'
import type { BrinkRequest } from './request.js'
import type { Traced } from './traced.js'

/**
 * What is published on the channels `brink:request:start`, `brink:request:routed`, `brink:request:error` and
 * `brink:request:end` of `node:diagnostics_channel`. One request has one object on all channels, so that it can be a key
 * of a `WeakMap`.
 */
export interface RequestMessage {
  /** The request, which can be read on each channel. */
  readonly request: BrinkRequest
  /** The server, as `serve` has returned it. */
  readonly server: object
  /** The pattern of the route, such as `/users/:id`; empty at `start`, and where no route of a router has matched. */
  readonly route: string
  /** The status of the answer, at `end`. 0 before that, and where none was given because the client had left. */
  readonly status: number
  /** What was thrown last, answered or not; undefined when nothing was. A thrown reply is not an error. */
  readonly error: unknown
  /** At `end`: whether the client has left before its answer was handed over. */
  readonly aborted: boolean
}

const starts = channel('brink:request:start')
const routes = channel('brink:request:routed')
const errors = channel('brink:request:error')
const ends = channel('brink:request:end')

/** Whether anybody listens to one of them. */
export function hearsRequests(): boolean {
  return starts.hasSubscribers || ends.hasSubscribers || routes.hasSubscribers || errors.hasSubscribers
}

/**
 * Tells that a request starts and runs `handle`, with the stores that were bound to the channel `brink:request:start`.
 * @param route empty where no route has matched
 */
export function tracing(request: BrinkRequest, server: object, route: string, handle: () => void): void {
  const message = { request, server, route: '', status: 0, error: undefined, aborted: false }
  starts.runStores(message, () => {
    request.traced = new Trace(message)
    message.route = route
    if (route !== '') routes.publish(message)
    handle()
  })
}

class Trace implements Traced {
  readonly #message: { -readonly [Name in keyof RequestMessage]: RequestMessage[Name] }
  // The end of a client is told in a call that belongs to no request.
  readonly #context = new AsyncResource('BRINK_TRACE')
  #hasEnded = false

  constructor(message: RequestMessage) {
    this.#message = message
  }

  get status(): number {
    return this.#message.status
  }

  set status(status: number) {
    if (!this.#hasEnded) this.#message.status = status
  }

  failed(error: unknown): void {
    if (this.#hasEnded || this.#message.error === error) return
    this.#message.error = error
    this.#publish(errors)
  }

  left(): void {
    if (!this.#hasEnded) this.#message.aborted = true
    this.ended()
  }

  ended(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#publish(ends)
  }

  #publish(to: Channel): void {
    if (to.hasSubscribers) this.#context.runInAsyncScope(() => to.publish(this.#message))
  }
}
