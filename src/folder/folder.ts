import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Router } from '../routing/router.js'
import { coded } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { wrongArgument } from '../runtime/option_errors.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { addMiddleware, addRoutes, importRouteFile } from './route_file.js'
import { loadTypeScriptFrom } from './typescript.js'

/** A file or folder in a routes folder. */
interface Entry {
  readonly path: string
  /** The name without its extension. */
  readonly name: string
  readonly isFolder: boolean
}

const MIDDLEWARE = '/_middleware'
const MODULE = /\.m?[jt]s$/
const NO_ROUTE = /\.d\.m?ts$|\.(?:test|spec)\.m?[jt]s$/

/**
 * Loads a router from a folder with one file for each route.
 *
 * | file | path |
 * |---|---|
 * | `index.ts` | the folder itself |
 * | `users/[id].ts` | `/users/:id` |
 * | `[...rest].ts` | `/*rest` |
 * | `_middleware.ts` | none: its default export, a middleware or a list of them, runs around everything in its folder |
 *
 * A file exports one handler for each method, named in capitals (`GET`, `POST`, …), a `default` handler for all other
 * methods, or `UPGRADE`, which takes connections over as `router.upgrade()` does. Ignored are names that begin with `_` or `.` (but not `.well-known`), type declarations, tests
 * (`x.test.ts`), and files that are not modules. TypeScript is loaded by Node if it can, otherwise by `esbuild` if
 * that is installed.
 *
 * @throws Error with a message that names the file, and one of these codes: `ERR_NO_ROUTES`, `ERR_DUPLICATE_ROUTE`,
 * `ERR_ROUTE_IMPORT`, `ERR_INVALID_ROUTE`, `ERR_TYPESCRIPT_ROUTES`; TypeError `ERR_INVALID_ARG_TYPE`
 */
export async function routesFrom(folder: string | URL): Promise<Router> {
  if (typeof folder !== 'string' && !(folder instanceof URL)) {
    throw wrongArgument('routesFrom(folder)', 'the path or the URL of a folder', folder)
  }
  const root = resolve(folder instanceof URL ? fileURLToPath(folder) : folder)
  await assertFolder(root)
  const files = new Map<string, string>()
  const router = await routerOf(root, '', root, files)
  if ([...files.keys()].some((path) => !path.endsWith(MIDDLEWARE))) return router
  throw coded(
    new Error(`The folder ${root} contains no route: add an index.js that exports a function GET.`),
    'ERR_NO_ROUTES',
  )
}

isNoHandler(routesFrom, "call it, mount('/', await routesFrom(folder))")

/** The router of one folder. `files` collects the file of each path, and of each folder's middleware. */
async function routerOf(folder: string, path: string, root: string, files: Map<string, string>): Promise<Router> {
  const router = new Router()
  for (const entry of await entriesOf(folder)) {
    if (entry.isFolder) {
      const prefix = `/${segmentOf(entry)}`
      router.mount(prefix, await routerOf(entry.path, path + prefix, root, files))
      continue
    }
    if (/\.m?ts$/.test(entry.path)) loadTypeScriptFrom(root)
    if (entry.name === '_middleware') {
      claim(files, path + MIDDLEWARE, entry.path)
      addMiddleware(router, await importRouteFile(entry.path), entry.path)
      continue
    }
    const own = entry.name === 'index' ? '/' : `/${segmentOf(entry)}`
    claim(files, own === '/' ? path || '/' : path + own, entry.path)
    addRoutes(router, own, await importRouteFile(entry.path), entry.path)
  }
  return router
}

async function entriesOf(folder: string): Promise<Entry[]> {
  const entries: Entry[] = []
  const { readdir, stat } = lateBuiltin('node:fs/promises')
  for (const fileName of (await readdir(folder)).sort()) {
    const path = join(folder, fileName)
    // stat follows links: a link to a folder is a folder, and a broken link, as some editors create, is no route.
    const found = await stat(path).catch(() => undefined)
    if (found === undefined) continue
    const isFolder = found.isDirectory()
    const name = isFolder ? fileName : fileName.replace(MODULE, '')
    const ignored = /^[_.]/.test(name) && name !== '.well-known' && (isFolder || name !== '_middleware')
    if (!ignored && (isFolder || (MODULE.test(fileName) && !NO_ROUTE.test(fileName)))) {
      entries.push({ path, name, isFolder })
    }
  }
  return entries
}

/** The path segment that a file name stands for. */
function segmentOf({ name, path, isFolder }: Entry): string {
  const rest = /^\[\.\.\.([\w$]+)\]$/.exec(name)
  if (rest !== null && !isFolder) return `*${rest[1]}`
  const param = /^\[([\w$]+)\]$/.exec(name)
  if (param !== null) return `:${param[1]}`
  if (/[[\]:*]/.test(name)) {
    throw coded(
      new TypeError(`${path} cannot be a route: a name is plain text, [param] or, for a file, [...rest].`),
      'ERR_INVALID_ROUTE',
    )
  }
  return name.replace(/[%?#]/g, encodeURIComponent)
}

function claim(files: Map<string, string>, path: string, file: string): void {
  const rival = files.get(path)
  if (rival !== undefined) {
    throw coded(new Error(`Two files define ${path}: ${rival} and ${file}.`), 'ERR_DUPLICATE_ROUTE')
  }
  files.set(path, file)
}

async function assertFolder(folder: string): Promise<void> {
  const found = await lateBuiltin('node:fs/promises')
    .stat(folder)
    .catch(() => undefined)
  if (found?.isDirectory()) return
  const reason = found === undefined ? 'does not exist' : 'is not a folder'
  throw coded(new Error(`The routes folder ${folder} ${reason}.`), 'ERR_NO_ROUTES')
}
