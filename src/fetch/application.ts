import type { HandlerResult } from '../reply/handler_result.js'
import { fromResponse, isResponse, type Reply } from '../reply/reply.js'
import type { BrinkRequest, RequestRules } from '../request/request.js'
import type { Dispatcher, Match, NumberedRoute, Route } from '../routing/dispatcher.js'
import { plainReply, rescueBy } from '../routing/rescue.js'
import { Upgrade } from '../routing/upgrade.js'
import { coded, nameOf } from '../runtime/errors.js'
import { isPromise } from '../runtime/promises.js'
import { clientGoneReason } from './body_error.js'
import { type FetchInfo, type FetchUpgrade, type InfoSurroundings, RequestInfo } from './info.js'
import { FetchRequest } from './request.js'
import { FetchResponse } from './response.js'

/**
 * An app with a `fetch` method, such as a Hono, an H3 or an Elysia. The third argument equals the second: apps for
 * Cloudflare Workers take bindings first and a context second.
 */
export interface FetchApp {
  fetch(request: Request, info: FetchInfo, context: FetchInfo): Response | PromiseLike<Response>
}

/** Creates the response to an error of `fetch`, or of sending its response. Undefined: the default response. */
export type FetchErrorHandler = (error: unknown) => Response | undefined | PromiseLike<Response | undefined>

const SWITCHING_PROTOCOLS = 101
const NO_VALUES: readonly string[] = Object.freeze([])

/** Passes every request to the app. */
export class FetchApplication implements Dispatcher {
  readonly routes: readonly NumberedRoute[] = []
  readonly largestBody = 0
  readonly takesUpgrades = true
  readonly takesWebTargets = true
  readonly fixed = new Map<string, never>()
  readonly requestRules: RequestRules = {
    leavesCodings: true,
    outliveAnswers: true,
    goneReason: clientGoneReason,
  }
  readonly #app: FetchApp
  readonly #surroundings: InfoSurroundings
  readonly #rescue: ReturnType<typeof rescueBy>
  readonly #match: Match
  readonly #tunnel: Match

  constructor(app: FetchApp, onError: FetchErrorHandler | undefined, surroundings: InfoSurroundings) {
    this.#app = app
    this.#surroundings = surroundings
    const answer = async (error: unknown) => {
      const response = await (onError as FetchErrorHandler)(error)
      return response === undefined ? undefined : fromResponse(responseIn(response))
    }
    this.#rescue = rescueBy(onError === undefined ? [] : [answer])
    this.#match = matchOf((request) => this.#run(request))
    // The bytes after a CONNECT request are not requests (RFC 9110 §9.3.6), so the connection is closed.
    this.#tunnel = matchOf(() => plainReply(501, { connection: 'close' }))
  }

  find(method: string): Match {
    return method === 'CONNECT' ? this.#tunnel : this.#match
  }

  findUpgrade(): undefined {
    return undefined
  }

  failed(error: unknown, request: BrinkRequest): Reply | Promise<Reply> {
    // The app stopped because its client left. This is not a failure.
    if (request.hasLeft && nameOf(error) === 'AbortError') return plainReply(400)
    return this.#rescue(error, request)
  }

  #run(source: BrinkRequest): HandlerResult | Promise<HandlerResult> {
    const info = new RequestInfo(source, this.#surroundings)
    const request = new FetchRequest(source, info) as unknown as Request
    const value: unknown = this.#app.fetch(request, info, info)
    if (isPromise(value)) return Promise.prototype.then.call(promiseOf(value), (settled) => answered(settled, info))
    return answered(value, info)
  }
}

function promiseOf(value: PromiseLike<unknown>): Promise<unknown> {
  return value instanceof Promise ? value : Promise.resolve(value)
}

function matchOf(run: Route['run']): Match {
  const refused = (error: unknown) => () => {
    throw error
  }
  // The app runs as soon as the head has arrived. It may answer before it has read the body, or while it reads.
  const route: Route = { pattern: '', number: 0, names: NO_VALUES, run, refused, needsRequest: true, streams: true }
  return { route, path: '/', search: '', values: NO_VALUES }
}

/**
 * Converts the value that `fetch` returned.
 * @throws TypeError `ERR_NO_RESPONSE` when it is not a Response; `ERR_REPLY_USED`; Error `ERR_NO_UPGRADE` for the Response of
 * another request's upgrade()
 */
function answered(value: unknown, { accept }: RequestInfo): HandlerResult | Promise<HandlerResult> {
  const response = responseIn(value)
  if (accept !== undefined && response.status < 400) return handedOver(accept, response)
  if (response.status === SWITCHING_PROTOCOLS) throw notOfThisRequest()
  return (FetchResponse.is(value) ? value.whole() : undefined) ?? fromResponse(response)
}

function responseIn(value: unknown): Response {
  if (FetchResponse.is(value) || isResponse(value) || isPonyfill(value)) return value as Response
  const given = value === null ? 'null' : typeof value
  const sentence = `The fetch() of the app answered ${given}, which is no Response: return one, or a promise of one.`
  throw coded(new TypeError(sentence), 'ERR_NO_RESPONSE')
}

function handedOver(accept: FetchUpgrade, { headers }: Response): Upgrade {
  return new Upgrade((req, socket, head) => accept(req, socket, head, headers), SWITCHING_PROTOCOLS)
}

/** A client that has not offered to switch would take what follows for the other protocol. */
function notOfThisRequest(): Error {
  const sentence = 'The Response of upgrade() answers only the request for which upgrade() was called.'
  return coded(new Error(sentence), 'ERR_NO_UPGRADE')
}

/** Whether the value is a Response of another implementation, such as whatwg-node, without the standard tag. */
function isPonyfill(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false
  const { status, headers, body } = value as Partial<Response>
  return typeof status === 'number' && typeof headers?.get === 'function' && body !== undefined
}
