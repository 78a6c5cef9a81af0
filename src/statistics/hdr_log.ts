// Histograms in the format of HdrHistogram's logs (version 1.3, with histograms of encoding V2), which its tools read and
// merge; and its text of percentiles.
import { lateBuiltin } from '../runtime/late_builtin.js'
import { timers } from '../runtime/timers.js'
import { countOf, greatestOf, LONGEST_US, leastOf, maxOf } from './hdr_counts.js'

const COOKIE = 0x1c849313
const COMPRESSED_COOKIE = 0x1c849314
const HEAD_BYTES = 40
const DIGITS = 3
const MICROS_OF_MILLI = 1000

export interface LoggedInterval {
  /** Without commas, blanks and line ends; undefined for none. */
  readonly tag?: string | undefined
  readonly counts: Float64Array
}

export interface LogTimes {
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
}

/**
 * One interval of each, from the same time on. Times in the histograms are in microseconds; Interval_Max in
 * milliseconds.
 * @param about a comment, of one line
 */
export function histogramLogOf(intervals: readonly LoggedInterval[], { from, to }: LogTimes, about: string): string {
  const seconds = (from / 1000).toFixed(3)
  return [
    `#[${about}]`,
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${seconds} (seconds since epoch), ${new timers.Date(from).toUTCString()}]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ...intervals.map(({ tag, counts }) => {
      const length = ((to - from) / 1000).toFixed(3)
      const most = (maxOf(counts) / MICROS_OF_MILLI).toFixed(3)
      const line = `${seconds},${length},${most},${encodedHistogram(counts).toString('base64')}`
      return tag === undefined ? line : `Tag=${tag},${line}`
    }),
    '',
  ].join('\n')
}

/** A compressed histogram of encoding V2. */
export function encodedHistogram(counts: Float64Array): Buffer {
  const payload = countsAsBytes(counts)
  const plain = Buffer.alloc(HEAD_BYTES + payload.length)
  plain.writeInt32BE(COOKIE, 0)
  plain.writeInt32BE(payload.length, 4)
  // 8: no offset of the counts.
  plain.writeInt32BE(DIGITS, 12)
  plain.writeBigInt64BE(1n, 16)
  plain.writeBigInt64BE(BigInt(LONGEST_US), 24)
  plain.writeDoubleBE(1, 32)
  plain.set(payload, HEAD_BYTES)
  const deflated = lateBuiltin('node:zlib').deflateSync(plain)
  const head = Buffer.alloc(8)
  head.writeInt32BE(COMPRESSED_COOKIE, 0)
  head.writeInt32BE(deflated.length, 4)
  return Buffer.concat([head, deflated])
}

/** Counts as zigzag varints, where a negative number stands for so many zeros. What follows the last count is left out. */
function countsAsBytes(counts: Float64Array): Uint8Array {
  const bytes: number[] = []
  const put = (value: number): void => {
    let left = value >= 0 ? 2 * value : -2 * value - 1
    while (left >= 128) {
      bytes.push((left % 128) + 128)
      left = Math.floor(left / 128)
    }
    bytes.push(left)
  }
  let zeros = 0
  for (const count of counts) {
    if (count === 0) {
      zeros += 1
      continue
    }
    if (zeros > 0) put(zeros === 1 ? 0 : -zeros)
    zeros = 0
    put(count)
  }
  return Uint8Array.from(bytes)
}

/** HdrHistogram's text of percentiles, in milliseconds: five steps to each halving of what is left to 100 %. */
export function percentileText(counts: Float64Array): string {
  const total = countOf(counts)
  const lines = ['       Value     Percentile TotalCount 1/(1-Percentile)', '']
  const line = (place: number, share: number, seen: number): void => {
    const text = `${column(greatestOf(place))} ${share.toFixed(12)} ${String(seen).padStart(10)}`
    lines.push(share === 1 ? text : `${text} ${(1 / (1 - share)).toFixed(2).padStart(14)}`)
  }
  let seen = 0
  let squares = 0
  let sum = 0
  let share = 0
  for (let place = 0; seen < total; place += 1) {
    const count = counts[place] as number
    seen += count
    const middle = (leastOf(place) + greatestOf(place)) / 2
    sum += count * middle
    squares += count * middle * middle
    for (; count > 0 && seen < total && share <= seen / total; share += stepFrom(share)) line(place, share, seen)
    if (count > 0 && seen === total) line(place, 1, seen)
  }
  const mean = total === 0 ? 0 : sum / total
  const deviation = total === 0 ? 0 : Math.sqrt(Math.max(0, squares / total - mean * mean))
  lines.push(`#[Mean    = ${column(mean)}, StdDeviation   = ${column(deviation)}]`)
  lines.push(`#[Max     = ${column(maxOf(counts))}, Total count    = ${String(total).padStart(12)}]`)
  return `${lines.join('\n')}\n`
}

const STEPS_OF_HALF = 5

function stepFrom(share: number): number {
  return 1 / (STEPS_OF_HALF * 2 ** (Math.floor(Math.log2(1 / (1 - share))) + 1))
}

function column(us: number): string {
  return (us / MICROS_OF_MILLI).toFixed(3).padStart(12)
}
