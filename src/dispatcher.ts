import { type Run, rescued, withStatus } from './compose.js'
import { HttpError } from './errors.js'
import type { Deadlines } from './exchange.js'
import type { Fixed } from './fixed.js'
import type { Handler } from './handler.js'
import type { HeadersSource } from './headers.js'
import { isRegisteredMethod } from './methods.js'
import { parseTarget } from './path.js'
import { joinSegments, paramNames, patternText } from './pattern.js'
import { reasonPhrase } from './reason_phrase.js'
import { Reply } from './reply.js'
import type { BrinkRequest } from './request.js'
import { ANY_METHOD, RouteTree } from './route_tree.js'
import { CONNECT, type RouteDefinition, type RouterDefinition, UPGRADE } from './router_definition.js'
import { Scope } from './scope.js'

/** What answers a request. */
export interface Route {
  /** The canonical pattern, with the prefixes of mounted routers; empty for the answers to what has no route. */
  readonly pattern: string
  /** The names of the params, in the order of a match's `values`. */
  readonly names: readonly string[]
  /** Gives the handler's raw value, or what its outermost middleware returned. May throw. */
  readonly run: Run
  /** False when nothing could see the request: then `run` may be called without one. */
  readonly needsRequest: boolean
  /** The largest body that it takes; undefined for the server's limit. */
  readonly bodyLimit?: number | undefined
  /** It takes bodies as they arrive. */
  readonly streams?: boolean | undefined
  /** Deadlines of its own. */
  readonly deadlines?: Deadlines | undefined
}

/** The way of one request target to its route. */
export interface Match {
  readonly route: Route
  /** The canonical path. */
  readonly path: string
  /** The raw text after the first `?`, without it, or an empty string. */
  readonly search: string
  /** The captured segments, still encoded: `decodeParams(route.names, values)` makes params of them. */
  readonly values: readonly string[]
}

/** Told of each error that neither an error handler nor the client has to answer for: it belongs into the log. */
export type Report = (error: unknown) => void

/** A router made ready to answer. */
export interface Dispatcher {
  /** The largest body that any route takes by its own limit. */
  readonly largestBody: number
  /** Answers that are always the same, by their paths; and whether they may be given without asking. */
  readonly fixed: ReadonlyMap<string, { readonly answer: Fixed; readonly isAlone: boolean }>
  /** Whether any route takes connections over. */
  readonly takesUpgrades: boolean
  /**
   * The route for a request target, of whatever form. Never throws: what cannot be found, or is not to be had by this
   * method, has a route that says so. One static target always gives the same Match.
   */
  find(method: string, target: string): Match
  /** The route that takes the connection over, if there is one. */
  findUpgrade(method: string, target: string): Match | undefined
  /**
   * The answer to what left `Route.run`, or went wrong in sending its value: that of the outermost router's `onError`,
   * otherwise the plain one. Never throws or rejects. `report` is told of what no `onError` answered, unless it is an
   * HttpError below 500, and of what an `onError` itself threw.
   */
  failed(error: unknown, req: BrinkRequest, report: Report): Reply | Promise<Reply>
}

/**
 * Makes a router, with all that is mounted in it, ready to answer.
 * @throws TypeError `ERR_INVALID_ROUTE` when two mounted routers define the same route, or a router is mounted in itself
 */
export function compile(definition: RouterDefinition): Dispatcher {
  return new CompiledRouter(new Scope(definition))
}

interface Endpoint {
  readonly route: Route
  readonly scope: Scope
}

// For these a static path is looked up in one step; for others, such as PROPFIND, the tree is asked.
const COMMON_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const NO_VALUES: readonly string[] = Object.freeze([])

class CompiledRouter implements Dispatcher {
  largestBody = 0
  takesUpgrades = false
  readonly fixed = new Map<string, { readonly answer: Fixed; readonly isAlone: boolean }>()
  readonly #root: Scope
  readonly #tree = new RouteTree<Endpoint>()
  readonly #upgrades = new RouteTree<Endpoint>()
  #connect: Route | undefined
  readonly #methods = new Set<string>()
  readonly #exact = new Map<string, Map<string, Match>>(COMMON_METHODS.map((method) => [method, new Map()]))
  readonly #bad = plainRoute(400)
  // The bytes behind a CONNECT are no requests (RFC 9110 §9.3.6), so the connection ends.
  readonly #tunnel = plainRoute(501, { connection: 'close' })
  // RFC 9110 §9.1: what HTTP does not know, and this server has no route for on any path. Nobody knows what stands behind it.
  readonly #unknownMethod = plainRoute(501, { connection: 'close' })
  // By scope and text: as many as there are different answers, whatever clients ask for.
  readonly #missing = new Map<Scope, Route>()
  readonly #refusals = new Map<Scope, Map<string, Route>>()

  constructor(root: Scope) {
    this.#root = root
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
    if (parsed === undefined) return match(this.#bad, target)
    const { path, search } = parsed
    const withoutSearch = this.#exact.get(method)?.get(path)
    if (withoutSearch !== undefined) return match(withoutSearch.route, path, search, withoutSearch.values)
    if (!isRegisteredMethod(method) && !this.#methods.has(method)) return match(this.#unknownMethod, path, search)
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

  failed(error: unknown, req: BrinkRequest, report: Report): Reply | Promise<Reply> {
    const { onError } = this.#root.definition
    const giveUp = (unhandled: unknown) => plainAnswer(unhandled, report)
    if (onError === undefined) return giveUp(error)
    try {
      const answer = rescued(onError, error, req)
      return answer instanceof Promise ? answer.catch(giveUp) : answer
    } catch (unhandled) {
      return giveUp(unhandled)
    }
  }

  #add(scope: Scope, definition: RouteDefinition): void {
    const segments = joinSegments(scope.prefix, definition.segments)
    // One router may be served more than once.
    const fixed = definition.fixed?.copy()
    const handler = (fixed ?? definition).handler as Run
    const run = scope.surround(handler, segments)
    const needsRequest = run !== handler || seesRequest(definition.handler)
    const { bodyLimit, stream: streams, ...deadlines } = definition.options
    const route = {
      pattern: patternText(segments),
      names: paramNames(segments),
      run,
      needsRequest,
      bodyLimit,
      streams,
      deadlines: Object.keys(deadlines).length > 0 ? deadlines : undefined,
    }
    if (definition.method === CONNECT) this.#connect = route
    if (definition.method === UPGRADE) this.#upgrades.insert(UPGRADE, segments, { route, scope })
    if (definition.method === CONNECT || definition.method === UPGRADE) {
      this.takesUpgrades = true
      return
    }
    if (fixed !== undefined) {
      // What middleware would do to it is not done where JavaScript is not asked.
      this.fixed.set(route.pattern, { answer: fixed, isAlone: run === handler })
    }
    if (bodyLimit !== undefined) this.largestBody = Math.max(this.largestBody, bodyLimit)
    this.#tree.insert(definition.method, segments, { route, scope })
    if (definition.method !== ANY_METHOD) this.#methods.add(definition.method)
  }

  #addExact(scope: Scope, definition: RouteDefinition): void {
    if (definition.method === CONNECT || definition.method === UPGRADE) return
    const segments = joinSegments(scope.prefix, definition.segments)
    if (segments.some(({ kind }) => kind !== 'static')) return
    const path = patternText(segments)
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

  #missingRoute(path: string): Route {
    const scope = this.#root.ownerOf(path)
    let route = this.#missing.get(scope)
    if (route === undefined) {
      const { notFound } = scope
      const answer: Run = notFound ? (req) => withStatus(404, notFound(req)) : () => plainReply(404)
      route = errorRoute(scope.surround(answer))
      this.#missing.set(scope, route)
    }
    return route
  }

  /** The answer on a known path to a method without a route: to OPTIONS which there are, to others that they are not. */
  #refusal(method: string, methods: ReadonlySet<string>, scope: Scope): Route {
    const allow = allowed(methods)
    const key = method === 'OPTIONS' ? `OPTIONS ${allow}` : allow
    const routes = this.#refusals.get(scope) ?? new Map<string, Route>()
    this.#refusals.set(scope, routes)
    let route = routes.get(key)
    if (route === undefined) {
      const status = method === 'OPTIONS' ? 204 : 405
      route = errorRoute(scope.surround(() => plainReply(status, { allow })))
      routes.set(key, route)
    }
    return route
  }
}

function match(route: Route, path: string, search = '', values = NO_VALUES): Match {
  return { route, path, search, values }
}

function errorRoute(run: Run): Route {
  return { pattern: '', names: NO_VALUES, run, needsRequest: true }
}

/** An answer that no middleware sees, as there is no path for it to look at. */
function plainRoute(status: number, headers?: HeadersSource): Route {
  return { pattern: '', names: NO_VALUES, run: () => plainReply(status, headers), needsRequest: false }
}

function plainReply(status: number, headers?: HeadersSource): Reply {
  return new Reply(status, status === 204 ? undefined : reasonPhrase(status), headers)
}

/** The value of `Allow` (RFC 9110 §10.2.1), with what is answered unasked: HEAD by GET's route, and OPTIONS. */
function allowed(methods: ReadonlySet<string>): string {
  const list = new Set<string>()
  for (const method of methods) {
    list.add(method)
    if (method === 'GET') list.add('HEAD')
  }
  list.delete('OPTIONS')
  return [...list, 'OPTIONS'].join(', ')
}

/** The answer to an error that no error handler answered. */
function plainAnswer(error: unknown, report: Report): Reply {
  if (!(error instanceof HttpError)) {
    report(error)
    return plainReply(500)
  }
  if (error.status >= 500) report(error)
  try {
    return new Reply(error.status, error.expose ? error.message : reasonPhrase(error.status), error.headers)
  } catch (unsendable) {
    report(unsendable)
    return plainReply(500)
  }
}

// An arrow function has no `arguments`: without params it cannot see what it is called with. Anything that is not
// clearly one, such as a bound function, counts as seeing.
function seesRequest(handler: Handler): boolean {
  return !/^(?:async\s*)?\(\s*\)\s*=>/.test(Function.prototype.toString.call(handler))
}
