// Checks of JSON values, with errors that name the place. Each has its counterpart in the schema of plans.
import { describe } from '../runtime/describe.js'
import { didYouMean, nearest } from '../runtime/did_you_mean.js'
import { type FaultError, syntaxError } from './fault_error.js'
import { pointerTo } from './json_pointer.js'

/** A value of a plan with its JSON pointer. */
export interface Placed {
  readonly value: unknown
  readonly pointer: string
}

/** A member that is not there has the value undefined. */
export function member(object: Readonly<Record<string, unknown>>, pointer: string, name: string): Placed {
  return { value: object[name], pointer: pointerTo(pointer, name) }
}

/** An object with known members only. `what` is such as `plan`. */
export function objectIn(
  { value, pointer }: Placed,
  what: string,
  known: readonly string[],
  required: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw unexpected(`a ${what} as an object`, { value, pointer })
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue
    const hint = nearest(name, known) === undefined ? `: they are ${known.join(', ')}` : didYouMean(name, known)
    throw syntaxError(`A ${what} has no member ${describe(name)}${hint}`, { pointer: pointerTo(pointer, name) })
  }
  for (const name of required) {
    if (!Object.hasOwn(value, name)) throw syntaxError(`A ${what} needs a member "${name}"`, { pointer })
  }
  // Without a prototype: `constructor` is no member.
  return Object.assign(Object.create(null), value)
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The elements of a list that has one at least. */
export function listIn({ value, pointer }: Placed, what: string): readonly Placed[] {
  if (!Array.isArray(value) || value.length === 0)
    throw unexpected(`${what}, as a list with one at least`, { value, pointer })
  return value.map((element, at) => ({ value: element, pointer: pointerTo(pointer, at) }))
}

export function stringIn({ value, pointer }: Placed, what: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw unexpected(what, { value, pointer })
  return value
}

export function wholeIn({ value, pointer }: Placed, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw unexpected(`a whole number from ${least} to ${most}`, { value, pointer })
}

export function wordIn<Word extends string>({ value, pointer }: Placed, words: readonly Word[]): Word {
  if (words.includes(value as Word)) return value as Word
  const hint = typeof value === 'string' ? didYouMean(value, words) : ''
  throw unexpected(words.map((word) => `"${word}"`).join(' or '), { value, pointer }, hint)
}

export function unexpected(expected: string, { value, pointer }: Placed, hint = ''): FaultError {
  return syntaxError(`Expected ${expected}, not ${describe(value)}${hint}`, { pointer })
}
