import { HttpError } from 'brink'

/** A whole number from a path. Throws the 400 that says what was expected. */
export function wholeNumber(text: string, what: string, least: number, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw new HttpError(400, `${what} must be a whole number from ${least} to ${most}.`)
}
