// Finds the installed package, also for an app that is bundled with it: a bundle cannot contain the addon, so it is
// resolved from the bundle's location.
import * as nodeModule from 'node:module'
import { dirname } from 'node:path'

// webpack writes the location of the source in place of import.meta.url, so that is asked last. A CommonJS bundle of
// esbuild has neither, but a __filename. Node has import.meta.filename from 20.11 on.
declare const __filename: string | undefined
const here: string =
  import.meta.filename ?? (typeof __filename === 'string' ? __filename : (import.meta.url ?? `${process.cwd()}/app.js`))

/**
 * `require` at the location of a file, for packages that are no part of a bundle. webpack removes calls of a
 * `createRequire` that is imported by its name.
 */
export function requireFrom(file: string): NodeJS.Require {
  return nodeModule.createRequire(file)
}

/** `require` at the location of the package, or of the bundle. */
export const requireFromHere = requireFrom(here)

/** The folder of the package; undefined when it is not installed beside the bundle. */
export function packageFolder(): string | undefined {
  try {
    // A package can resolve itself by its own name.
    return dirname(requireFromHere.resolve('brink/package.json'))
  } catch {
    return undefined
  }
}
