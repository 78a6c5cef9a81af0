// What servers on brink's loop have in common, with TLS and without: how Node's constructor is called, and which of Node's
// methods are replaced.
import http, { type IncomingMessage, type RequestListener, type ServerOptions, ServerResponse } from 'node:http'
import { wrongArgument } from '../runtime/option_errors.js'
import { LightIncoming } from './light_request.js'
import { constructReal, LightResponse } from './light_response.js'
import type { ResponseClass } from './node_parser.js'
import { requestOfMessage } from './request.js'
import { netServer, type ServerInternals, type ServerState } from './server_state.js'

const STATE = Symbol('brink.server')
const TIMES = Symbol('brink.times')

/** A server on brink's loop. */
export interface OnBrink extends http.Server {
  /** @internal */
  [STATE]: ServerState
  /** @internal */
  [TIMES]: Record<string, number>
}

type Listening = Parameters<ServerInternals['_listen2']>

const {
  emit: nodeEmit,
  closeAllConnections,
  closeIdleConnections,
} = http.Server.prototype as http.Server & {
  emit(event: string | symbol, ...args: unknown[]): boolean
}

/** The arguments of a constructor or of createServer. */
export interface Arguments<Options> {
  readonly options: Options
  readonly listener: RequestListener | undefined
}

/** Reads the arguments as Node does. */
export function argumentsOf<Options extends object>(
  options: Options | RequestListener | null | undefined,
  listener: RequestListener | undefined,
): Arguments<Options> {
  if (typeof options === 'function') return { options: {} as Options, listener: options }
  const given = options ?? ({} as Options)
  // Node would take it for options, and the server would answer nothing.
  if (typeof (given as { fetch?: unknown }).fetch === 'function') {
    throw wrongArgument(
      'createServer() of brink/node',
      'a listener (req, res); an app with a fetch() is for serve(app) of brink',
      given,
    )
  }
  return { options: given, listener }
}

/** Calls Node's constructor on the server, and makes it one on brink's loop. */
export function construct<State extends ServerState>(
  server: OnBrink,
  nodeServer: (options: unknown, listener: unknown) => void,
  { options, listener }: Arguments<ServerOptions>,
  makeState: () => State,
): State {
  const { ServerResponse: Response = ReusingResponse } = options
  // Node throws when the options are not an object.
  const isObject = typeof options === 'object' && !Array.isArray(options)
  nodeServer.call(server, isObject ? { ...options, ServerResponse: Response } : options, listener)
  const state = makeState()
  server[STATE] = state
  if (listener !== undefined) state.hasPrototypes = insertLightPrototypes(listener)
  return state
}

/** Undefined while Node's constructor runs. */
export function stateOf(server: OnBrink): ServerState | undefined {
  return server[STATE]
}

const NodeResponse = ServerResponse as unknown as ResponseClass

/** Node's server calls it as `new ServerResponse`. If the app already has a light response, that one becomes real. */
const ReusingResponse = function (
  this: ServerResponse | undefined,
  req: IncomingMessage,
  options?: object,
): ServerResponse {
  const request = requestOfMessage(req)
  if (request?.res === undefined) {
    const res = new NodeResponse(req, options)
    if (request !== undefined) request.res = res
    return res
  }
  constructReal(request.res, req, options)
  return request.res
} as unknown as typeof ServerResponse
Object.setPrototypeOf(ReusingResponse, ServerResponse)
Object.defineProperty(ReusingResponse, 'prototype', { value: ServerResponse.prototype })

/** Express sets prototypes of its own. Inserts the light prototypes between them and Node's. */
function insertLightPrototypes(listener: RequestListener): boolean {
  const { request, response } = listener as unknown as { request?: object; response?: object }
  if (typeof request !== 'object' || typeof response !== 'object') return false
  insertPrototype(request, http.IncomingMessage.prototype, LightIncoming.prototype)
  insertPrototype(response, ServerResponse.prototype, LightResponse.prototype)
  return true
}

function insertPrototype(object: object | null | undefined, from: object, to: object): void {
  for (let at = object; at; at = Object.getPrototypeOf(at) as object | null) {
    const next: unknown = Object.getPrototypeOf(at)
    if (next === to) return
    if (next === from) return void Object.setPrototypeOf(at, to)
  }
}

const REQUEST_EVENTS = new Set<string | symbol>(['request', 'checkContinue', 'checkExpectation', 'dropRequest'])

const methods = {
  emit(this: OnBrink, event: string | symbol, ...args: unknown[]): boolean {
    if (this[STATE]?.hidesRequestEvents && REQUEST_EVENTS.has(event)) return true
    return nodeEmit.call(this, event, ...args)
  },

  _listen2(this: OnBrink, ...[address, port, addressType, backlog, fd, flags]: Listening): void {
    this[STATE].listen({ address, port, addressType, backlog, fd, flags })
  },

  _emitCloseIfDrained(this: OnBrink): void {
    if (!this[STATE]?.isCloseCheckDue) netServer._emitCloseIfDrained.call(this as unknown as ServerInternals)
  },

  closeAllConnections(this: OnBrink): void {
    for (const connection of this[STATE].connections()) connection.close()
    closeAllConnections.call(this)
  },

  closeIdleConnections(this: OnBrink): void {
    for (const connection of this[STATE].connections()) if (connection.isIdle) connection.close()
    closeIdleConnections.call(this)
  },
}

/** Replaces the methods and properties of Node's server that would concern Node's own connections. */
export function runOnBrink(prototype: object): void {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
  }
  // Changes also apply while the server listens.
  for (const name of ['keepAliveTimeout', 'keepAliveTimeoutBuffer', 'headersTimeout', 'requestTimeout']) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: OnBrink): number | undefined {
        return this[TIMES]?.[name]
      },
      set(this: OnBrink, ms: number): void {
        this[TIMES] ??= {}
        this[TIMES][name] = ms
        const state = this[STATE]
        for (const loop of state?.loops ?? []) loop.reactor.setDeadlines(state.deadlines())
      },
    })
  }
}
