import { describe } from './describe.js'
import { didYouMean } from './did_you_mean.js'
import { coded } from './errors.js'

/** The error for an option of a wrong type. `expected` completes "must be …". */
export function wrongType(name: string, expected: string, value: unknown): TypeError {
  return coded(
    new TypeError(`The option "${name}" must be ${expected}, not ${describe(value)}.`),
    'ERR_INVALID_ARG_TYPE',
  )
}

/** The error for an option with a wrong value. `complaint` follows its name. */
export function wrongValue(name: string, complaint: string): TypeError {
  const end = complaint.endsWith('?') ? '' : '.'
  return coded(new TypeError(`The option "${name}" ${complaint}${end}`), 'ERR_INVALID_ARG_VALUE')
}

/** The error for an argument of a wrong type. `call` is as in the docs, such as `html(text)`; `expected` completes "takes …". */
export function wrongArgument(call: string, expected: string, value: unknown): TypeError {
  return coded(new TypeError(`${call} takes ${expected}, not ${describe(value)}.`), 'ERR_INVALID_ARG_TYPE')
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
 * @param call whose options they are, such as `compress()`
 * @param advice what to write instead of names that other libraries have
 * @throws TypeError `ERR_INVALID_ARG_TYPE` when it is not an object, `ERR_INVALID_ARG_VALUE` for an unknown name
 */
export function knownOptions<Options extends object>(
  given: Options,
  known: readonly (keyof Options & string)[],
  call: string,
  advice: Readonly<Record<string, string>> = {},
): Options {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw wrongArgument(call, 'its options as an object', given)
  }
  for (const name of Object.keys(given)) {
    if (!(known as readonly string[]).includes(name)) throw unknownOption(name, known, call, advice)
  }
  return given
}

function unknownOption(
  name: string,
  known: readonly string[],
  call: string,
  advice: Readonly<Record<string, string>>,
): TypeError {
  const own = Object.hasOwn(advice, name) ? `: ${advice[name]}` : ''
  const hint = own || didYouMean(name, known) || `: the options are ${[...known].sort().join(', ')}`
  return wrongValue(name, `of ${call} does not exist${hint}`)
}
