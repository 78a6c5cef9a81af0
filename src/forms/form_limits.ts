import { HttpError } from '../fields/http_error.js'
import { knownOptions, wholeNumber } from '../runtime/option_errors.js'

/** The limits of a form. What exceeds them gets 413. Sizes are in bytes. */
export interface FormLimits {
  /** The maximum number of values that are not files. Default: 1000. */
  fields?: number
  /** The maximum size of such a value. Default: 1 MiB. */
  fieldSize?: number
  /** The maximum number of files. Default: 100. */
  files?: number
  /** The maximum size of a file. Default: none but the `bodyLimit`. */
  fileSize?: number
  /** The maximum number of parts of a multipart body, files included. Default: 1000. */
  parts?: number
  /** The maximum size of the header of a part. Default: 16 KiB. */
  headerSize?: number
}

const STANDARD: Readonly<Required<FormLimits>> = {
  fields: 1000,
  fieldSize: 1024 * 1024,
  files: 100,
  fileSize: Number.MAX_SAFE_INTEGER,
  parts: 1000,
  headerSize: 16 * 1024,
}

/**
 * Validates the limits and fills in the defaults.
 * @throws TypeError or RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
 */
export function checkedLimits(given: FormLimits): Required<FormLimits> {
  const names = Object.keys(STANDARD) as (keyof FormLimits)[]
  knownOptions(given, names, 'the form limits')
  const limits = { ...STANDARD }
  for (const name of names) {
    limits[name] = wholeNumber(name, given[name], STANDARD[name], 0, Number.MAX_SAFE_INTEGER)
  }
  return limits
}

/** The error for a form that exceeds a limit. */
export function formTooLarge(what: string): HttpError {
  return new HttpError(413, `The form has ${what}.`)
}

/** The error for a malformed form. */
export function malformedForm(what: string, cause?: unknown): HttpError {
  return new HttpError(400, `The form cannot be read: ${what}.`, { cause, code: 'ERR_INVALID_FORM' })
}
