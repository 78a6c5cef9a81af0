// What `serve` takes, as what answers requests.
import { type FetchApp, FetchApplication, type FetchErrorHandler } from '../fetch/application.js'
import { chainClasses, replaceGlobals } from '../fetch/globals.js'
import type { FetchServer } from '../fetch/info.js'
import { WaitUntil } from '../fetch/wait_until.js'
import type { Dispatcher } from '../routing/dispatcher.js'
import type { Handler } from '../routing/handler.js'
import { compileRouter, Router } from '../routing/router.js'
import { coded } from '../runtime/errors.js'
import { wrongType } from '../runtime/option_errors.js'
import type { ServeOptions } from './options.js'

/** The options of a server for an app of fetch. */
export interface FetchServeOptions extends ServeOptions {
  /**
   * Answers for what `fetch` throws. By default an error answers with its `status` or `statusCode` where it has one from
   * 400 to 599, and otherwise with 500, and is logged.
   */
  error?: FetchErrorHandler | undefined
  /**
   * Whether `Request`, `Response` and `fetch` in `globalThis` are replaced by brink's, which extend them, when the first
   * app is served. Default: true. Without them an app is half as fast, for its answers are read from streams.
   */
  overrideGlobals?: boolean | undefined
  /** The same as `host`, as other servers call it. */
  hostname?: string | undefined
}

/** What answers requests, and the options that are left for its server. */
export interface Application {
  readonly dispatcher: Dispatcher
  readonly options: ServeOptions
  /** What goes on behind answers. */
  readonly waitUntil?: WaitUntil
}

/**
 * @param server the server, once it is there
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 */
export function applicationOf(app: unknown, options: FetchServeOptions, server: () => FetchServer): Application {
  if (app instanceof Router) return { dispatcher: compileRouter(app), options }
  if (typeof app === 'function') {
    refuseFetchHandler(app)
    return { dispatcher: compileRouter(new Router().all('/*', app as Handler<'/*'>)), options }
  }
  if (isFetchApp(app)) return fetchApplication(app, options, server)
  throw coded(
    new TypeError('serve() takes a Router, a handler, or an object with a method fetch().'),
    'ERR_INVALID_ARG_TYPE',
  )
}

function isFetchApp(app: unknown): app is FetchApp {
  return typeof app === 'object' && app !== null && typeof (app as Partial<FetchApp>).fetch === 'function'
}

/** A handler has one argument. What has more, or is called `fetch`, would wait for what it is not given. */
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
  // An app may have properties that are called as options are.
  const own = isPlainObject(app) ? (({ fetch: _fetch, ...rest }) => rest)(app) : {}
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
  return { dispatcher, options: hostname === undefined ? options : { host: hostname, ...options }, waitUntil }
}

function isPlainObject(app: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(app)
  return prototype === null || prototype === Object.prototype
}
