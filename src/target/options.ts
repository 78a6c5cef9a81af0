import { knownOptions } from '../runtime/option_errors.js'
import { SERVE_OPTIONS, type ServeOptions } from '../server/options.js'

/** Options of `target()`: those of `serve()`, where `port` is 0 by default, any free one. */
export interface TargetOptions extends ServeOptions {}

export interface CheckedTargetOptions {
  /** What the server is told. */
  readonly serve: ServeOptions
}

/**
 * Validates the options of the target itself; the server checks its own.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function checkedTargetOptions(given: TargetOptions): CheckedTargetOptions {
  const serve = knownOptions(given, SERVE_OPTIONS, 'target()')
  return { serve: isPlaced(serve) ? serve : { ...serve, port: 0 } }
}

/** Whether they say where to listen. */
function isPlaced({ port, path, fd, listen }: ServeOptions): boolean {
  return [port, path, fd, listen].some((place) => place !== undefined)
}
