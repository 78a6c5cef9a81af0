// An http.Server on brink's loop: `createServer` and `Server` of `brink/node`.
import http, { type RequestListener, type ServerOptions } from 'node:http'
import { isNoHandler } from '../runtime/uncalled.js'
import type { SecureServerOptions } from './secure_options.js'
import { type SecureServer, secureServer } from './secure_server.js'
import { argumentsOf, construct, type OnBrink, runOnBrink } from './server_base.js'
import { ServerState } from './server_state.js'

/** Stored now, because `brink/node/register` may replace `http.Server` by the Server of this module. */
const nodeServer = http.Server as unknown as (options: unknown, listener: unknown) => void

/** An `http.Server` on brink's loop. */
export interface Server extends OnBrink {}

interface ServerConstructor {
  new (requestListener?: RequestListener): Server
  new (options: ServerOptions, requestListener?: RequestListener): Server
  (requestListener?: RequestListener): Server
  (options: ServerOptions, requestListener?: RequestListener): Server
  readonly prototype: Server
}

/** A function, not a class: like Node's, it can be called on an object of the app's own. */
export const Server: ServerConstructor = function (
  this: Server | undefined,
  options?: ServerOptions | RequestListener | null,
  listener?: RequestListener,
): Server | undefined {
  if (!(this instanceof Server)) return new Server(options as ServerOptions, listener)
  const given = argumentsOf(options, listener)
  construct(this, nodeServer, given, () => new ServerState(this, given.options))
  return undefined
} as unknown as ServerConstructor

Object.setPrototypeOf(Server.prototype, http.Server.prototype)
Object.setPrototypeOf(Server, http.Server)
runOnBrink(Server.prototype)

/**
 * Creates a server on brink's loop, as `http.createServer` does on Node's.
 *
 * @throws the errors of `http.createServer` for invalid options
 */
export function createServer(requestListener?: RequestListener): Server
export function createServer(options: ServerOptions, requestListener?: RequestListener): Server
export function createServer(options?: ServerOptions | RequestListener, requestListener?: RequestListener): Server {
  return new Server(options as ServerOptions, requestListener)
}

/**
 * For Fastify: `fastify({ serverFactory: brinkFactory })`.
 *
 * These options of Fastify are applied to the server: `keepAliveTimeout`, `requestTimeout`, `connectionTimeout`,
 * `maxRequestsPerSocket`, `http` and `https`.
 */
export function brinkFactory(handler: RequestListener, options: FastifyOptions = {}): Server | SecureServer {
  const { http, https } = options
  const server = https ? new (secureServer())(https, handler) : createServer(http ?? {}, handler)
  const { keepAliveTimeout, requestTimeout, connectionTimeout, maxRequestsPerSocket } = options
  if (keepAliveTimeout !== undefined) server.keepAliveTimeout = keepAliveTimeout
  if (requestTimeout !== undefined) server.requestTimeout = requestTimeout
  if (maxRequestsPerSocket !== undefined && maxRequestsPerSocket > 0) server.maxRequestsPerSocket = maxRequestsPerSocket
  if (connectionTimeout !== undefined) server.setTimeout(connectionTimeout)
  return server
}

const OF_NODE = 'it makes a server by itself, createServer(listener)'
isNoHandler(Server, OF_NODE)
isNoHandler(createServer, OF_NODE)
isNoHandler(brinkFactory, 'it is for Fastify, fastify({ serverFactory: brinkFactory })')

/** The options that Fastify passes to a `serverFactory` and that concern the server. */
export interface FastifyOptions {
  readonly http?: ServerOptions | null
  readonly https?: SecureServerOptions | null
  readonly keepAliveTimeout?: number
  readonly requestTimeout?: number
  readonly connectionTimeout?: number
  readonly maxRequestsPerSocket?: number
}
