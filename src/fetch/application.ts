import type { HandlerResult } from '../reply/handler_result.js'
import { fromResponse, isResponse, type Reply } from '../reply/reply.js'
import type { BrinkRequest, RequestRules } from '../request/request.js'
import type { Dispatcher, Match, Route } from '../routing/dispatcher.js'
import { plainReply, rescueBy } from '../routing/rescue.js'
import { Upgrade } from '../routing/upgrade.js'
import { coded } from '../runtime/errors.js'
import { isPromise } from '../runtime/promises.js'
import { clientGoneReason } from './body_error.js'
import { type FetchInfo, type FetchUpgrade, type InfoSurroundings, RequestInfo } from './info.js'
import { FetchRequest } from './request.js'
import { FetchResponse } from './response.js'

/**
 * An app of fetch: a Hono, an H3, an Elysia, or any object with such a method. `info` is given twice: apps for Cloudflare
 * Workers have bindings before their context.
 */
export interface FetchApp {
  fetch(request: Request, info: FetchInfo, context: FetchInfo): Response | PromiseLike<Response>
}

/** Answers for what `fetch` throws, and for what cannot be sent. Nothing hands the error on. */
export type FetchErrorHandler = (error: unknown) => Response | undefined | PromiseLike<Response | undefined>

const NO_VALUES: readonly string[] = Object.freeze([])

/** Every request goes to the app, as it came. */
export class FetchApplication implements Dispatcher {
  readonly largestBody = 0
  readonly takesUpgrades = true
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
    // The bytes behind a CONNECT are no requests (RFC 9110 §9.3.6), so the connection ends.
    this.#tunnel = matchOf(() => plainReply(501, { connection: 'close' }))
  }

  find(method: string): Match {
    return method === 'CONNECT' ? this.#tunnel : this.#match
  }

  findUpgrade(): undefined {
    return undefined
  }

  failed(error: unknown, request: BrinkRequest): Reply | Promise<Reply> {
    // An app that was told to stop has done so, and nobody is left to be answered.
    if (request.hasLeft && (error as Partial<Error> | null | undefined)?.name === 'AbortError') return plainReply(400)
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
  // Bodies are the app's to read as they come: it may answer before, or while it reads.
  const route: Route = { pattern: '', names: NO_VALUES, run, refused, needsRequest: true, streams: true }
  return { route, path: '/', search: '', values: NO_VALUES }
}

/**
 * What is sent for what an app gave.
 * @throws TypeError `ERR_NO_RESPONSE` when it is no Response; `ERR_REPLY_USED`
 */
function answered(value: unknown, { accept }: RequestInfo): HandlerResult | Promise<HandlerResult> {
  const response = responseIn(value)
  if (accept !== undefined && response.status < 400) return handedOver(accept, response)
  return (FetchResponse.is(value) ? value.whole() : undefined) ?? fromResponse(response)
}

function responseIn(value: unknown): Response {
  if (FetchResponse.is(value) || isResponse(value) || isPonyfill(value)) return value as Response
  const given = value === null ? 'null' : typeof value
  const sentence = `The fetch() of the app answered ${given}, which is no Response: return one, or a promise of one.`
  throw coded(new TypeError(sentence), 'ERR_NO_RESPONSE')
}

function handedOver(accept: FetchUpgrade, { headers }: Response): Upgrade {
  return new Upgrade((req, socket, head) => accept(req, socket, head, headers), 101)
}

/** Those of other implementations, such as whatwg-node's, have neither fetch's tag nor its prototypes. */
function isPonyfill(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false
  const { status, headers, body } = value as Partial<Response>
  return typeof status === 'number' && typeof headers?.get === 'function' && body !== undefined
}
