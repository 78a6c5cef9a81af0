// Answers fetch Requests with a router, without a server, a socket or the addon: for tests and other runtimes. The answers
// are the same as over a socket.
import { AsyncResource } from 'node:async_hooks'
import { AbortListeners } from '../exchange/abort_listeners.js'
import type { HttpError } from '../fields/http_error.js'
import { reasonPhrase } from '../fields/reason_phrase.js'
import type { HandlerResult } from '../reply/handler_result.js'
import { Reply, toReply } from '../reply/reply.js'
import { responseOf } from '../reply/response_of.js'
import { Closing } from '../request/closing.js'
import { type IncomingBody, tooLarge } from '../request/incoming_body.js'
import { localBody, localRequest, targetOf } from '../request/local_request.js'
import type { BrinkRequest, RequestSurroundings } from '../request/request.js'
import { REQUEST_CONTEXT } from '../request/request_context.js'
import type { Serving } from '../request/serving.js'
import { logToConsole, STANDARD_BODY_LIMIT } from '../request/standards.js'
import { callListener } from '../runtime/call_listener.js'
import type { Dispatcher, Match } from './dispatcher.js'
import { Upgrade } from './upgrade.js'

/** Options of `app.fetch` and `app.request`, for what a server would know. */
export interface LocalOptions {
  /** The value of `req.ip`. Default: `0.0.0.0`. */
  readonly ip?: string | undefined
  /** The maximum size of a request body in bytes, for routes without their own limit. Default: 1 MiB. */
  readonly bodyLimit?: number | undefined
  /** Called with errors of the app. Default: writes them to `console.error`. */
  readonly log?: ((error: unknown, request: BrinkRequest) => void) | undefined
}

interface LocalSettings extends LocalOptions {
  /** The server of a fetch app that has passed the request on. */
  readonly server?: Serving | undefined
}

const UNKNOWN_ADDRESS = '0.0.0.0'
const closing = new Closing()

/** Rejects only if it is not given a Request. */
export function answerLocally(dispatcher: Dispatcher, request: Request, options: unknown): Promise<Response> {
  const context = new AsyncResource(REQUEST_CONTEXT)
  return context.runInAsyncScope(() => new LocalAnswer(dispatcher, request, optionsOf(request, options)).response())
}

class LocalAnswer {
  readonly #dispatcher: Dispatcher
  readonly #request: Request
  readonly #options: LocalSettings
  readonly #limit: number
  #gone: (() => void) | undefined
  #stop: ((reason: unknown) => void) | undefined

  constructor(dispatcher: Dispatcher, request: Request, options: LocalSettings) {
    this.#dispatcher = dispatcher
    this.#request = request
    this.#options = options
    this.#limit = options.bodyLimit ?? STANDARD_BODY_LIMIT
  }

  async response(): Promise<Response> {
    const { method, headers } = this.#request
    const match = this.#match()
    const limit = match.route.bodyLimit ?? this.#limit
    const isTooLarge = Number(headers.get('content-length') ?? 0) > limit
    const body = isTooLarge ? undefined : localBody(this.#request, limit)
    let source: BrinkRequest
    try {
      source = localRequest(this.#request, match, body, this.#surroundings())
    } catch (error) {
      const { status = 500 } = error as Partial<HttpError>
      return new Response(reasonPhrase(status), { status })
    }
    this.#watch(source, body)
    if (isTooLarge) return this.#answer(source, method, match.route.refused(tooLarge()))
    if (body === undefined || match.route.streams === true) return this.#answer(source, method, match.route.run)
    // As over a socket, a handler does not run for a small body that fails.
    await arrived(body)
    const { failure } = body
    return this.#answer(source, method, failure === undefined ? match.route.run : match.route.refused(failure.error))
  }

  #match(): Match {
    const { method, url, headers } = this.#request
    const target = targetOf(new URL(url))
    const upgrade = headers.has('upgrade') ? this.#dispatcher.findUpgrade(method, target) : undefined
    return upgrade ?? this.#dispatcher.find(method, target)
  }

  #surroundings(): RequestSurroundings {
    const { protocol, origin } = new URL(this.#request.url)
    return {
      origin: () => origin,
      bodyLimit: this.#limit,
      closing,
      server: this.#options.server,
      watching: new AbortListeners(),
      report: (error, request) => this.#report(error, request),
      scheme: protocol,
      peerAddress: this.#options.ip ?? UNKNOWN_ADDRESS,
      ...this.#dispatcher.requestRules,
    }
  }

  #watch(source: BrinkRequest, body: IncomingBody | undefined): void {
    const { signal } = this.#request
    this.#gone = () => {
      source.clientGone(false)
      body?.clientGone()
      this.#stop?.(signal.reason)
    }
    if (signal.aborted) this.#gone()
    else signal.addEventListener('abort', this.#gone, { once: true })
  }

  /** A client that leaves ends the stream that it is sent. */
  #begun(stop: (reason: unknown) => void): void {
    this.#stop = stop
    const { aborted, reason } = this.#request.signal
    // Not before the stream is made.
    if (aborted) void Promise.resolve().then(() => stop(reason))
  }

  /** The signal may live longer than the request. */
  #end(source: BrinkRequest): void {
    if (this.#gone !== undefined) this.#request.signal.removeEventListener('abort', this.#gone)
    source.end()
  }

  async #answer(source: BrinkRequest, method: string, run: Match['route']['run']): Promise<Response> {
    try {
      return await this.#responseTo(source, method, await run(source))
    } catch (error) {
      const answer = await this.#dispatcher.failed(error, source)
      try {
        return await this.#responseTo(source, method, answer)
      } catch (unsendable) {
        this.#report(unsendable, source)
        return await this.#responseTo(source, method, new Reply(500, reasonPhrase(500)))
      }
    }
  }

  async #responseTo(source: BrinkRequest, method: string, value: HandlerResult): Promise<Response> {
    const reply = (await toReply(value)).forRequest(source)
    if (reply instanceof Upgrade) return this.#refusedUpgrade(source)
    return await responseOf(reply, method, {
      done: () => this.#end(source),
      begun: (stop) => this.#begun(stop),
      report: (error) => this.#report(error, source),
    })
  }

  /** There is no connection to take over (RFC 9110 §15.5.22). */
  #refusedUpgrade(source: BrinkRequest): Response {
    this.#end(source)
    const headers = { upgrade: this.#request.headers.get('upgrade') ?? '', 'content-type': 'text/plain; charset=utf-8' }
    return new Response(reasonPhrase(426), { status: 426, headers })
  }

  #report(error: unknown, request: BrinkRequest): void {
    const { log = logToConsole } = this.#options
    callListener(
      () => log(error, request),
      (complaint) => console.error(complaint, error),
    )
  }
}

function arrived(body: IncomingBody): Promise<void> {
  body.askAhead()
  return new Promise((resolve) => body.whenReady(resolve))
}

/** Other runtimes pass the client's address in different forms. */
function optionsOf(request: Request, given: unknown): LocalSettings {
  if (typeof given !== 'object' || given === null) return {}
  const { ip, remoteAddress, remoteAddr, requestIP, bodyLimit, log, server } = given as LocalSettings & {
    readonly remoteAddress?: string
    readonly remoteAddr?: { readonly hostname?: string }
    readonly requestIP?: (request: Request) => { readonly address: string } | null
  }
  const asked = typeof requestIP === 'function' ? requestIP.call(given, request)?.address : undefined
  const address = ip ?? remoteAddress ?? remoteAddr?.hostname ?? asked
  const hasServer = typeof server?.ready === 'boolean' && typeof server.metrics === 'function'
  return {
    ip: address,
    bodyLimit,
    log: typeof log === 'function' ? log : undefined,
    server: hasServer ? server : undefined,
  }
}
