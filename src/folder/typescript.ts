import * as module from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { coded } from '../runtime/errors.js'
import { packageFolder } from '../runtime/package_place.js'

let registered = false

/**
 * Lets `import()` load TypeScript. If Node cannot do it, this registers `esbuild`, as installed beside the routes or
 * beside brink.
 *
 * @throws Error `ERR_TYPESCRIPT_ROUTES` with instructions when neither works
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
  // This module may be bundled. The hook is a separate file, because Node loads it on another thread.
  module.register(pathToFileURL(join(place, 'dist/folder/typescript_hook.js')), { data: { esbuild } })
  registered = true
  // The generated code has other line numbers than the source.
  process.setSourceMapsEnabled(true)
}

function findEsbuild(folder: string): string | undefined {
  for (const from of [join(folder, 'index.js'), import.meta.url]) {
    try {
      return pathToFileURL(module.createRequire(from).resolve('esbuild')).href
    } catch {
      // Not installed there.
    }
  }
  return undefined
}
