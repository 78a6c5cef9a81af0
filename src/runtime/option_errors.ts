import { coded } from './errors.js'

/** The error for an option of a wrong type. `expected` completes "must be …". */
export function wrongType(name: string, expected: string, value: unknown): TypeError {
  const got = value === null ? 'null' : typeof value
  return coded(new TypeError(`The option "${name}" must be ${expected}, not ${got}.`), 'ERR_INVALID_ARG_TYPE')
}

/** The error for an option with a wrong value. `complaint` follows its name. */
export function wrongValue(name: string, complaint: string): TypeError {
  return coded(new TypeError(`The option "${name}" ${complaint}.`), 'ERR_INVALID_ARG_VALUE')
}

/**
 * Validates a whole number within bounds, or returns `standard` when it is undefined.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`
 */
export function wholeNumber(name: string, value: unknown, standard: number, least: number, most: number): number {
  if (value === undefined) return standard
  if (typeof value !== 'number') throw wrongType(name, 'a number', value)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw coded(
    new RangeError(`The option "${name}" must be a whole number from ${least} to ${most}, not ${value}.`),
    'ERR_OUT_OF_RANGE',
  )
}

/**
 * Validates that options are an object with known names only.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` when it is not an object, `ERR_INVALID_ARG_VALUE` for an unknown name
 */
export function knownOptions<Options extends object>(
  given: Options,
  known: readonly (keyof Options & string)[],
): Options {
  if (typeof given !== 'object' || given === null) throw wrongType('options', 'an object', given)
  for (const name of Object.keys(given)) {
    if (!(known as readonly string[]).includes(name)) {
      throw wrongValue(name, `does not exist: the options are ${[...known].sort().join(', ')}`)
    }
  }
  return given
}
