// Numbers with their units: times, sizes and probabilities, as they are read, and as patterns for the schema of a plan.
import { didYouMean, nearest } from '../runtime/did_you_mean.js'
import type { TextReader } from './text_reader.js'

/** Digits are few enough that no number is infinite. */
export const NUMBER_PATTERN = '[0-9]{1,15}(?:\\.[0-9]{1,9})?'
export const COUNT_PATTERN = '[0-9]{1,9}'

const NUMBER = new RegExp(NUMBER_PATTERN, 'y')
const COUNT = new RegExp(COUNT_PATTERN, 'y')
const WORD = /[A-Za-zµμ%]+/y
const SHARE = /^[01]\.[0-9]{1,9}$/

/** A kind of quantity: what its units are worth. */
export interface Measure {
  /** Completes "Expected …". */
  readonly what: string
  readonly units: Readonly<Record<string, number>>
}

/** In milliseconds. */
export const TIME: Measure = {
  what: 'a time such as 150us, 20ms or 1.5s',
  units: { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
}

/** In bytes. */
export const SIZE: Measure = {
  what: 'a size such as 100B, 64kB or 1MiB',
  units: { B: 1, kB: 1000, KiB: 1024, MB: 1e6, MiB: 2 ** 20, GB: 1e9, GiB: 2 ** 30 },
}

export function quantityPattern({ units }: Measure): string {
  return `${NUMBER_PATTERN}(?:${Object.keys(units).join('|')})`
}

export function readQuantity(reader: TextReader, measure: Measure): number {
  const number = readNumber(reader, measure.what)
  return number * readUnit(reader, measure)
}

/** A number without a unit. */
export function readNumber(reader: TextReader, what: string): number {
  const digits = reader.take(NUMBER)
  if (digits === undefined) throw reader.expected(what)
  return Number(digits)
}

export function readCount(reader: TextReader, what: string): number {
  const digits = reader.take(COUNT)
  if (digits === undefined) throw reader.expected(what)
  return Number(digits)
}

function readUnit(reader: TextReader, { units }: Measure): number {
  const names = Object.keys(units)
  const before = reader.at
  // The longest unit first: `m` is the begin of `ms`.
  const word = reader.take(WORD)
  const factor = word !== undefined && Object.hasOwn(units, word) ? units[word] : undefined
  if (factor !== undefined) return factor
  reader.back(before)
  throw reader.expected(`a unit, ${list(names)}`, hint(word, names))
}

function hint(word: string | undefined, names: readonly string[]): string {
  if (word === undefined) return ''
  if (/^[µμ]s$/.test(word)) return didYouMean('us', names)
  const sameLetters = names.filter((name) => name.toLowerCase() === word.toLowerCase())
  if (sameLetters.length > 0) return `: did you mean "${sameLetters[0]}"?`
  return nearest(word, names) === undefined ? '' : didYouMean(word, names)
}

export function list(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

/** A bare whole number is none: whether `1` is 1 % or all would be a guess. */
export const PROBABILITY_PATTERN = `(?:${NUMBER_PATTERN}%|[01]\\.[0-9]{1,9})`

/** As a share from 0 on; above 1 it is to be refused by `probabilityComplaint`. */
export function readProbability(reader: TextReader): number {
  const before = reader.at
  const digits = reader.take(NUMBER)
  if (digits !== undefined) {
    if (reader.take(/%/y) !== undefined) return Number(digits) / 100
    if (SHARE.test(digits)) return Number(digits)
    reader.back(before)
  }
  const hint = digits === undefined ? '' : `: did you mean "${digits}%"?`
  throw reader.expected('a probability such as 5% or 0.05', hint)
}
