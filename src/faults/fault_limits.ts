import { knownOptions, wholeNumber } from '../runtime/option_errors.js'

/** What faults may cost at most, so that a public target is no weapon. */
export interface FaultLimits {
  /** The longest delay, and the longest drip as a whole, in milliseconds. Default: 60,000. */
  readonly maxDelay?: number | undefined
  /** The largest body that a fault makes, and the longest garbage, in bytes. Default: 104,857,600. */
  readonly maxSize?: number | undefined
  /** The most phases and rules of a plan, all together. Default: 100. */
  readonly maxRules?: number | undefined
}

export type CheckedFaultLimits = { readonly [Name in keyof FaultLimits]-?: number }

export const FAULT_LIMITS = ['maxDelay', 'maxSize', 'maxRules'] as const

const DAY_MS = 86_400_000

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE` */
export function checkedFaultLimits(given: FaultLimits = {}): CheckedFaultLimits {
  const { maxDelay, maxSize, maxRules } = knownOptions(given, FAULT_LIMITS, 'limits of faults')
  return {
    maxDelay: wholeNumber('maxDelay', maxDelay, 60_000, 0, DAY_MS),
    maxSize: wholeNumber('maxSize', maxSize, 100 * 1024 * 1024, 0, 2 ** 40),
    maxRules: wholeNumber('maxRules', maxRules, 100, 1, 10_000),
  }
}
