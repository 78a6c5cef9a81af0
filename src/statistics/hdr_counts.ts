// The counts of an HdrHistogram of microseconds with three significant digits, as the native side keeps them, and what
// they say.
import { HISTOGRAM_CHUNK } from '../exchange/layout.js'

/** Times in milliseconds. Percentiles are the highest times that are equal to three digits, as HdrHistogram gives them. */
export interface TimeSummary {
  count: number
  mean: number
  min: number
  max: number
  p50: number
  p90: number
  p99: number
  'p99.9': number
  'p99.99': number
  'p99.999': number
}

const PERCENTILES = [50, 90, 99, 99.9, 99.99, 99.999] as const
const MICROS_OF_MILLI = 1000

/** The longest time that a histogram tells apart, in microseconds: an hour. */
export const LONGEST_US = 3_600_000_000

/** The least time of the count at a place, in microseconds. */
export function leastOf(place: number): number {
  const chunk = Math.floor(place / HISTOGRAM_CHUNK)
  return chunk < 2 ? place : ((place % HISTOGRAM_CHUNK) + HISTOGRAM_CHUNK) * 2 ** (chunk - 1)
}

/** The greatest of the same count: to three digits it is the same. */
export function greatestOf(place: number): number {
  const chunk = Math.floor(place / HISTOGRAM_CHUNK)
  return leastOf(place) + (chunk < 2 ? 1 : 2 ** (chunk - 1)) - 1
}

/** The place of a time in microseconds. */
export function placeOf(us: number): number {
  const whole = Math.min(Math.max(0, Math.floor(us)), LONGEST_US)
  let bucket = 0
  while (whole / 2 ** bucket >= 2 * HISTOGRAM_CHUNK) bucket += 1
  return bucket * HISTOGRAM_CHUNK + Math.floor(whole / 2 ** bucket)
}

/** Adds counts to others, which grow if they are fewer. Returns the sum. */
export function addCounts(sum: Float64Array, more: Float64Array): Float64Array {
  const wide = more.length > sum.length ? widened(sum, more.length) : sum
  for (let place = 0; place < more.length; place += 1) wide[place] = (wide[place] as number) + (more[place] as number)
  return wide
}

/** What has come since the counts were others. */
export function countsSince(now: Float64Array, then: Float64Array): Float64Array {
  if (then.length === 0) return now
  const since = now.slice()
  const most = Math.min(now.length, then.length)
  for (let place = 0; place < most; place += 1) since[place] = (since[place] as number) - (then[place] as number)
  return since
}

function widened(counts: Float64Array, length: number): Float64Array {
  const wide = new Float64Array(length)
  wide.set(counts)
  return wide
}

export function countOf(counts: Float64Array): number {
  let sum = 0
  for (const count of counts) sum += count
  return sum
}

/** @param sumUs the exact sum of the times, in microseconds */
export function summaryOf(counts: Float64Array, sumUs: number): TimeSummary {
  const count = countOf(counts)
  const [p50, p90, p99, p999, p9999, p99999] = percentilesOf(counts, PERCENTILES) as number[]
  return {
    count,
    mean: count === 0 ? 0 : sumUs / count / MICROS_OF_MILLI,
    min: minOf(counts) / MICROS_OF_MILLI,
    max: maxOf(counts) / MICROS_OF_MILLI,
    p50: p50 as number,
    p90: p90 as number,
    p99: p99 as number,
    'p99.9': p999 as number,
    'p99.99': p9999 as number,
    'p99.999': p99999 as number,
  }
}

/** In milliseconds, for percentiles in ascending order. Without counts, 0. */
export function percentilesOf(counts: Float64Array, percentiles: readonly number[]): number[] {
  const total = countOf(counts)
  const found: number[] = []
  let place = 0
  let seen = counts[0] ?? 0
  for (const percentile of percentiles) {
    // 99.9 % of 5000 is a little more than 4995 in binary.
    const wanted = Math.max(1, Math.ceil(((Math.min(percentile, 100) * total) / 100) * (1 - 2 ** -50)))
    while (seen < wanted && place < counts.length - 1) {
      place += 1
      seen += counts[place] as number
    }
    found.push(total === 0 ? 0 : greatestOf(place) / MICROS_OF_MILLI)
  }
  return found
}

/** In microseconds. */
export function minOf(counts: Float64Array): number {
  const place = counts.findIndex((count) => count > 0)
  return place === -1 ? 0 : leastOf(place)
}

/** In microseconds. */
export function maxOf(counts: Float64Array): number {
  for (let place = counts.length - 1; place >= 0; place -= 1) {
    if ((counts[place] as number) > 0) return greatestOf(place)
  }
  return 0
}

/**
 * The counts in wider buckets.
 * @param boundsUs upper bounds in microseconds, ascending
 * @returns for each bound what is not above it, and above the bound before; the last for what is above all bounds. A
 *   count is told by its least time.
 */
export function bucketed(counts: Float64Array, boundsUs: readonly number[]): number[] {
  const buckets: number[] = new Array(boundsUs.length + 1).fill(0)
  let bucket = 0
  for (let place = 0; place < counts.length; place += 1) {
    const count = counts[place] as number
    if (count === 0) continue
    const least = leastOf(place)
    while (bucket < boundsUs.length && least > (boundsUs[bucket] as number)) bucket += 1
    buckets[bucket] = (buckets[bucket] as number) + count
  }
  return buckets
}
