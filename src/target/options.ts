import { knownOptions } from '../runtime/option_errors.js'
import { SERVE_OPTIONS, type ServeOptions } from '../server/options.js'
import { checkedLimits, type TargetLimitOptions, type TargetLimits } from './limits.js'

/** Options of `target()`: those of `serve()`, where `port` is 0 by default, any free one. */
export interface TargetOptions extends ServeOptions {
  /** What clients may ask of the endpoints. `bodyLimit` is `maxUploadSize` by default. */
  limits?: TargetLimitOptions | undefined
}

export interface CheckedTargetOptions {
  /** What the server is told. */
  readonly serve: ServeOptions
  readonly limits: TargetLimits
}

/**
 * Validates the options of the target itself; the server checks its own.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function checkedTargetOptions(given: TargetOptions): CheckedTargetOptions {
  const { limits: givenLimits, ...serve } = knownOptions(given, [...SERVE_OPTIONS, 'limits'], 'target()')
  const limits = checkedLimits(givenLimits)
  const served = { ...serve, bodyLimit: serve.bodyLimit ?? limits.maxUploadSize }
  return { serve: isPlaced(served) ? served : { ...served, port: 0 }, limits }
}

/** Whether they say where to listen. */
function isPlaced({ port, path, fd, listen }: ServeOptions): boolean {
  return [port, path, fd, listen].some((place) => place !== undefined)
}
