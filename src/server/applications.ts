// Converts the argument of `serve` to a dispatcher.
import { type FetchApp, FetchApplication, type FetchErrorHandler } from '../fetch/application.js'
import { chainClasses, replaceGlobals } from '../fetch/globals.js'
import type { FetchServer } from '../fetch/info.js'
import { WaitUntil } from '../fetch/wait_until.js'
import type { Dispatcher } from '../routing/dispatcher.js'
import type { Handler } from '../routing/handler.js'
import { compileRouter, Router } from '../routing/router.js'
import { describe, isClass } from '../runtime/describe.js'
import { coded } from '../runtime/errors.js'
import { wrongArgument, wrongType } from '../runtime/option_errors.js'
import type { ServeOptions } from './options.js'

/** The options of `serve` for a fetch app. */
export interface FetchServeOptions extends ServeOptions {
  /**
   * Creates the response when `fetch` throws. Default: the `status` or `statusCode` of the error if it is from 400 to 599,
   * otherwise 500 and the error is logged.
   */
  error?: FetchErrorHandler | undefined
  /**
   * Replaces `Request`, `Response` and `fetch` in `globalThis` by versions of brink that extend them, when the first fetch
   * app is served. Default: true. With false an app is about half as fast, because its responses are read from streams.
   */
  overrideGlobals?: boolean | undefined
  /** Same as `host`. Other servers use this name. */
  hostname?: string | undefined
}

/** A dispatcher, and the options for its server. */
export interface Application {
  readonly dispatcher: Dispatcher
  readonly options: ServeOptions
  /** The names of options that were taken out of `options`. */
  readonly takenOptions?: readonly string[]
  /** Promises that `close` waits for. */
  readonly waitUntil?: WaitUntil
}

/**
 * @param server returns the server; it is called only after the server was created
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 */
export function applicationOf(app: unknown, options: FetchServeOptions, server: () => FetchServer): Application {
  if (app instanceof Router) return { dispatcher: compileRouter(app), options }
  if (isFetchApp(app)) return fetchApplication(app, options, server)
  if (typeof app === 'function') {
    if (isClass(app)) throw wrongArgument('serve()', 'a Router or a handler', app)
    refuseFetchHandler(app)
    return { dispatcher: compileRouter(new Router().all('/*', app as Handler<'/*'>)), options }
  }
  throw coded(
    new TypeError(
      `serve() takes a Router, a handler, or an object with a method fetch(), not ${describe(app)}${hintFor(app)}.`,
    ),
    'ERR_INVALID_ARG_TYPE',
  )
}

function hintFor(app: unknown): string {
  if (typeof app === 'number') return ': the port is an option, serve(app, { port })'
  if (typeof app !== 'object' || app === null) return ''
  if (typeof (app as { then?: unknown }).then === 'function') return ': await it first'
  return 'port' in app || 'host' in app ? ': the app comes before the options, serve(app, options)' : ''
}

/** A function may have a method `fetch` too: a class with a static one, or the adapters of whatwg-node. */
function isFetchApp(app: unknown): app is FetchApp {
  const mayHaveMethods = (typeof app === 'object' && app !== null) || typeof app === 'function'
  return mayHaveMethods && typeof (app as Partial<FetchApp>).fetch === 'function'
}

/** Refuses functions that look like the `fetch` of an app: brink's handlers have one argument. */
function refuseFetchHandler({ name, length }: { readonly name: string; readonly length: number }): void {
  if (!/^(?:bound )?fetch$/.test(name) && length < 2) return
  throw coded(
    new TypeError(
      'This looks like the fetch() of an app, which serve() does not take by itself: give the app, serve(app), or an ' +
        'object, serve({ fetch }). Handlers of brink have one argument, the request.',
    ),
    'ERR_INVALID_ARG_TYPE',
  )
}

function fetchApplication(app: FetchApp, given: FetchServeOptions, server: () => FetchServer): Application {
  if (typeof given !== 'object' || given === null)
    throw wrongArgument('serve(app, options)', 'its options as an object', given)
  // Instances of classes may have properties with the names of options.
  const own = isPlainObject(app) ? optionsIn(app) : {}
  const { error, overrideGlobals = true, hostname, ...options }: FetchServeOptions = { ...own, ...given }
  if (error !== undefined && typeof error !== 'function') throw wrongType('error', 'a function', error)
  if (typeof overrideGlobals !== 'boolean') throw wrongType('overrideGlobals', 'a boolean', overrideGlobals)
  if (overrideGlobals) replaceGlobals()
  else chainClasses()
  const waitUntil = new WaitUntil()
  const dispatcher = new FetchApplication(app, error, {
    server,
    waitUntil: (promise, request) => waitUntil.add(promise, (failure) => request.report(failure)),
  })
  return {
    dispatcher,
    options: hostname === undefined ? options : { host: hostname, ...options },
    takenOptions: TAKEN,
    waitUntil,
  }
}

const TAKEN: readonly string[] = ['error', 'overrideGlobals', 'hostname'] satisfies (keyof FetchServeOptions)[]
const FUNCTION_OPTIONS: readonly string[] = [
  'error',
  'log',
  'onClientError',
  'neverShed',
] satisfies (keyof FetchServeOptions)[]

/** The options among the properties of an app. Its other methods, such as `scheduled()` of a worker, are not for a server. */
function optionsIn(app: object): FetchServeOptions {
  const isOption = ([name, value]: [string, unknown]) => typeof value !== 'function' || FUNCTION_OPTIONS.includes(name)
  return Object.fromEntries(Object.entries(app).filter(isOption))
}

function isPlainObject(app: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(app)
  return prototype === null || prototype === Object.prototype
}
