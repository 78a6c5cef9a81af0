// How a clause of the fault grammar can look behind its name: `delay=1ms:5%,2ms`, `close`, `close=5%`, `hold`.
import { valueError } from './fault_error.js'
import type { CheckedFaultLimits } from './fault_limits.js'
import { PROBABILITY_PATTERN, readProbability } from './quantities.js'
import { SPACE_PATTERN, type TextReader } from './text_reader.js'
import type { ValueKind } from './value_kind.js'
import type { Item } from './weighted.js'

const MOST_ITEMS = 50
const NEXT_CLAUSE = /[a-z-]+[ \t]*=/y

/** A form of clause. */
export interface ClauseForm<Value> {
  /** What stands behind the `=`. */
  readonly pattern: string
  /** Whether the name may stand alone, must, or must not. */
  readonly alone: 'may' | 'must' | 'never'
  read(reader: TextReader): readonly Item<Value>[]
  /** The items of a name that stands alone. */
  readonly items?: readonly Omit<Item<Value>, 'place'>[]
  /** @throws FaultError `ERR_FAULT_VALUE` */
  check(items: readonly Item<Value>[], limits: CheckedFaultLimits): void
}

const WITH_PROBABILITY = `(?:${SPACE_PATTERN}:${SPACE_PATTERN}${PROBABILITY_PATTERN})?`

/** Values with probabilities. */
export function valuesOf<Value>(kind: ValueKind<Value>): ClauseForm<Value> {
  const item = `${kind.pattern}${WITH_PROBABILITY}`
  return {
    pattern: listOf(item),
    alone: 'never',
    read: (reader) => readList(reader, () => readItem(reader, kind)),
    check: (items, limits) => checkItems(items, limits, kind),
  }
}

/** The same, where a name alone, or with a probability alone, stands for `usual`. */
export function valuesOr<Value>(kind: ValueKind<Value>, usual: Value): ClauseForm<Value> {
  return {
    pattern: listOf(`(?:${kind.pattern}${WITH_PROBABILITY}|${PROBABILITY_PATTERN})`),
    alone: 'may',
    items: [{ value: usual, share: undefined }],
    read: (reader) => readList(reader, () => (reader.isAtDigit ? readShare(reader, usual) : readItem(reader, kind))),
    check: (items, limits) => checkItems(items, limits, kind),
  }
}

/** Something that happens, or not. */
export function chance(alone: 'may' | 'never'): ClauseForm<true> {
  return {
    pattern: PROBABILITY_PATTERN,
    alone,
    items: [{ value: true, share: undefined }],
    read: (reader) => [readShare(reader, true)],
    check: (items) => checkShares(items),
  }
}

/** One value. */
export function oneValue<Value>(kind: ValueKind<Value>): ClauseForm<Value> {
  return {
    pattern: kind.pattern,
    alone: 'never',
    read: (reader) => {
      const place = reader.place
      return [{ value: kind.read(reader), share: undefined, place }]
    },
    check: (items, limits) => checkItems(items, limits, kind),
  }
}

/** A name, and nothing else. */
export const NAME_ALONE: ClauseForm<true> = {
  pattern: '',
  alone: 'must',
  items: [{ value: true, share: undefined }],
  read: (reader) => {
    throw reader.expected('nothing behind the name')
  },
  check: () => {},
}

function listOf(item: string): string {
  return `${item}(?:${SPACE_PATTERN},${SPACE_PATTERN}${item})*`
}

function readList<Value>(reader: TextReader, readOne: () => Item<Value>): Item<Value>[] {
  const items = [readOne()]
  while (reader.takeSign(',')) {
    // As two fields `x-fault` would be joined.
    if (reader.take(NEXT_CLAUSE) !== undefined) throw reader.expected('a value: clauses are separated by ";"')
    items.push(readOne())
  }
  return items
}

function readItem<Value>(reader: TextReader, kind: ValueKind<Value>): Item<Value> {
  const place = reader.place
  const value = kind.read(reader)
  return { value, share: reader.takeSign(':') ? readProbability(reader) : undefined, place }
}

function readShare<Value>(reader: TextReader, value: Value): Item<Value> {
  const place = reader.place
  return { value, share: readProbability(reader), place }
}

function checkItems<Value>(items: readonly Item<Value>[], limits: CheckedFaultLimits, kind: ValueKind<Value>): void {
  const tooMany = items[MOST_ITEMS]
  if (tooMany !== undefined) throw valueError(`A list has ${MOST_ITEMS} values at most`, tooMany.place)
  for (const { value, place } of items) {
    const complaint = kind.complaint?.(value, limits)
    if (complaint !== undefined) throw valueError(complaint, place)
  }
  checkShares(items)
}

function checkShares(items: readonly Item<unknown>[]): void {
  for (const { share = 0, place } of items) {
    if (share > 1) throw valueError('A probability is 100% at most', place)
  }
}
