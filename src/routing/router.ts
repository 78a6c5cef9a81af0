import { Fixed } from '../reply/fixed.js'
import type { Reply, ReplyBody } from '../reply/reply.js'
import { describe } from '../runtime/describe.js'
import { coded } from '../runtime/errors.js'
import { wrongArgument } from '../runtime/option_errors.js'
import { compile, type Dispatcher } from './dispatcher.js'
import { assertFunction, assertOneMiddleware } from './given_function.js'
import type { AddRoute, ErrorHandler, Handler, Handling, MethodName, Middleware, RoutePath } from './handler.js'
import { answerLocally, type LocalOptions } from './local_answers.js'
import { MAX_METHOD_CHARACTERS } from './methods.js'
import { invalidRoute, parsePattern, parsePrefix } from './pattern.js'
import { assertRouteOptions, type RouteOptions } from './route_options.js'
import { ANY_METHOD, RouteTree } from './route_tree.js'
import { CONNECT, emptyDefinition, type RouteDefinition, type RouterDefinition, UPGRADE } from './router_definition.js'
import { Upgrade, type UpgradeHandler } from './upgrade.js'

let definitionOf: (router: Router) => RouterDefinition

/**
 * Routes and their middleware.
 *
 * A path consists of segments between slashes. A plain segment such as `users` matches itself, `:id` matches one
 * non-empty segment, and `*rest` (or `*`) at the end matches everything after its slash, also nothing. The most
 * specific route answers, whatever the order of definition: segment by segment, plain text goes before a param, and a
 * param before a wildcard. A trailing slash counts: `/users/` is not `/users`. Put a backslash before a colon or an
 * asterisk that is plain text: `'/books\\:batch'` matches `/books:batch`. Params are decoded; `%2F` never separates
 * segments.
 *
 * HEAD is answered by the route for GET. OPTIONS gets the methods of a path, and a method without a route gets 405,
 * both with `Allow`.
 *
 * All methods return the router. They throw a TypeError `ERR_INVALID_ROUTE` for invalid arguments, and an Error
 * `ERR_ROUTER_SERVED` once the router is served.
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
  // Reports a duplicate route where it is defined, not only when the router is compiled.
  readonly #defined = new RouteTree<Handler>()
  #local: Dispatcher | undefined

  /**
   * Adds a route for GET, which also answers HEAD unless the path has a route for it. See `AddRoute` for middleware
   * and options.
   */
  declare readonly get: AddRoute<this>

  /** Adds a route for POST. */
  declare readonly post: AddRoute<this>

  /** Adds a route for PUT. */
  declare readonly put: AddRoute<this>

  /** Adds a route for PATCH. */
  declare readonly patch: AddRoute<this>

  /** Adds a route for DELETE. */
  declare readonly delete: AddRoute<this>

  /** Adds a route for HEAD. Without it, HEAD is answered by the route for GET, without the body. */
  declare readonly head: AddRoute<this>

  /** Adds a route for OPTIONS. Without it, the response lists the methods of the path in `Allow`. */
  declare readonly options: AddRoute<this>

  /** Adds a route for every method that has no route of its own on this path. */
  declare readonly all: AddRoute<this>

  /**
   * Adds a route for any method, such as `PROPFIND`. Methods are upper case (RFC 9110 §9.1) and at most 32 characters
   * long. `CONNECT` has a method of its own, and `PRI` is reserved for HTTP/2.
   */
  on<Path extends string, Method extends string = string>(
    method: MethodName<Method>,
    path: RoutePath<Path>,
    middleware: Middleware<NoInfer<Path>>,
    handler: Handler<NoInfer<Path>>,
    options?: RouteOptions,
  ): this
  on<Path extends string, Method extends string = string>(
    method: MethodName<Method>,
    path: RoutePath<Path>,
    handler: Handler<NoInfer<Path>>,
    options?: RouteOptions,
  ): this
  on<Path extends string, Method extends string = string>(
    method: MethodName<Method>,
    path: RoutePath<Path>,
    ...handling: Handling<NoInfer<Path>>
  ): this
  on(method: string, path: string, ...handling: unknown[]): this {
    if (typeof method !== 'string' || !/^[A-Z][A-Z-]*$/.test(method)) throw invalidMethod(method)
    if (method.length > MAX_METHOD_CHARACTERS) {
      throw invalidRoute(
        `The method '${method}' has more than ${MAX_METHOD_CHARACTERS} characters: the server refuses such requests.`,
      )
    }
    if (method === 'PRI')
      throw invalidRoute('There can be no route for PRI: it is reserved for HTTP/2 (RFC 9113 §3.4).')
    if (method === 'CONNECT')
      throw invalidRoute('There can be no route for CONNECT, whose target is not a path: use connect().')
    return this.#add(method, path, handling)
  }

  /**
   * Adds a response that is the same for every client: text, bytes, JSON, or a `reply()`. It is encoded once. GET and
   * HEAD of exactly this path get it without entering JavaScript; with `threads`, also while JavaScript is busy. It
   * has an `etag`, and clients that have it already get 304. `server.setFixed()` replaces it. Requests with a query,
   * and paths with middleware, go through JavaScript and get the same response.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` for a stream, a file, or a body above 1 MiB
   */
  fixed<Path extends string>(path: RoutePath<Path>, answer: Reply | ReplyBody): this {
    if (typeof answer === 'function') {
      throw invalidRoute(
        `The answer of fixed(${describe(path)}) is the same for every request: it cannot be ${describe(answer)}.`,
      )
    }
    const fixed = new Fixed(answer)
    this.#add('GET', path, [fixed.handler])
    const { routes } = this.#definition
    const route = routes[routes.length - 1] as RouteDefinition
    if (route.segments.some(({ kind }) => kind !== 'static')) {
      routes.pop()
      throw invalidRoute(`A fixed answer is for one path, not for ${describe(path)}.`)
    }
    routes[routes.length - 1] = { ...route, fixed }
    return this
  }

  /**
   * Adds a route for requests that ask for another protocol with `Upgrade`, such as WebSocket (RFC 9110 §7.8). The
   * handler takes over the connection. Middleware of the router and of the route runs before it and may answer
   * instead; when the connection is taken over, it sees a reply with status 101. On any other path, such a request is
   * handled as if it had no `Upgrade` field.
   */
  upgrade<Path extends string>(
    path: RoutePath<Path>,
    middleware: Middleware<NoInfer<Path>>,
    handler: UpgradeHandler<NoInfer<Path>>,
  ): this
  upgrade<Path extends string>(path: RoutePath<Path>, handler: UpgradeHandler<NoInfer<Path>>): this
  upgrade<Path extends string>(
    path: RoutePath<Path>,
    ...handling: [...Middleware<NoInfer<Path>>[], UpgradeHandler<NoInfer<Path>>]
  ): this
  upgrade(path: string, ...handling: unknown[]): this {
    const handler = handling.pop() as UpgradeHandler
    assertFunction(handler, `The upgrade handler of ${describe(path)}`)
    return this.#add(UPGRADE, path, [...handling, () => new Upgrade(handler, 101)])
  }

  /**
   * Handles CONNECT requests, which ask for a tunnel (RFC 9110 §9.3.6). The handler takes over the connection; the
   * target is `req.url`. Without this, CONNECT gets 501.
   */
  connect(handler: UpgradeHandler): this {
    assertFunction(handler, 'The handler of connect()')
    return this.#add(CONNECT, '/', [() => new Upgrade(handler, 200)])
  }

  /**
   * Adds middleware around everything in this router: its routes, those of mounted routers, and the router's own
   * responses (400 for broken escapes in the path, 404, 405, 413, 501, and those to OPTIONS). It may be added before
   * or after the routes. The first one added is the outermost.
   *
   * With a prefix, it runs only for the prefix itself and paths below it: `/admin` covers `/admin` and
   * `/admin/users`, not `/administer`. The prefix is compared with the path of the request, not with that of the
   * route.
   */
  use(middleware: Middleware): this
  use<Prefix extends string>(prefix: RoutePath<Prefix>, middleware: Middleware): this
  use(...given: [Middleware] | [string, Middleware]): this {
    // A path alone has lost its middleware.
    const hasPrefix = given.length > 1 ? typeof given[0] !== 'function' : typeof given[0] === 'string'
    const [prefix, middleware] = hasPrefix ? (given as [string, Middleware]) : ['/', given[0] as Middleware]
    const segments = parsePrefix(prefix)
    const where = hasPrefix ? `use(${describe(prefix)})` : 'use()'
    if (isRouter(middleware))
      throw invalidRoute(`A router is added with mount(${describe(prefix)}, router), not with use().`)
    assertFunction(middleware, `The middleware of ${where}`)
    assertOneMiddleware(given.slice(hasPrefix ? 2 : 1), where)
    this.#open(where).layers.push({ prefix: segments, middleware })
    return this
  }

  /**
   * Mounts a router below a prefix; its `/` is then the prefix itself. It keeps its own middleware and error handler.
   * An unknown path is answered by the innermost router mounted there, or, where several are mounted at the same
   * prefix, by their parent. Routes may be added to it until the app is served.
   */
  mount<Prefix extends string>(prefix: RoutePath<Prefix>, router: Router): this {
    if (isRouter(prefix)) throw invalidRoute("mount() takes a prefix before the router, such as mount('/api', router).")
    const segments = parsePrefix(prefix)
    if (!isRouter(router)) throw notMountable(prefix, router)
    this.#open(`mount(${describe(prefix)})`).mounts.push({ prefix: segments, router: router.#definition })
    return this
  }

  /**
   * Sets the handler for errors thrown by this router's handlers and middleware. Outer middleware sees the reply that
   * it returns. If it throws or returns nothing, the error goes to the enclosing router. When no router answers it,
   * an `HttpError`, or any Error with a `status` or `statusCode` from 400 to 599, is answered with that status, and
   * with its message if `expose` is true (the default below 500). Every other error is logged and gets 500 without
   * its message.
   *
   * A thrown `Reply` or `Response` is the response, not an error.
   *
   * The error handler of the outermost router also answers errors in sending a reply, such as a body that cannot be
   * converted to JSON. No middleware sees those.
   */
  onError(handler: ErrorHandler): this {
    assertFunction(handler, 'The handler of onError()')
    this.#open('onError()').onError = handler
    return this
  }

  /**
   * Sets the handler for paths without a route. What it returns is sent with 404, unless it is a `Reply` or a
   * `Response`.
   */
  notFound(handler: Handler): this {
    assertFunction(handler, 'The handler of notFound()')
    this.#open('notFound()').notFound = handler
    return this
  }

  /**
   * Answers a fetch Request without a server, a socket or the addon, for tests and for other runtimes:
   * `Bun.serve({ fetch: app.fetch })`, `Deno.serve(app.fetch)`. The answer is the same as over a socket, but a route of
   * `upgrade` answers 426, because there is no connection to take over. The promise rejects only for what is
   * not a Request: TypeError `ERR_INVALID_ARG_TYPE`. The first call closes
   * the router to changes.
   *
   * @param options `LocalOptions`, or the second argument that Bun or Deno passes
   */
  readonly fetch = (request: Request, options?: LocalOptions | object): Promise<Response> => {
    if (typeof request !== 'object' || request === null) return Promise.reject(notARequest('fetch(request)', request))
    this.#local ??= compileRouter(this)
    return answerLocally(this.#local, request, options)
  }

  /**
   * Answers a request for a path or a URL, like `fetch`: `await app.request('/users/1')`. `init` is that of `new Request`.
   */
  async request(path: string | URL | Request, init?: RequestInit, options?: LocalOptions): Promise<Response> {
    if (typeof path !== 'string' && (typeof path !== 'object' || path === null)) {
      throw notARequest('request(path, init)', path)
    }
    const request =
      typeof path === 'object' && 'method' in path ? new Request(path, init) : new Request(urlOf(path), init)
    return this.fetch(request, options)
  }

  #add(method: string, path: string, handling: readonly unknown[]): this {
    const segments = parsePattern(path)
    const route = `${method === ANY_METHOD ? 'all()' : method} ${describe(path)}`
    const last = handling.at(-1)
    const hasOptions = handling.length > 1 && typeof last !== 'function' && !isRouter(last)
    const options = ((hasOptions ? last : undefined) ?? {}) as RouteOptions
    const functions = hasOptions ? handling.slice(0, -1) : handling
    const handler = functions.at(-1) as Handler
    const middleware = functions.slice(0, -1) as Middleware[]
    for (const layer of middleware) assertFunction(layer, `A middleware of ${route}`, true)
    assertFunction(handler, `The handler of ${route}`, true)
    assertRouteOptions(options, route)
    this.#open(route)
    this.#defined.insert(method, segments, handler)
    this.#definition.routes.push({ method, segments, handler, middleware, options })
    return this
  }

  #open(what: string): RouterDefinition {
    if (!this.#definition.sealed) return this.#definition
    throw coded(
      new Error(`The router is already being served: add ${what} before serve(), and before the first request().`),
      'ERR_ROUTER_SERVED',
    )
  }
}

/** A path is not resolved against a URL: it may begin with two slashes. */
function urlOf(path: string | URL): URL {
  const isPath = typeof path === 'string' && path.startsWith('/')
  return isPath ? new URL(`http://localhost${path}`) : new URL(path, 'http://localhost')
}

/** Compiles a router for serving, and seals it against changes. */
export function compileRouter(router: Router): Dispatcher {
  const definition = definitionOf(router)
  const dispatcher = compile(definition)
  seal(definition)
  return dispatcher
}

function seal(definition: RouterDefinition): void {
  definition.sealed = true
  for (const { router } of definition.mounts) seal(router)
}

function notARequest(call: string, given: unknown): TypeError {
  return wrongArgument(call, call.startsWith('fetch') ? 'a Request' : 'a path, a URL or a Request', given)
}

function isRouter(given: unknown): given is Router {
  return given instanceof Router
}

function notMountable(prefix: string, given: unknown): TypeError {
  const isPromise = typeof (given as { then?: unknown } | null | undefined)?.then === 'function'
  const hint = isPromise
    ? ': await it first'
    : typeof given === 'function'
      ? `: add a handler for everything below with all('${prefix.replace(/\/$/, '')}/*', handler)`
      : ''
  return invalidRoute(`mount(${describe(prefix)}) takes a Router, not ${describe(given)}${hint}.`)
}

function invalidMethod(given: unknown): TypeError {
  const hint = Array.isArray(given)
    ? 'call on() for each method'
    : given === '*'
      ? 'all() adds a route for every method'
      : typeof given === 'string' && given.startsWith('/')
        ? `the method comes before the path: on('GET', ${describe(given)}, handler)`
        : typeof given === 'string' && /^[a-z-]+$/i.test(given)
          ? `methods are upper case: '${given.toUpperCase()}'`
          : "methods are upper case, such as 'GET'"
  return invalidRoute(`on() takes a method, and ${describe(given)} is not one: ${hint}.`)
}
