import { compile, type Dispatcher } from './dispatcher.js'
import { coded } from './errors.js'
import { Fixed } from './fixed.js'
import type { ErrorHandler, Handler, Middleware } from './handler.js'
import { MOST_METHOD_CHARACTERS } from './methods.js'
import { invalidRoute, parsePattern, parsePrefix } from './pattern.js'
import type { Reply, ReplyBody } from './reply.js'
import { ANY_METHOD, RouteTree } from './route_tree.js'
import {
  CONNECT,
  emptyDefinition,
  type RouteDefinition,
  type RouteOptions,
  type RouterDefinition,
  UPGRADE,
} from './router_definition.js'
import { Upgrade, type UpgradeHandler } from './upgrade.js'

let definitionOf: (router: Router) => RouterDefinition

/**
 * Routes, and what stands around them.
 *
 * A path is segments between slashes: `/users` is text to be equal to, `:id` takes one segment that is not empty, and
 * `*rest` (or `*`), last, takes all that follows its slash, even nothing. The most specific route answers, whatever the
 * order of definition: segment by segment, text goes before a param, and a param before a wildcard. A trailing slash
 * counts: `/users/` is not `/users`. Params come decoded; what is `%2F` in a path never separates segments.
 *
 * GET's route also answers HEAD, a known path answers OPTIONS with its methods and others with 405 and `Allow`.
 *
 * All methods return the router itself, and throw a TypeError with code `ERR_INVALID_ROUTE` for what cannot be.
 */
export class Router {
  static {
    definitionOf = (router) => router.#definition
  }

  readonly #definition: RouterDefinition = emptyDefinition()
  // Finds a second route for the same requests where it is defined, not only when the router is compiled.
  readonly #defined = new RouteTree<Handler>()

  /** A route for GET, and for HEAD where that has none. */
  get<Path extends string>(path: Path, handler: Handler<Path>, options?: RouteOptions): this {
    return this.on('GET', path, handler, options)
  }

  /** A route for POST. */
  post<Path extends string>(path: Path, handler: Handler<Path>, options?: RouteOptions): this {
    return this.on('POST', path, handler, options)
  }

  /** A route for PUT. */
  put<Path extends string>(path: Path, handler: Handler<Path>, options?: RouteOptions): this {
    return this.on('PUT', path, handler, options)
  }

  /** A route for PATCH. */
  patch<Path extends string>(path: Path, handler: Handler<Path>, options?: RouteOptions): this {
    return this.on('PATCH', path, handler, options)
  }

  /** A route for DELETE. */
  delete<Path extends string>(path: Path, handler: Handler<Path>, options?: RouteOptions): this {
    return this.on('DELETE', path, handler, options)
  }

  /** A route for HEAD, which otherwise is answered as GET, without the body. */
  head<Path extends string>(path: Path, handler: Handler<Path>, options?: RouteOptions): this {
    return this.on('HEAD', path, handler, options)
  }

  /** A route for OPTIONS, which otherwise says which methods there are. */
  options<Path extends string>(path: Path, handler: Handler<Path>, options?: RouteOptions): this {
    return this.on('OPTIONS', path, handler, options)
  }

  /** A route for every method that has no route of its own on this path. */
  all<Path extends string>(path: Path, handler: Handler<Path>, options?: RouteOptions): this {
    return this.#add(ANY_METHOD, path, handler as Handler<string>, options)
  }

  /**
   * A route for any method, such as `PROPFIND`. Methods are spelled in upper case (RFC 9110 §9.1), and have 32 characters
   * at the most. `PRI` is not for routes: it is how HTTP/2 begins.
   */
  on<Path extends string>(method: string, path: Path, handler: Handler<Path>, options?: RouteOptions): this {
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
    return this.#add(method, path, handler as Handler<string>, options)
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
    this.#add('GET', path, fixed.handler)
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
   * Middleware runs before, and may answer instead. An offer on any other path is answered as the request that it is.
   */
  upgrade<Path extends string>(path: Path, handler: UpgradeHandler<Path>): this {
    assertFunction(handler, 'An upgrade handler')
    return this.#add(UPGRADE, path, () => new Upgrade(handler as UpgradeHandler))
  }

  /**
   * Takes over connections whose clients ask for a tunnel with CONNECT (RFC 9110 §9.3.6). The target is the request's
   * `url`. Without this CONNECT is answered with 501.
   */
  connect(handler: UpgradeHandler): this {
    assertFunction(handler, 'A CONNECT handler')
    return this.#add(CONNECT, '/', () => new Upgrade(handler))
  }

  /**
   * Puts a middleware around all of this router: its routes, those of routers mounted in it, and its 404, 405 and
   * OPTIONS answers; not around the 400 for a target that is no path. It does not matter whether it is said before or
   * after the routes. The first one is the outermost.
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
   * Answers for errors that left all of this router's middleware. What it throws itself, or hands on by returning
   * nothing, goes to the router that this one is mounted in. Without any, an `HttpError` answers with its own status and
   * everything else with 500, without its message, and is logged.
   *
   * The outermost router's also sees what goes wrong in sending, such as an answer that cannot be made JSON.
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

  #add(method: string, path: string, handler: Handler, options: RouteOptions = {}): this {
    assertFunction(handler, 'A handler')
    assertRouteOptions(options)
    const segments = parsePattern(path)
    this.#open()
    this.#defined.insert(method, segments, handler)
    this.#definition.routes.push({ method, segments, handler, options })
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
  if (typeof options !== 'object' || options === null) {
    const hint = typeof options === 'function' ? ': middleware is given with use(), or mounted with the routes' : ''
    throw invalidRoute(
      `The options of a route are an object, not ${options === null ? 'null' : typeof options}${hint}.`,
    )
  }
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
