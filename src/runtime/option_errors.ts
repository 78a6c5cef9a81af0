import { coded } from './errors.js'

/** The error for an option of another type than `expected`. */
export function wrongType(name: string, expected: string, value: unknown): TypeError {
  const got = value === null ? 'null' : typeof value
  return coded(new TypeError(`The option "${name}" must be ${expected}, not ${got}.`), 'ERR_INVALID_ARG_TYPE')
}

/** The error for an option whose value cannot be; `complaint` goes on after its name. */
export function wrongValue(name: string, complaint: string): TypeError {
  return coded(new TypeError(`The option "${name}" ${complaint}.`), 'ERR_INVALID_ARG_VALUE')
}

/**
 * A whole number within bounds, or `standard` where none is given.
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
 * The options that were given, which may be none.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` when they are no object, `ERR_INVALID_ARG_VALUE` for one that is not `known`
 */
export function knownOptions<Options extends object>(
  given: Options,
  known: readonly (keyof Options & string)[],
): Options {
  if (typeof given !== 'object' || given === null) throw wrongType('options', 'an object', given)
  for (const name of Object.keys(given)) {
    if (!(known as readonly string[]).includes(name)) {
      throw wrongValue(name, `is no option: there are ${[...known].sort().join(', ')}`)
    }
  }
  return given
}
