import { coded } from './errors.js'
import { packageFolder } from './package_place.js'

/**
 * The folder of the package.
 * @throws Error `ERR_ADDON_MISSING` for a bundle beside which the package is not installed
 */
export function installedFolder(): string {
  const folder = packageFolder()
  if (folder === undefined) throw bundledAlone()
  return folder
}

function bundledAlone(): Error {
  return coded(
    new Error(
      "brink's native addon cannot be part of a bundle, and the package brink is not installed beside this one. " +
        'Leave brink out of the bundle, and install it where the bundle runs: `--external:brink` for esbuild, ' +
        "`external: /^brink($|\\/)/` for rollup, `externals: /^brink($|\\/)/, externalsType: 'commonjs'` for webpack.",
    ),
    'ERR_ADDON_MISSING',
  )
}
