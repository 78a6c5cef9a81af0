// What the native side has counted of requests, as families: by route, and by batch.
import {
  METRICS_BATCH_SIZES,
  METRICS_BUCKETS,
  METRICS_BUCKETS_AT,
  METRICS_CLASSES,
  METRICS_METHODS,
  METRICS_REQUESTS,
  METRICS_ROW,
  METRICS_SUM,
} from '../exchange/layout.js'
import { type NativeMetrics, upperBoundOfBucket } from '../exchange/native.js'
import { counter, type Distribution, type Family, histogram, type Labels } from '../metrics/family.js'

/** In the order of the layout. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'other']
const STATUSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx']
const MICRO = 1e-6

/** Upper bounds in microseconds, near the usual round ones. Each is the bound of a native bucket, so that none is split. */
const BOUNDS_US: readonly number[] = [
  256, 512, 1024, 2560, 5120, 10_240, 24_576, 49_152, 98_304, 262_144, 524_288, 1_048_576, 2_621_440, 5_242_880,
  10_485_760,
]
const BOUNDS = BOUNDS_US.map((bound) => bound / 1e6)

/** For each native bucket the place of its bound above. */
const PLACES = Array.from({ length: METRICS_BUCKETS }, (_, bucket) => {
  const upper = upperBoundOfBucket(bucket)
  const place = BOUNDS_US.findIndex((bound) => upper <= bound)
  return place === -1 ? BOUNDS_US.length : place
})

const BATCH_BOUNDS = Array.from({ length: METRICS_BATCH_SIZES - 1 }, (_, power) => 2 ** power)

/**
 * @param loops of each loop
 * @param patterns of the routes, by their numbers; the first, which stands for none, is empty
 */
export function routeFamilies(loops: readonly NativeMetrics[], patterns: readonly string[]): Family[] {
  const rows = [...rowsByPattern(loops, patterns)]
  return [
    counter(
      {
        name: 'brink_http_requests',
        help: 'Requests that have ended, by route, method and class of status.',
        of: 'app',
      },
      rows.flatMap(([route, row]) => requestsOf(row, route)),
    ),
    histogram(
      {
        name: 'brink_http_request_duration_seconds',
        help: 'From the first byte of a request until the last byte of its answer was taken.',
        unit: 'seconds',
        of: 'app',
      },
      rows.map(([route, row]) => durationsOf(row, route)),
    ),
    batchFamily(loops),
  ]
}

/** Routes for several methods have one pattern, and each loop has rows of its own: they are added up. */
function rowsByPattern(loops: readonly NativeMetrics[], patterns: readonly string[]): Map<string, Float64Array> {
  const sums = new Map<string, Float64Array>()
  for (const { routes } of loops) {
    for (let at = 0; at < routes.length; at += METRICS_ROW) {
      const row = routes.subarray(at, at + METRICS_ROW)
      const route = patterns[row[0] as number] ?? ''
      const sum = sums.get(route)
      if (sum === undefined) sums.set(route, row)
      else addTo(sum, row)
    }
  }
  return sums
}

function addTo(sum: Float64Array, row: Float64Array): void {
  for (let place = METRICS_REQUESTS; place < METRICS_ROW; place += 1) {
    sum[place] = (sum[place] as number) + (row[place] as number)
  }
}

function requestsOf(row: Float64Array, route: string): [Labels, number][] {
  const found: [Labels, number][] = []
  for (let method = 0; method < METRICS_METHODS; method += 1) {
    for (let status = 0; status < METRICS_CLASSES; status += 1) {
      const count = row[METRICS_REQUESTS + METRICS_CLASSES * method + status] as number
      if (count === 0) continue
      found.push([{ route, method: METHODS[method] as string, status: STATUSES[status] as string }, count])
    }
  }
  return found
}

function durationsOf(row: Float64Array, route: string): Distribution {
  const counts: number[] = new Array(BOUNDS.length + 1).fill(0)
  for (let bucket = 0; bucket < METRICS_BUCKETS; bucket += 1) {
    const place = PLACES[bucket] as number
    counts[place] = (counts[place] as number) + (row[METRICS_BUCKETS_AT + bucket] as number)
  }
  return { labels: { route }, bounds: BOUNDS, counts, sum: (row[METRICS_SUM] as number) * MICRO }
}

function batchFamily(loops: readonly NativeMetrics[]): Family {
  return histogram(
    { name: 'brink_batch_requests', help: 'Requests that a call into JavaScript has brought.', of: 'worker' },
    loops.map(({ batches }, loop) => ({
      labels: { loop: `${loop}` },
      bounds: BATCH_BOUNDS,
      counts: [...batches.subarray(0, METRICS_BATCH_SIZES)],
      sum: batches[METRICS_BATCH_SIZES] as number,
    })),
  )
}
