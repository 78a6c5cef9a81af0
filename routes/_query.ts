// What clients write into paths and queries. Every mistake is a 400 that says what was expected.
import { type BrinkRequest, HttpError } from 'brink'

type Values = Record<string, string[]>

const NONE: Readonly<Values> = Object.freeze(Object.create(null))

/** The query, each name with all of its values. */
export function argsOf(req: BrinkRequest): Readonly<Values> {
  return hasQuery(req) ? lists(req.query) : NONE
}

export function hasQuery(req: BrinkRequest): boolean {
  return req.target.includes('?')
}

/** Pairs as an object of lists. It has no prototype, so that any name is one. */
export function lists(pairs: Iterable<readonly [string, string]>): Values {
  const all: Values = Object.create(null)
  for (const [name, value] of pairs) {
    const values = all[name]
    if (values === undefined) all[name] = [value]
    else values.push(value)
  }
  return all
}

/** A parameter of the query; undefined for one that is missing or empty. */
export function param(req: BrinkRequest, name: string): string | undefined {
  return (hasQuery(req) && req.query.get(name)) || undefined
}

/** A whole number of any size, as a path or a query has it. */
export function integer(text: string, what: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text)
  throw new HttpError(400, `invalid ${what}: ${quoted(text)} is not a whole number`)
}

export function integerWithin(text: string, what: string, least: number, most: number): number {
  const number = integer(text, what)
  if (number >= least && number <= most) return number
  throw new HttpError(400, `invalid ${what}: ${text} is not in the range from ${least} to ${most}`)
}

/** A number from 0 to 1. */
export function share(text: string, what: string): number {
  const number = decimal(text)
  if (number !== undefined && number >= 0 && number <= 1) return number
  throw new HttpError(400, `invalid ${what}: ${quoted(text)} is not a number from 0 to 1`)
}

/** A number without a sign, as people write it; undefined for anything else. */
export function decimal(text: string): number | undefined {
  return /^(?:\d+(?:\.\d*)?|\.\d+)$/.test(text) ? Number(text) : undefined
}

const MS_OF: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}
const DURATION = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const PART = /([\d.]+)([a-zµμ]+)/g

/**
 * A duration in milliseconds: seconds, such as `0.5`, or with units, such as `1m30s` or `250ms`.
 * @param above whether it must be more than nothing
 */
export function duration(text: string, what: string, most: number, above = false): number {
  const seconds = decimal(text)
  const ms = seconds === undefined ? (DURATION.test(text) ? sumOf(text) : Number.NaN) : Math.trunc(seconds * 1000)
  if (Number.isNaN(ms)) {
    throw new HttpError(
      400,
      `invalid ${what}: ${quoted(text)} is neither seconds nor a duration such as 250ms or 1m30s`,
    )
  }
  if (ms > most) throw new HttpError(400, `invalid ${what}: ${text} is longer than ${most / 1000}s`)
  if (above && ms <= 0) throw new HttpError(400, `invalid ${what}: ${text} is no time`)
  return ms
}

function sumOf(text: string): number {
  return [...text.matchAll(PART)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (MS_OF[unit as string] ?? 0),
    0,
  )
}

/** @throws HttpError 400 when two durations take longer together than one may */
export function checkTogether(first: number, second: number, most: number): void {
  if (first + second > most) {
    throw new HttpError(400, `too much time: ${first / 1000}s and ${second / 1000}s are more than ${most / 1000}s`)
  }
}

/** As an error shows it: shortened, because clients choose it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}
