import { Fixed } from '../reply/fixed.js'
import type { Reply, ReplyBody } from '../reply/reply.js'
import { coded } from '../runtime/errors.js'
import { compile, type Dispatcher } from './dispatcher.js'
import type { AddRoute, ErrorHandler, Handler, Handling, Middleware } from './handler.js'
import { answerLocally, type LocalOptions } from './local_answers.js'
import { MOST_METHOD_CHARACTERS } from './methods.js'
import { invalidRoute, parsePattern, parsePrefix } from './pattern.js'
import type { RouteOptions } from './route_options.js'
import { ANY_METHOD, RouteTree } from './route_tree.js'
import { CONNECT, emptyDefinition, type RouteDefinition, type RouterDefinition, UPGRADE } from './router_definition.js'
import { Upgrade, type UpgradeHandler } from './upgrade.js'

let definitionOf: (router: Router) => RouterDefinition

/**
 * Routes, and what stands around them.
 *
 * A path is segments between slashes: `/users` is text to be equal to, `:id` takes one segment that is not empty, and
 * `*rest` (or `*`), last, takes all that follows its slash, even nothing. The most specific route answers, whatever the
 * order of definition: segment by segment, text goes before a param, and a param before a wildcard. A trailing slash
 * counts: `/users/` is not `/users`. A colon or an asterisk that is text has a backslash before it: `'/books\\:batch'`
 * is for `/books:batch`. Params come decoded; what is `%2F` in a path never separates segments.
 *
 * GET's route also answers HEAD, a known path answers OPTIONS with its methods and others with 405 and `Allow`.
 *
 * All methods return the router itself, and throw a TypeError with code `ERR_INVALID_ROUTE` for what cannot be.
 */
export class Router {
  static {
    definitionOf = (router) => router.#definition
    const define = (name: string, method: string) => {
      const add = function (this: Router, path: string, ...handling: unknown[]): Router {
        return this.#add(method, path, handling)
      }
      Object.defineProperty(Router.prototype, name, { value: add, writable: true, configurable: true })
    }
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
      define(method.toLowerCase(), method)
    }
    define('all', ANY_METHOD)
  }

  readonly #definition: RouterDefinition = emptyDefinition()
  // Finds a second route for the same requests where it is defined, not only when the router is compiled.
  readonly #defined = new RouteTree<Handler>()
  #local: Dispatcher | undefined

  /** A route for GET, and for HEAD where that has none. Middleware of its own stands before the handler: see `AddRoute`. */
  declare readonly get: AddRoute<this>

  /** A route for POST. */
  declare readonly post: AddRoute<this>

  /** A route for PUT. */
  declare readonly put: AddRoute<this>

  /** A route for PATCH. */
  declare readonly patch: AddRoute<this>

  /** A route for DELETE. */
  declare readonly delete: AddRoute<this>

  /** A route for HEAD, which otherwise is answered as GET, without the body. */
  declare readonly head: AddRoute<this>

  /** A route for OPTIONS, which otherwise says which methods there are. */
  declare readonly options: AddRoute<this>

  /** A route for every method that has no route of its own on this path. */
  declare readonly all: AddRoute<this>

  /**
   * A route for any method, such as `PROPFIND`. Methods are spelled in upper case (RFC 9110 §9.1), and have 32 characters
   * at the most. `PRI` is not for routes: it is how HTTP/2 begins.
   */
  on<Path extends string>(
    method: string,
    path: Path,
    middleware: Middleware<Path>,
    handler: Handler<Path>,
    options?: RouteOptions,
  ): this
  on<Path extends string>(method: string, path: Path, handler: Handler<Path>, options?: RouteOptions): this
  on<Path extends string>(method: string, path: Path, ...handling: Handling<Path>): this
  on(method: string, path: string, ...handling: unknown[]): this {
    if (!/^[A-Z][A-Z-]*$/.test(method)) {
      throw invalidRoute(`${JSON.stringify(method)} is no method: methods are words in capitals, such as 'GET'.`)
    }
    if (method.length > MOST_METHOD_CHARACTERS) {
      throw invalidRoute(
        `The method '${method}' has more than ${MOST_METHOD_CHARACTERS} characters: no request with it would arrive.`,
      )
    }
    if (method === 'PRI') throw invalidRoute('PRI is no method to route by: with it HTTP/2 begins (RFC 9113 §3.4).')
    if (method === 'CONNECT') throw invalidRoute('CONNECT asks for a tunnel, which has no path to route by.')
    return this.#add(method, path, handling)
  }

  /**
   * An answer that is the same for everybody: text, bytes, JSON, or a `reply`, made once, and given without JavaScript
   * to GET and HEAD of exactly this path; with threads also while JavaScript is busy. It gets an `etag`, and clients
   * that have it already are answered with 304. `server.setFixed` replaces it. A query, and middleware around the path,
   * lead through JavaScript, to the same answer.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` for a stream, a file, or more than 1 MiB
   */
  fixed(path: string, answer: Reply | ReplyBody): this {
    const fixed = new Fixed(answer)
    this.#add('GET', path, [fixed.handler])
    const { routes } = this.#definition
    const route = routes[routes.length - 1] as RouteDefinition
    if (route.segments.some(({ kind }) => kind !== 'static')) {
      routes.pop()
      throw invalidRoute(`A fixed answer is for one path, not for '${path}'.`)
    }
    routes[routes.length - 1] = { ...route, fixed }
    return this
  }

  /**
   * Takes over connections whose clients offer to speak another protocol on this path, such as WebSocket (RFC 9110 §7.8).
   * Middleware runs before, that of the route behind that of the router, and may answer instead; when the connection is
   * handed over, the answer that it sees has the status 101. An offer on any other path is answered as the request that it
   * is.
   */
  upgrade<Path extends string>(path: Path, middleware: Middleware<Path>, handler: UpgradeHandler<Path>): this
  upgrade<Path extends string>(path: Path, handler: UpgradeHandler<Path>): this
  upgrade<Path extends string>(path: Path, ...handling: [...Middleware<Path>[], UpgradeHandler<Path>]): this
  upgrade(path: string, ...handling: unknown[]): this {
    const handler = handling.pop() as UpgradeHandler
    assertFunction(handler, 'An upgrade handler')
    return this.#add(UPGRADE, path, [...handling, () => new Upgrade(handler, 101)])
  }

  /**
   * Takes over connections whose clients ask for a tunnel with CONNECT (RFC 9110 §9.3.6). The target is the request's
   * `url`. Without this CONNECT is answered with 501.
   */
  connect(handler: UpgradeHandler): this {
    assertFunction(handler, 'A CONNECT handler')
    return this.#add(CONNECT, '/', [() => new Upgrade(handler, 200)])
  }

  /**
   * Puts a middleware around all of this router: its routes, those of routers mounted in it, and its own answers, which
   * are 400 for a path whose escapes are broken, 404, 405, 413, 501 and those to OPTIONS. It does not matter whether it is
   * said before or after the routes. The first one is the outermost.
   *
   * With a prefix it stands only around paths that are the prefix, or below it: `/admin` is for `/admin` and
   * `/admin/users`, not for `/administer`. It is compared with the path of the request, not with the route's.
   */
  use(middleware: Middleware): this
  use(prefix: string, middleware: Middleware): this
  use(...given: [Middleware] | [string, Middleware]): this {
    const [prefix, middleware] = given.length === 1 ? ['/', given[0]] : given
    assertFunction(middleware, 'A middleware')
    this.#open().layers.push({ prefix: parsePrefix(prefix), middleware })
    return this
  }

  /**
   * Puts all of a router below a prefix; its `/` is then the prefix itself. Its middleware and its error handler stay
   * its own. An unknown path is answered by the router mounted closest to it, or, where several are mounted at one
   * prefix, by the one that they are mounted in. What is added to the router later is seen until the app is served.
   */
  mount(prefix: string, router: Router): this {
    if (!(router instanceof Router)) throw invalidRoute(`Only a Router can be mounted at ${JSON.stringify(prefix)}.`)
    this.#open().mounts.push({ prefix: parsePrefix(prefix), router: router.#definition })
    return this
  }

  /**
   * Answers for errors of this router's handlers and middleware, before the middleware around them sees an answer. What it
   * throws itself, or hands on by returning nothing, goes to the router that this one is mounted in. Without any, an
   * `HttpError`, and any Error with a `status` or `statusCode` from 400 to 599, answers with that status: with its message
   * when `expose` says so, by default below 500. Everything else is 500, without its message, and is logged.
   *
   * A `Reply` or a `Response` that is thrown is the answer, and no error.
   *
   * The outermost router's also answers for what goes wrong in sending, such as an answer that cannot be made JSON; no
   * middleware sees that.
   */
  onError(handler: ErrorHandler): this {
    assertFunction(handler, 'An error handler')
    this.#open().onError = handler
    return this
  }

  /** Answers for paths without a route, with 404 unless it returns a `Reply` or a `Response`. */
  notFound(handler: Handler): this {
    assertFunction(handler, 'A handler')
    this.#open().notFound = handler
    return this
  }

  /**
   * Answers a fetch Request without a server, a socket or the addon: for tests, and for other runtimes, such as
   * `Bun.serve({ fetch: app.fetch })` and `Deno.serve(app.fetch)`. What is answered, and by whom, is as over a socket; a
   * connection cannot be handed over, so that `upgrade` answers 426. It never rejects. The router is closed to changes by
   * the first one.
   *
   * @param options `LocalOptions`, or what other runtimes tell of the client
   */
  readonly fetch = (request: Request, options?: LocalOptions | object): Promise<Response> => {
    this.#local ??= compileRouter(this)
    return answerLocally(this.#local, request, options)
  }

  /**
   * The same for a path, or a URL: `await app.request('/users/1')`, with what `new Request` takes behind it.
   */
  request(path: string | URL | Request, init?: RequestInit, options?: LocalOptions): Promise<Response> {
    const request =
      typeof path === 'object' && 'method' in path
        ? new Request(path, init)
        : new Request(new URL(path, 'http://localhost'), init)
    return this.fetch(request, options)
  }

  #add(method: string, path: string, handling: readonly unknown[]): this {
    const last = handling.at(-1)
    const hasOptions = handling.length > 1 && typeof last !== 'function'
    const options = ((hasOptions ? last : undefined) ?? {}) as RouteOptions
    const functions = hasOptions ? handling.slice(0, -1) : handling
    const handler = functions.at(-1) as Handler
    const middleware = functions.slice(0, -1) as Middleware[]
    assertFunction(handler, 'A handler')
    for (const layer of middleware) assertFunction(layer, 'A middleware')
    assertRouteOptions(options)
    const segments = parsePattern(path)
    this.#open()
    this.#defined.insert(method, segments, handler)
    this.#definition.routes.push({ method, segments, handler, middleware, options })
    return this
  }

  #open(): RouterDefinition {
    if (!this.#definition.sealed) return this.#definition
    throw coded(new Error('The router is being served already: define all of it before serve().'), 'ERR_ROUTER_SERVED')
  }
}

/** Makes a router ready to answer, and closes it to changes. */
export function compileRouter(router: Router): Dispatcher {
  const definition = definitionOf(router)
  const dispatcher = compile(definition)
  seal(definition)
  return dispatcher
}

/** Of a route's deadlines and rate. */
const MOST = 2 ** 30

function seal(definition: RouterDefinition): void {
  definition.sealed = true
  for (const { router } of definition.mounts) seal(router)
}

function assertRouteOptions(options: RouteOptions): void {
  if (typeof options !== 'object') throw invalidRoute(`The options of a route are an object, not ${typeof options}.`)
  const { bodyLimit, stream, requestTimeout, writeTimeout, minRate, ...others } = options
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    const known = 'bodyLimit, stream, requestTimeout, writeTimeout and minRate'
    throw invalidRoute(`A route has no option "${unknown}": there are ${known}.`)
  }
  if (bodyLimit !== undefined && bodyLimit !== Infinity && !(Number.isSafeInteger(bodyLimit) && bodyLimit >= 0)) {
    throw invalidRoute(`The bodyLimit of a route is a whole number of bytes, or Infinity, not ${String(bodyLimit)}.`)
  }
  if (stream !== undefined && typeof stream !== 'boolean') {
    throw invalidRoute(`The option "stream" of a route is true or false, not ${String(stream)}.`)
  }
  for (const [name, value, least] of [
    ['requestTimeout', requestTimeout, 1],
    ['writeTimeout', writeTimeout, 1],
    ['minRate', minRate, 0],
  ] as const) {
    if (value === undefined || (Number.isInteger(value) && value >= least && value <= MOST)) continue
    throw invalidRoute(`The ${name} of a route is a whole number from ${least} to ${MOST}, not ${String(value)}.`)
  }
}

function assertFunction(given: unknown, what: string): void {
  if (typeof given !== 'function')
    throw invalidRoute(`${what} is a function, not ${given === null ? 'null' : typeof given}.`)
}
