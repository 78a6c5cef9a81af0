import { HttpError } from '../fields/http_error.js'
import { knownOptions, wholeNumber } from '../runtime/option_errors.js'

/** How much of a form is taken. What goes beyond is answered with 413. Sizes are bytes. */
export interface FormLimits {
  /** Values that are no files. Default: 1000. */
  fields?: number
  /** The largest of them. Default: 1 MiB. */
  fieldSize?: number
  /** Files. Default: 100. */
  files?: number
  /** The largest of them. Default: as large as the body may be. */
  fileSize?: number
  /** Parts of a multipart body, be they files or not. Default: 1000. */
  parts?: number
  /** The largest header of a part, with its names and types. Default: 16 KiB. */
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
 * The limits, with those that are not given.
 * @throws TypeError or RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
 */
export function checkedLimits(given: FormLimits): Required<FormLimits> {
  const names = Object.keys(STANDARD) as (keyof FormLimits)[]
  knownOptions(given, names)
  const limits = { ...STANDARD }
  for (const name of names) {
    limits[name] = wholeNumber(name, given[name], STANDARD[name], 0, Number.MAX_SAFE_INTEGER)
  }
  return limits
}

/** The form is more than its limits allow. */
export function formTooLarge(what: string): HttpError {
  return new HttpError(413, `The form has ${what}.`)
}

/** The form is not what its type says. */
export function malformedForm(what: string, cause?: unknown): HttpError {
  return new HttpError(400, `The form cannot be read: ${what}.`, { cause, code: 'ERR_INVALID_FORM' })
}
