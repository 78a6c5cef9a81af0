import { describe } from '../runtime/describe.js'
import { syntaxError } from './fault_error.js'

/**
 * The number that a request brings in its field `x-fault-number`.
 * @throws FaultError `ERR_FAULT_SYNTAX` for what is no whole number from 0 to 2⁵³ - 1
 */
export function faultNumber(text: string): number {
  const number = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(number)) return number
  throw syntaxError(`x-fault-number must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, not ${describe(text)}`)
}
