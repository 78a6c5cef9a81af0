// Histograms of a target: their counts, and what HdrHistogram's own code reads in them.
import { decodeFromCompressedBase64, HistogramLogReader, build as newHistogram } from 'hdr-histogram-js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  addCounts,
  bucketed,
  countOf,
  countsSince,
  greatestOf,
  leastOf,
  maxOf,
  minOf,
  percentilesOf,
  placeOf,
  summaryOf,
} from '#brink/statistics/hdr_counts.js'
import { encodedHistogram, histogramLogOf, percentileText } from '#brink/statistics/hdr_log.js'

const PERCENTILES = [0, 1, 10, 50, 75, 90, 99, 99.9, 99.99, 99.999, 100]

/** A few thousand times, spread over eight decades; the same in each run. */
function someTimes(count: number, seed = 1): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (state * 1664525 + 1013904223) >>> 0
    return Math.floor(10 ** ((8 * state) / 2 ** 32))
  })
}

function countsOf(times: readonly number[]): Float64Array {
  let counts: Float64Array = new Float64Array(0)
  for (const us of times) {
    const one = new Float64Array(placeOf(us) + 1)
    one[one.length - 1] = 1
    counts = addCounts(counts, one)
  }
  return counts
}

test('each time is told from others by three digits', () => {
  for (const us of [0, 1, 2, 1023, 1024, 2047, 2048, 2049, 4095, 4096, 99_999, 1_000_000, 3_599_999_999]) {
    const place = placeOf(us)
    assert.ok(leastOf(place) <= us && us <= greatestOf(place), `${us}`)
    assert.ok(greatestOf(place) - leastOf(place) <= us / 1000, `${us}`)
    assert.is(placeOf(leastOf(place)), place)
    assert.is(placeOf(greatestOf(place)), place)
  }
  assert.is(placeOf(1e12), placeOf(3_600_000_000))
  assert.is(placeOf(-5), 0)
})

test("HdrHistogram's own code finds the same percentiles", () => {
  const times = someTimes(5000)
  const counts = countsOf(times)
  const reference = newHistogram({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3_600_000_000,
    numberOfSignificantValueDigits: 3,
  })
  for (const us of times) reference.recordValue(us)
  const found = percentilesOf(counts, PERCENTILES)
  PERCENTILES.forEach((percentile, place) => {
    assert.is(Math.round(1000 * (found[place] as number)), reference.getValueAtPercentile(percentile), `p${percentile}`)
  })
  assert.is(countOf(counts), reference.totalCount)
})

test('what is exported is read by it, count for count', () => {
  const times = someTimes(3000, 7)
  const counts = countsOf(times)
  const decoded = decodeFromCompressedBase64(encodedHistogram(counts).toString('base64'))
  assert.is(decoded.totalCount, times.length)
  assert.is(decoded.maxValue, maxOf(counts))
  for (const [place, percentile] of PERCENTILES.entries()) {
    const found = percentilesOf(counts, PERCENTILES)[place] as number
    assert.is(Math.round(1000 * found), decoded.getValueAtPercentile(percentile), `p${percentile}`)
  }
})

test('counts above 32 bits, single counts and gaps are exported', () => {
  const counts = new Float64Array(5000)
  counts[0] = 2 ** 40
  counts[1] = 1
  counts[3] = 127
  counts[4999] = 64
  const decoded = decodeFromCompressedBase64(encodedHistogram(counts).toString('base64'), 64)
  assert.is(decoded.totalCount, 2 ** 40 + 192)
  assert.is(decoded.maxValue, greatestOf(4999))
})

test('a histogram without counts is exported, too', () => {
  assert.is(decodeFromCompressedBase64(encodedHistogram(new Float64Array(0)).toString('base64')).totalCount, 0)
  assert.is(summaryOf(new Float64Array(0), 0).p99, 0)
  assert.match(percentileText(new Float64Array(0)), /Total count +=/)
})

test('a log has an interval for each histogram, with its tag', () => {
  const counts = countsOf(someTimes(100))
  const waits = countsOf([5, 6, 7])
  const text = histogramLogOf(
    [{ counts }, { tag: 'client-wait', counts: waits }],
    { from: 1_700_000_000_000, to: 1_700_000_002_500 },
    'about',
  )
  const reader = new HistogramLogReader(text)
  const first = reader.nextIntervalHistogram()
  const second = reader.nextIntervalHistogram()
  assert.is(first?.totalCount, 100)
  assert.is(first?.tag, 'NO TAG')
  assert.is(second?.totalCount, 3)
  assert.is(second?.tag, 'client-wait')
  assert.is(first?.startTimeStampMsec, 1_700_000_000_000)
  assert.is(first?.endTimeStampMsec, 1_700_000_002_500)
  assert.is(reader.nextIntervalHistogram(), null)
  assert.match(text, /^#\[Histogram log format version 1\.3\]$/m)
})

test('the text of percentiles ends with all of them, and their sum', () => {
  const counts = countsOf([1000, 1000, 1000, 5000])
  const lines = percentileText(counts).split('\n')
  assert.is(lines[0], '       Value     Percentile TotalCount 1/(1-Percentile)')
  assert.match(lines[2] as string, /^ +1\.000 0\.000000000000 +3 +1\.00$/)
  assert.ok(
    lines.some((line) => /^ +5\.003 1\.000000000000 +4$/.test(line)),
    lines.join('\n'),
  )
  assert.ok(lines.some((line) => /Total count += +4\]/.test(line)))
})

test('a summary has milliseconds, and an exact mean', () => {
  const summary = summaryOf(countsOf([1000, 2000, 4000]), 7000)
  assert.is(summary.count, 3)
  assert.is(summary.mean, 7 / 3)
  assert.is(summary.min, 1)
  assert.is(summary.p50, 2)
  assert.is(summary.max, greatestOf(placeOf(4000)) / 1000)
})

test('what has come since counts were others, and counts in wider buckets', () => {
  const then = countsOf([10, 20])
  const now = addCounts(countsOf([10, 20]), countsOf([20, 3000]))
  const since = countsSince(now, then)
  assert.is(countOf(since), 2)
  assert.is(minOf(since), 20)
  assert.equal(bucketed(since, [15, 20, 1000]), [0, 1, 0, 1])
})

test.run()
