// Finds the installed package, also for an app that is bundled with it: a bundle cannot contain the addon, so it is
// resolved from the bundle's location.
import { createRequire } from 'node:module'
import { dirname } from 'node:path'

// A CommonJS bundle has no import.meta.url, but a __filename.
declare const __filename: string | undefined
const here: string = import.meta.url ?? (typeof __filename === 'string' ? __filename : `${process.cwd()}/app.js`)

/** `require` at the location of the package, or of the bundle. */
export const requireFromHere = createRequire(here)

/** The folder of the package; undefined when it is not installed beside the bundle. */
export function packageFolder(): string | undefined {
  try {
    // A package can resolve itself by its own name.
    return dirname(requireFromHere.resolve('brink/package.json'))
  } catch {
    return undefined
  }
}
