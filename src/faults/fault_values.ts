// The values of clauses beside times and sizes: statuses, pieces, places in an answer, counts.
import { didYouMean } from '../runtime/did_you_mean.js'
import type { Distribution } from './distribution.js'
import { distributionOf } from './distribution_text.js'
import type { Cut } from './drawn_fault.js'
import {
  COUNT_PATTERN,
  NUMBER_PATTERN,
  quantityPattern,
  readCount,
  readNumber,
  readQuantity,
  SIZE,
  TIME,
} from './quantities.js'
import type { TextReader } from './text_reader.js'
import type { ValueKind } from './value_kind.js'

export const TIMES = distributionOf(TIME, 'maxDelay')
export const SIZES = distributionOf(SIZE, 'maxSize')

const WORD = /[A-Za-z][A-Za-z-]*/y

export const STATUS: ValueKind<number> = {
  pattern: '[2-5][0-9]{2}',
  read: (reader) => {
    const digits = reader.take(/[2-5][0-9]{2}(?![0-9])/y)
    if (digits === undefined) throw reader.expected('a status from 200 to 599')
    return Number(digits)
  },
}

/** So many pieces, with so long between them. */
export interface Pieces {
  readonly pieces: number
  readonly every: Distribution
}

const MOST_PIECES = 10_000

export const PIECES: ValueKind<Pieces> = {
  pattern: `${COUNT_PATTERN}x${TIMES.pattern}`,
  read: (reader) => {
    const pieces = readCount(reader, 'pieces and the time between them, such as 10x100ms')
    if (reader.take(/x/y) === undefined) throw reader.expected('"x" and the time between pieces, such as 10x100ms')
    return { pieces, every: TIMES.read(reader) }
  },
  complaint: ({ pieces, every }, limits) => {
    if (pieces < 1 || pieces > MOST_PIECES) return `The pieces of a drip are 1 to ${MOST_PIECES}`
    const fixed = every.kind === 'fixed' ? every.value : every.kind === 'uniform' ? every.high : 0
    const whole = fixed * (pieces - 1)
    if (whole > limits.maxDelay) {
      return `The drip takes ${whole} ms, more than the ${limits.maxDelay} that are allowed ("maxDelay")`
    }
    return TIMES.complaint?.(every, limits)
  },
}

/** A place in an answer, where it is broken off. */
export type CutPlace = Omit<Cut, 'by'>

const CUT_PLACES = ['before-head', 'head', 'body'] as const

export const CUT_PLACE: ValueKind<CutPlace> = {
  pattern: `(?:before-head|(?:head|body)(?:@(?:${NUMBER_PATTERN}%|${quantityPattern(SIZE)}))?)`,
  read: (reader) => {
    const at = readWord(reader, CUT_PLACES, 'a place such as before-head, head@20B or body@50%')
    return at === 'before-head' || reader.take(/@/y) === undefined ? { at } : { at, ...readAmount(reader) }
  },
  complaint: ({ share = 0, bytes = 0 }, { maxSize }) => {
    if (share > 1) return 'The share is more than 100%'
    return bytes > maxSize ? `${bytes} bytes are more than the ${maxSize} that are allowed ("maxSize")` : undefined
  },
}

function readAmount(reader: TextReader): { readonly share: number } | { readonly bytes: number } {
  const before = reader.at
  const number = readNumber(reader, 'a share such as 50%, or a size such as 100B')
  if (reader.take(/%/y) !== undefined) return { share: number / 100 }
  reader.back(before)
  return { bytes: Math.round(readQuantity(reader, SIZE)) }
}

/** Bytes that may be fewer than none. */
export const SIZE_DIFFERENCE: ValueKind<number> = {
  pattern: `[+-]?${quantityPattern(SIZE)}`,
  read: (reader) => {
    const sign = reader.take(/[+-]/y) === '-' ? -1 : 1
    return sign * Math.round(readQuantity(reader, SIZE))
  },
  complaint: (bytes, { maxSize }) => {
    if (bytes === 0) return 'The difference of the length is 0'
    return Math.abs(bytes) > maxSize ? `${bytes} bytes are more than the ${maxSize} allowed ("maxSize")` : undefined
  },
}

const MALFORMED = ['chunk', 'head'] as const

export const MALFORMED_PART: ValueKind<(typeof MALFORMED)[number]> = {
  pattern: '(?:chunk|head)',
  read: (reader) => readWord(reader, MALFORMED, 'chunk or head'),
}

/** A fixed size. */
export const BYTES: ValueKind<number> = {
  pattern: quantityPattern(SIZE),
  read: (reader) => Math.round(readQuantity(reader, SIZE)),
  complaint: (bytes, { maxSize }) => {
    if (bytes < 1) return 'The size must be 1B at least'
    return bytes > maxSize ? `${bytes} bytes are more than the ${maxSize} that are allowed ("maxSize")` : undefined
  },
}

const MOST_PER_SECOND = 1_000_000

export const RATE: ValueKind<number> = {
  pattern: `${NUMBER_PATTERN}/s`,
  read: (reader) => {
    const number = readNumber(reader, 'a rate such as 10/s')
    if (reader.take(/\/s/y) === undefined) throw reader.expected('"/s" behind the number of a rate')
    return number
  },
  complaint: (rate) =>
    rate >= 0.001 && rate <= MOST_PER_SECOND ? undefined : `The rate must be from 0.001/s to ${MOST_PER_SECOND}/s`,
}

/** A whole number from 1 to `most`. */
export function countTo(most: number, what: string): ValueKind<number> {
  return {
    pattern: COUNT_PATTERN,
    read: (reader) => readCount(reader, what),
    complaint: (count) => (count >= 1 && count <= most ? undefined : `The number must be from 1 to ${most}`),
  }
}

function readWord<Word extends string>(reader: TextReader, words: readonly Word[], what: string): Word {
  const before = reader.at
  const word = reader.take(WORD)
  if (word !== undefined && (words as readonly string[]).includes(word)) return word as Word
  reader.back(before)
  throw reader.expected(what, word === undefined ? '' : didYouMean(word, words))
}
