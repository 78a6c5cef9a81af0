// Where the package lies, also for an app that was bundled together with it: the addon cannot be part of a bundle, and is
// looked for from the bundle's place.
import { createRequire } from 'node:module'
import { dirname } from 'node:path'

// A bundle of CommonJS has no import.meta.url, but a __filename of its own.
declare const __filename: string | undefined
const here: string = import.meta.url ?? (typeof __filename === 'string' ? __filename : `${process.cwd()}/app.js`)

/** `require` of the package's place, or of the bundle's. */
export const requireFromHere = createRequire(here)

/** The package's folder; undefined where it is not installed beside the bundle. */
export function packageFolder(): string | undefined {
  try {
    // A package finds itself by its own name as well.
    return dirname(requireFromHere.resolve('brink/package.json'))
  } catch {
    return undefined
  }
}
