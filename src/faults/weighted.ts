// Values with probabilities: `10ms:20%, 20ms:5%, 1ms`.
import { type FaultPlace, valueError } from './fault_error.js'

/** A value as it is written. */
export interface Item<Value> {
  readonly value: Value
  /** From 0 to 1. Undefined: those without one share what the others leave. */
  readonly share: number | undefined
  readonly place: FaultPlace
}

/** Values of which at most one is chosen. */
export interface Weighted<Value> {
  readonly values: readonly Value[]
  /** The sums of the probabilities up to each value. */
  readonly ends: readonly number[]
}

/** Probabilities are sums of decimal fractions. */
const ROUNDING = 1e-9

/** @throws FaultError `ERR_FAULT_VALUE` for probabilities above 100 % */
export function weighted<Value>(items: readonly Item<Value>[]): Weighted<Value> {
  let sum = 0
  for (const { share = 0, place } of items) {
    if (share > 1) throw valueError('A probability is 100% at most', place)
    sum += share
    if (sum > 1 + ROUNDING) throw valueError('With this one, the probabilities are more than 100% together', place)
  }
  const open = items.filter(({ share }) => share === undefined)
  const rest = 1 - sum
  if (open[0] !== undefined && rest <= ROUNDING) {
    throw valueError('It has no probability, and the others leave nothing of 100%', open[0].place)
  }
  const ends: number[] = []
  let end = 0
  for (const { share = rest / open.length } of items) {
    end += share
    ends.push(Math.abs(end - 1) < ROUNDING ? 1 : end)
  }
  return { values: items.map(({ value }) => value), ends }
}

/** The value for a number from 0 to below 1; undefined for none. */
export function choose<Value>({ values, ends }: Weighted<Value>, number: number): Value | undefined {
  for (let at = 0; at < ends.length; at += 1) {
    if (number < (ends[at] as number)) return values[at]
  }
  return undefined
}

/** Whether it is the same value each time, so that no number need be drawn. */
export function isCertain({ ends }: Weighted<unknown>): boolean {
  return ends[0] === 1
}
