import type { Deadlines } from '../exchange/exchange.js'
import type { HeadersSource } from '../fields/headers.js'
import { literalTarget, parseTarget } from '../fields/path.js'
import type { Fixed } from '../reply/fixed.js'
import { type Reply, toReply } from '../reply/reply.js'
import type { BrinkRequest, RequestMatch, RequestRules } from '../request/request.js'
import { type Run, withStatus } from './compose.js'
import type { Handler } from './handler.js'
import { isRegisteredMethod } from './methods.js'
import { joinSegments, onlyPath, paramNames, patternText, type Segment } from './pattern.js'
import { plainReply } from './rescue.js'
import { ANY_METHOD, RouteTree } from './route_tree.js'
import { CONNECT, type RouteDefinition, type RouterDefinition, UPGRADE } from './router_definition.js'
import { Scope } from './scope.js'
import { isNeverShed } from './unshed.js'

/** A compiled route. */
export interface Route {
  /** The canonical pattern, including the prefixes of mounted routers; empty for the router's own responses. */
  readonly pattern: string
  /** Counted from 1 in the order of `Dispatcher.routes`; 0 for the router's own responses. */
  readonly number: number
  /** The names of the params, in the order of a match's `values`. */
  readonly names: readonly string[]
  /** Runs the handler with its middleware and returns the raw value. May throw. */
  readonly run: Run
  /** The same middleware around this error instead of the handler, for requests that are refused. */
  readonly refused: (error: unknown) => Run
  /** Whether anything reads the request. If not, `run` may be called without one. */
  readonly needsRequest: boolean
  /** The body limit of the route in bytes; undefined for the server's. */
  readonly bodyLimit?: number | undefined
  /** Whether the handler runs before the body has arrived. */
  readonly streams?: boolean | undefined
  /** The deadlines of the route, if it has its own. */
  readonly deadlines?: Deadlines | undefined
  /** Whether it is answered also by a server that sheds load. */
  readonly isUnshed?: boolean | undefined
}

/** What a route is known by in logs and metrics. */
export interface NumberedRoute {
  /** `*` for any method, `UPGRADE` for upgrades. */
  readonly method: string
  readonly pattern: string
}

/** The route of a request target, with the captured values. */
export interface Match extends RequestMatch {
  readonly route: Route
}

/** `isAlone`: no middleware or HEAD route applies, so the native side may send it. */
export interface FixedRoute {
  readonly answer: Fixed
  readonly isAlone: boolean
  /** The number of its route. */
  readonly number: number
}

/** A compiled router. */
export interface Dispatcher {
  /** The routes of the app, in the order of their definition: the one with the number n is `routes[n - 1]`. */
  readonly routes: readonly NumberedRoute[]
  /** The largest body limit of any route. */
  readonly largestBody: number
  /** Fixed responses by path. */
  readonly fixed: ReadonlyMap<string, FixedRoute>
  /** Whether any route handles upgrades or CONNECT. */
  readonly takesUpgrades: boolean
  /** Whether targets may have characters that browsers do not escape, although RFC 3986 wants it. */
  readonly takesWebTargets?: boolean | undefined
  /** Whether its replies have numbers of runs in the place of routes, by which the native side measures them. */
  readonly measuresRuns?: boolean | undefined
  /** Whether it is given the heads of requests. */
  readonly readsHeads?: boolean | undefined
  /** How its requests differ from those of a router. */
  readonly requestRules?: RequestRules | undefined
  /**
   * Finds the route of a request target in any form. Never throws: a target that is not found, or has no route for
   * the method, gets a route that sends the error. A static target always gets the same Match. What is found is kept for
   * further requests with the same head.
   *
   * @param head the request line and the fields, with `readsHeads`
   */
  find(method: string, target: string, head?: string): Match
  /** The route that takes over the connection, if there is one. */
  findUpgrade(method: string, target: string, head?: string): Match | undefined
  /**
   * Converts an error of `Route.run`, or of sending its value, to a reply: by the outermost router's `onError`, or
   * else the default reply. Never throws or rejects. An error that no `onError` answered is reported to the request,
   * unless its own status is below 500.
   */
  failed(error: unknown, req: BrinkRequest): Reply | Promise<Reply>
}

/**
 * Compiles a router with everything mounted in it.
 * @throws TypeError `ERR_INVALID_ROUTE` when two mounted routers define the same route, or a router is mounted in
 * itself
 */
export function compile(definition: RouterDefinition): Dispatcher {
  return new CompiledRouter(new Scope(definition))
}

interface Endpoint {
  readonly route: Route
  readonly scope: Scope
}

// Static paths are looked up in one step for these methods. Others, such as PROPFIND, use the tree.
const COMMON_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** Of what is no method. */
const NAMES: Readonly<Record<string, string>> = { [UPGRADE]: 'UPGRADE', [CONNECT]: 'CONNECT' }
/** The numbers of routes have 16 bits. */
const MOST_NUMBERED_ROUTES = 65535
const NO_VALUES: readonly string[] = Object.freeze([])
// The pattern of CONNECT's route, which no middleware prefix matches.
const CONNECT_SEGMENTS: readonly Segment[] = [{ kind: 'static', text: '' }]

class CompiledRouter implements Dispatcher {
  largestBody = 0
  takesUpgrades = false
  readonly fixed = new Map<string, FixedRoute>()
  readonly routes: NumberedRoute[] = []
  readonly #root: Scope
  readonly #tree = new RouteTree<Endpoint>()
  readonly #upgrades = new RouteTree<Endpoint>()
  #connect: Route | undefined
  readonly #methods = new Set<string>()
  readonly #exact = new Map<string, Map<string, Match>>(COMMON_METHODS.map((method) => [method, new Map()]))
  // By scope, and refusals also by text: bounded by the app's definition, not by what clients send.
  readonly #bad = new Map<Scope, Route>()
  readonly #unknown = new Map<Scope, Route>()
  readonly #missing = new Map<Scope, Route>()
  // Bytes after a CONNECT are not requests (RFC 9110 §9.3.6), so the connection is closed.
  readonly #tunnel: Route
  readonly #refusals = new Map<Scope, Map<string, Route>>()

  constructor(root: Scope) {
    this.#root = root
    this.#tunnel = notImplemented(root, CONNECT_SEGMENTS)
    for (const scope of root.andBelow()) {
      for (const definition of scope.definition.routes) this.#add(scope, definition)
    }
    for (const scope of root.andBelow()) {
      for (const definition of scope.definition.routes) this.#addExact(scope, definition)
    }
  }

  find(method: string, target: string): Match {
    const exact = this.#exact.get(method)?.get(target)
    if (exact !== undefined) return exact
    if (method === 'CONNECT') return match(this.#tunnel, target)
    if (target === '*' && method === 'OPTIONS') return match(this.#refusal(method, this.#methods, this.#root), target)

    const parsed = parseTarget(target)
    if (parsed === undefined) return this.#badMatch(target)
    const { path, search } = parsed
    const withoutSearch = this.#exact.get(method)?.get(path)
    if (withoutSearch !== undefined) return match(withoutSearch.route, path, search, withoutSearch.values)
    if (!isRegisteredMethod(method) && !this.#methods.has(method)) {
      const route = ownedRoute(this.#unknown, this.#root.ownerOf(path), (scope) => notImplemented(scope))
      return match(route, path, search)
    }
    const found = this.#tree.find(method, path)
    if (found !== undefined) return match(found.value.route, path, search, found.captured)
    const known = this.#tree.known(path)
    if (known !== undefined) return match(this.#refusal(method, known.methods, known.closest.scope), path, search)
    return match(this.#missingRoute(path), path, search)
  }

  findUpgrade(method: string, target: string): Match | undefined {
    if (method === 'CONNECT') return this.#connect && match(this.#connect, target)
    const parsed = method === 'GET' ? parseTarget(target) : undefined
    const found = parsed && this.#upgrades.find(UPGRADE, parsed.path)
    return found && match(found.value.route, parsed.path, parsed.search, found.captured)
  }

  failed(error: unknown, req: BrinkRequest): Reply | Promise<Reply> {
    return this.#root.rescue(error, req)
  }

  #add(scope: Scope, definition: RouteDefinition): void {
    const segments = joinSegments(scope.prefix, definition.segments)
    // A router may be served several times.
    const fixed = definition.fixed?.copy()
    const handler = (fixed ?? definition).handler as Run
    const surround = (inner: Run) => scope.surround(scope.within(definition.middleware, inner), segments)
    const run = surround(handler)
    const needsRequest = run !== handler || seesRequest(definition.handler)
    const { bodyLimit, stream: streams, shed = !isNeverShed(definition.handler), ...deadlines } = definition.options
    const route = {
      pattern: patternText(segments),
      number: this.#number(definition.method, patternText(segments)),
      names: paramNames(segments),
      run,
      refused: refusing(surround),
      needsRequest,
      bodyLimit,
      streams,
      deadlines: Object.keys(deadlines).length > 0 ? deadlines : undefined,
      isUnshed: !shed,
    }
    if (definition.method === CONNECT) this.#connect = route
    if (definition.method === UPGRADE) this.#upgrades.insert(UPGRADE, segments, { route, scope })
    if (definition.method === CONNECT || definition.method === UPGRADE) {
      this.takesUpgrades = true
      return
    }
    if (fixed !== undefined) {
      // Middleware would not run for a response that the native side sends.
      this.fixed.set(onlyPath(segments) as string, {
        answer: fixed,
        isAlone: run === handler,
        number: route.number,
      })
    }
    if (bodyLimit !== undefined) this.largestBody = Math.max(this.largestBody, bodyLimit)
    this.#tree.insert(definition.method, segments, { route, scope })
    if (definition.method !== ANY_METHOD) this.#methods.add(definition.method)
  }

  /** Routes above the largest number share 0 with the router's own responses. */
  #number(method: string, pattern: string): number {
    if (this.routes.length >= MOST_NUMBERED_ROUTES) return 0
    return this.routes.push({ method: NAMES[method] ?? method, pattern })
  }

  #addExact(scope: Scope, definition: RouteDefinition): void {
    if (definition.method === CONNECT || definition.method === UPGRADE) return
    const segments = joinSegments(scope.prefix, definition.segments)
    const path = onlyPath(segments)
    if (path === undefined) return
    const fixed = definition.fixed === undefined ? undefined : this.fixed.get(path)
    const headRoute = this.#tree.find('HEAD', path)?.value.route
    if (fixed && headRoute !== this.#tree.find('GET', path)?.value.route) {
      this.fixed.set(path, { ...fixed, isAlone: false })
    }
    for (const [method, matches] of this.#exact) {
      const found = this.#tree.find(method, path)
      if (found !== undefined) matches.set(path, match(found.value.route, path, '', found.captured))
    }
  }

  /** A target with broken escapes is answered by the router that the literal path leads to. */
  #badMatch(target: string): Match {
    const { path, search } = literalTarget(target)
    const route = ownedRoute(this.#bad, this.#root.ownerOf(path), (scope) => plainRoute(scope, 400))
    return match(route, path, search)
  }

  #missingRoute(path: string): Route {
    return ownedRoute(this.#missing, this.#root.ownerOf(path), (scope) => {
      const { notFound } = scope
      return notFound ? answerRoute(scope, (req) => withStatus(404, notFound(req))) : plainRoute(scope, 404)
    })
  }

  /** The response on a known path for a method without a route: 204 for OPTIONS, 405 for others. */
  #refusal(method: string, methods: ReadonlySet<string>, scope: Scope): Route {
    const allow = allowed(methods)
    const key = method === 'OPTIONS' ? `OPTIONS ${allow}` : allow
    const routes = this.#refusals.get(scope) ?? new Map<string, Route>()
    this.#refusals.set(scope, routes)
    let route = routes.get(key)
    if (route === undefined) {
      route = plainRoute(scope, method === 'OPTIONS' ? 204 : 405, { allow })
      routes.set(key, route)
    }
    return route
  }
}

function match(route: Route, path: string, search = '', values = NO_VALUES): Match {
  return { route, path, search, values }
}

/** The route of a scope, created by `make` on first use. */
function ownedRoute(routes: Map<Scope, Route>, scope: Scope, make: (scope: Scope) => Route): Route {
  const route = routes.get(scope) ?? make(scope)
  routes.set(scope, route)
  return route
}

/** A response of the router itself, inside its middleware. */
function answerRoute(scope: Scope, answer: Run, segments?: readonly Segment[]): Route {
  const surround = (inner: Run) => scope.surround(inner, segments)
  return {
    pattern: '',
    number: 0,
    names: NO_VALUES,
    run: surround(answer),
    refused: refusing(surround),
    needsRequest: true,
  }
}

function plainRoute(scope: Scope, status: number, headers?: HeadersSource, segments?: readonly Segment[]): Route {
  return answerRoute(scope, () => plainReply(status, headers), segments)
}

/**
 * 501 for a method that HTTP does not register and no route of this server uses (RFC 9110 §9.1). The server cannot
 * know what follows such a request, so the connection is closed, whatever middleware returns.
 */
function notImplemented(scope: Scope, segments?: readonly Segment[]): Route {
  const route = plainRoute(scope, 501, undefined, segments)
  return { ...route, run: closing(route.run), refused: (error) => closing(route.refused(error)) }
}

function closing(run: Run): Run {
  const close = (answer: Reply) => {
    answer.headers.set('connection', 'close')
    return answer
  }
  return (req) => {
    const answer = toReply(run(req))
    return answer instanceof Promise ? answer.then(close) : close(answer)
  }
}

/** Makes a run of a route's middleware for requests that its handler does not get. */
function refusing(surround: (inner: Run) => Run): (error: unknown) => Run {
  return (error) =>
    surround(() => {
      throw error
    })
}

/** The value of `Allow` (RFC 9110 §10.2.1), including the implicit methods: HEAD for a GET route, and OPTIONS. */
function allowed(methods: ReadonlySet<string>): string {
  const list = new Set<string>()
  for (const method of methods) {
    list.add(method)
    if (method === 'GET') list.add('HEAD')
  }
  list.delete('OPTIONS')
  return [...list, 'OPTIONS'].join(', ')
}

// An arrow function has no `arguments`, so without params it cannot read the request. Any other function, such as a
// bound one, is assumed to read it.
function seesRequest(handler: Handler): boolean {
  return !/^(?:async\s*)?\(\s*\)\s*=>/.test(Function.prototype.toString.call(handler))
}
