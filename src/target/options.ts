import type { FaultLimits } from '../faults/fault_limits.js'
import { knownOptions, wrongType, wrongValue } from '../runtime/option_errors.js'
import { SERVE_OPTIONS, type ServeOptions } from '../server/options.js'
import { type ControlAccess, checkedControl } from './control_access.js'
import { checkedLimits, type TargetLimitOptions, type TargetLimits } from './limits.js'
import type { RecordOptions } from './recorder.js'

/** Options of `target()`: those of `serve()`, where `port` is 0 by default, any free one, and its own. */
export interface TargetOptions extends ServeOptions {
  /**
   * A plan of faults: the text of its JSON, or the object. It starts with the first request, unless it says otherwise.
   * See docs/target-faults.md. Default: none.
   */
  plan?: string | object | undefined
  /** Faults for all requests, in the grammar of docs/target-faults.md: `'status=503:5%'`. Default: none. */
  fault?: string | undefined
  /**
   * The seed of what is drawn, a whole number from 0 to 2⁵³ - 1. The same seed and the same order of requests give the
   * same faults. A plan may have its own. Default: any; `t.seed` tells it.
   */
  seed?: number | undefined
  /** What clients and plans may ask for by faults. */
  faultLimits?: FaultLimits | undefined
  /** What clients may ask of the endpoints. `bodyLimit` is `maxUploadSize` by default. */
  limits?: TargetLimitOptions | undefined
  /**
   * Who may use what is below `/_brink/`, the live page, the statistics and the plan: `'all'`; `'read'`, everybody, without
   * changing anything; `'loopback'`, clients on this machine; `'none'`, nobody; `{ token }`, whoever has it, as a `Bearer`
   * or as the password that a browser asks for. Methods of the target work always. Default: `'all'`.
   */
  control?: ControlAccess | undefined
  /** Keeps the requests that come, for `t.requests()`. `true`: the newest 1000, 64 KiB of each body. Default: false. */
  record?: boolean | RecordOptions | undefined
}

const OWN = ['plan', 'fault', 'seed', 'faultLimits', 'limits', 'control', 'record'] as const

type OwnOption = (typeof OWN)[number]

export interface CheckedTargetOptions extends Omit<Pick<TargetOptions, OwnOption>, 'limits' | 'control'> {
  /** What the server is told. */
  readonly serve: ServeOptions
  readonly limits: TargetLimits
  readonly control: ControlAccess
}

const ADVICE: Readonly<Record<string, string>> = {
  faults: 'it is "fault", a text, or "plan"',
}

/**
 * Validates those options of the target that nothing below it checks: the server, the plan and the recorder check theirs.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE`
 */
export function checkedTargetOptions(given: TargetOptions): CheckedTargetOptions {
  const known = knownOptions(given, [...SERVE_OPTIONS, ...OWN], 'target()', ADVICE)
  const { plan, fault, seed, faultLimits, limits: givenLimits, control: access, record, ...serve } = known
  if (plan !== undefined && typeof plan !== 'string' && (typeof plan !== 'object' || plan === null)) {
    throw wrongType('plan', 'the text of its JSON, or an object', plan)
  }
  if (fault !== undefined && typeof fault !== 'string') throw wrongType('fault', 'a string', fault)
  if (plan !== undefined && fault !== undefined) {
    throw wrongValue('fault', 'cannot be given beside "plan": write it into a phase of the plan')
  }
  const limits = checkedLimits(givenLimits)
  const control = checkedControl(access)
  const place = isPlaced(serve) ? {} : { port: 0 }
  const bodyLimit = serve.bodyLimit ?? limits.maxUploadSize
  return { serve: { ...serve, ...place, bodyLimit }, limits, control, plan, fault, seed, faultLimits, record }
}

/** Whether they say where to listen. */
function isPlaced({ port, path, fd, listen }: ServeOptions): boolean {
  return [port, path, fd, listen].some((place) => place !== undefined)
}
