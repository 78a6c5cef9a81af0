import * as module from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { coded } from '../runtime/errors.js'
import { packageFolder } from '../runtime/package_place.js'

let registered = false

/**
 * Makes `import()` load TypeScript, if Node does not by itself: by `esbuild`, found from the folder that holds the
 * files or from brink's own.
 *
 * @throws Error `ERR_TYPESCRIPT_ROUTES` that says what to do when there is no way
 */
export function loadTypeScriptFrom(folder: string): void {
  const features = process.features as { typescript?: unknown }
  if (registered || features.typescript) return
  const esbuild = findEsbuild(folder)
  const place = packageFolder()
  if (esbuild === undefined || place === undefined || typeof module.register !== 'function') {
    throw coded(
      new Error(
        `Node ${process.versions.node} does not load TypeScript by itself. For the routes in ${folder} run ` +
          '`npm install --save-dev esbuild`, use Node 22.18 or newer, or compile them to JavaScript.',
      ),
      'ERR_TYPESCRIPT_ROUTES',
    )
  }
  // This module may be part of a bundle; the hook is a file of its own, which Node loads on another thread.
  module.register(pathToFileURL(join(place, 'dist/folder/typescript_hook.js')), { data: { esbuild } })
  registered = true
  // What is made of a route is on other lines than what was written.
  process.setSourceMapsEnabled(true)
}

function findEsbuild(folder: string): string | undefined {
  for (const from of [join(folder, 'index.js'), import.meta.url]) {
    try {
      return pathToFileURL(module.createRequire(from).resolve('esbuild')).href
    } catch {
      // Not to be had from there.
    }
  }
  return undefined
}
