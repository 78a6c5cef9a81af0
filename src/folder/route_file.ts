import { pathToFileURL } from 'node:url'
import type { Handler, Middleware } from '../routing/handler.js'
import type { Router } from '../routing/router.js'
import type { UpgradeHandler } from '../routing/upgrade.js'
import { describe } from '../runtime/describe.js'
import { coded, codeOf, messageOf } from '../runtime/errors.js'

/** The exports of a module. */
type Exports = Readonly<Record<string, unknown>>

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** The export that takes connections over. */
const UPGRADE = 'UPGRADE'

/**
 * @throws Error `ERR_ROUTE_IMPORT` with the name of the file, and the error as its cause
 */
export async function importRouteFile(file: string): Promise<Exports> {
  try {
    // Without the comment webpack would look for the file in its bundle.
    return (await import(/* webpackIgnore: true */ pathToFileURL(file).href)) as Exports
  } catch (cause) {
    throw coded(
      new Error(`The route file ${file} cannot be loaded: ${messageOf(cause)}`, { cause }),
      'ERR_ROUTE_IMPORT',
    )
  }
}

/** Adds the handlers that a route file exports. */
export function addRoutes(router: Router, path: string, exports: Exports, file: string): void {
  const names = Object.keys(exports)
  if (names.length === 0) {
    throw invalidFile(
      file,
      `it exports no handler: export a function named ${METHODS.join(', ')}, ${UPGRADE} or default`,
    )
  }
  for (const name of names) {
    const handler = exports[name]
    if (name !== 'default' && name !== UPGRADE && !METHODS.includes(name)) throw invalidFile(file, unknownExport(name))
    if (typeof handler !== 'function')
      throw invalidFile(file, `its export '${name}' is not a function, but ${describe(handler)}`)
    naming(file, () => {
      if (name === 'default') router.all(path, handler as Handler)
      else if (name === UPGRADE) router.upgrade(path, handler as UpgradeHandler)
      else router.on(name, path, handler as Handler)
    })
  }
}

/** Adds the default export of a `_middleware` file: a middleware or a list of them, outermost first. */
export function addMiddleware(router: Router, exports: Exports, file: string): void {
  const list = Array.isArray(exports.default) ? (exports.default as unknown[]) : [exports.default]
  for (const middleware of list) {
    if (typeof middleware !== 'function') {
      throw invalidFile(file, `its default export must be a middleware, or a list of them, not ${describe(middleware)}`)
    }
    naming(file, () => router.use(middleware as Middleware))
  }
}

function unknownExport(name: string): string {
  const hint = [...METHODS, UPGRADE].includes(name.toUpperCase())
    ? `write it in capitals, '${name.toUpperCase()}'`
    : `a route file exports ${METHODS.join(', ')}, ${UPGRADE} or default; keep helpers in a file whose name begins with '_'`
  return `its export '${name}' is not a method: ${hint}`
}

/** Runs `define`; an error gets the name of the file. */
function naming(file: string, define: () => unknown): void {
  try {
    define()
  } catch (cause) {
    throw coded(new TypeError(`${file}: ${messageOf(cause)}`, { cause }), codeOf(cause) ?? 'ERR_INVALID_ROUTE')
  }
}

function invalidFile(file: string, complaint: string): TypeError {
  return coded(new TypeError(`${file} cannot be a route: ${complaint}.`), 'ERR_INVALID_ROUTE')
}
