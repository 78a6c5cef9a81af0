// What the native side has measured of the requests of a target: the counts of all loops together, by run, and what has
// come since an earlier look.
import {
  MEASURED_BATCHES,
  MEASURED_BYTES_IN,
  MEASURED_BYTES_OUT,
  MEASURED_CAUSES,
  MEASURED_CLOSES,
  MEASURED_CONNECTIONS,
  MEASURED_ENDS,
  MEASURED_ENDS_AT,
  MEASURED_IDLE_CLOSES,
  MEASURED_KIND,
  MEASURED_LEFT,
  MEASURED_MOST_REQUESTS,
  MEASURED_NUMBERED,
  MEASURED_REQUESTS,
  MEASURED_REQUESTS_EACH,
  MEASURED_RUN_NUMBER,
  MEASURED_SERVICE_SUM,
  MEASURED_STATUS_COUNT,
  MEASURED_STATUSES,
  MEASURED_WAIT_SUM,
  METRICS_BATCH_SIZES,
  METRICS_BATCHES,
} from '../exchange/layout.js'
import type { NativeMeasurements, NativeRun } from '../exchange/native.js'
import { addCounts, countOf, countsSince } from './hdr_counts.js'

const STATUSES = 1000

/** Counts of one run, or of several. Sums of times are in microseconds. */
export class RunCounts {
  numbered = 0
  connections = 0
  /** Those of them that are of another run by now. */
  left = 0
  mostRequests = 0
  serviceSum = 0
  waitSum = 0
  bytesIn = 0
  bytesOut = 0
  readonly closes = new Float64Array(MEASURED_CAUSES)
  readonly requestsEach = new Float64Array(METRICS_BATCH_SIZES)
  readonly ends = new Float64Array(MEASURED_ENDS)
  /**
   * Answers by status: those that were taken to the last byte, and those that were not, or are no whole answers although
   * all was sent that was to be sent.
   */
  readonly whole = new Map<number, number>()
  readonly broken = new Map<number, number>()
  serviceTimes: Float64Array = new Float64Array(0)
  clientWaits: Float64Array = new Float64Array(0)

  /** Connections that are open now. Only of counts since the beginning. */
  get open(): number {
    return this.connections - this.left - countOf(this.closes)
  }

  addNative({ figures, numbers, serviceTimes, clientWaits }: NativeRun, breaks: (kind: number) => boolean): void {
    this.numbered += figures[MEASURED_NUMBERED] as number
    this.connections += figures[MEASURED_CONNECTIONS] as number
    this.left += figures[MEASURED_LEFT] as number
    this.mostRequests = Math.max(this.mostRequests, figures[MEASURED_MOST_REQUESTS] as number)
    this.serviceSum += figures[MEASURED_SERVICE_SUM] as number
    this.waitSum += figures[MEASURED_WAIT_SUM] as number
    addTo(this.closes, figures, MEASURED_CLOSES)
    addTo(this.requestsEach, figures, MEASURED_REQUESTS_EACH)
    this.serviceTimes = addCounts(this.serviceTimes, serviceTimes)
    this.clientWaits = addCounts(this.clientWaits, clientWaits)
    for (let at = 0; at < numbers.length; ) {
      addTo(this.ends, numbers, at + MEASURED_ENDS_AT)
      this.bytesIn += numbers[at + MEASURED_BYTES_IN] as number
      this.bytesOut += numbers[at + MEASURED_BYTES_OUT] as number
      const isBroken = breaks(numbers[at + MEASURED_KIND] as number)
      const end = at + MEASURED_STATUSES + 3 * (numbers[at + MEASURED_STATUS_COUNT] as number)
      for (at += MEASURED_STATUSES; at < end; at += 3) {
        const [status, whole, broken] = numbers.subarray(at, at + 3) as unknown as [number, number, number]
        if (status >= STATUSES) continue
        addOne(isBroken ? this.broken : this.whole, status, whole)
        addOne(this.broken, status, broken)
      }
    }
  }

  add(more: RunCounts): void {
    this.#combine(more, 1)
    this.mostRequests = Math.max(this.mostRequests, more.mostRequests)
    this.serviceTimes = addCounts(this.serviceTimes, more.serviceTimes)
    this.clientWaits = addCounts(this.clientWaits, more.clientWaits)
  }

  since(then: RunCounts | undefined): RunCounts {
    if (then === undefined) return this
    const since = new RunCounts()
    since.#combine(this, 1)
    since.#combine(then, -1)
    since.mostRequests = this.mostRequests
    since.serviceTimes = countsSince(this.serviceTimes, then.serviceTimes)
    since.clientWaits = countsSince(this.clientWaits, then.clientWaits)
    return since
  }

  #combine(other: RunCounts, sign: 1 | -1): void {
    for (const name of SUMS) this[name] += sign * other[name]
    for (const name of LISTS) addTo(this[name], other[name], 0, sign)
    for (const [status, count] of other.whole) addOne(this.whole, status, sign * count)
    for (const [status, count] of other.broken) addOne(this.broken, status, sign * count)
  }
}

const SUMS = ['numbered', 'connections', 'left', 'serviceSum', 'waitSum', 'bytesIn', 'bytesOut'] as const
const LISTS = ['closes', 'requestsEach', 'ends'] as const

function addTo(sum: Float64Array, more: Float64Array, from: number, sign: 1 | -1 = 1): void {
  for (let place = 0; place < sum.length; place += 1) {
    sum[place] = (sum[place] as number) + sign * (more[from + place] as number)
  }
}

function addOne(counts: Map<number, number>, key: number, more: number): void {
  const count = (counts.get(key) ?? 0) + more
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}

/** All loops of a target together. */
export class MeasuredCounts {
  /** Requests that have begun, whatever their run. */
  requests = 0
  /** Connections that have ended without a request, by cause. */
  readonly idleCloses = new Float64Array(MEASURED_CAUSES)
  /** By their requests, up to 1, 2, 4 and so on; and the sum of these behind them. */
  readonly batches = new Float64Array(METRICS_BATCHES)
  /** By their places. */
  readonly runs = new Map<number, RunCounts>()

  /** @param breaks whether the answers of a kind are none that a client can take for whole */
  constructor(loops: readonly NativeMeasurements[] = [], breaks: (kind: number) => boolean = () => false) {
    for (const { loop, runs } of loops) {
      this.requests += loop[MEASURED_REQUESTS] as number
      addTo(this.idleCloses, loop, MEASURED_IDLE_CLOSES)
      addTo(this.batches, loop, MEASURED_BATCHES)
      for (const run of runs) this.#runAt(run.figures[MEASURED_RUN_NUMBER] as number).addNative(run, breaks)
    }
  }

  #runAt(place: number): RunCounts {
    const found = this.runs.get(place)
    if (found !== undefined) return found
    const run = new RunCounts()
    this.runs.set(place, run)
    return run
  }

  since(then: MeasuredCounts): MeasuredCounts {
    const since = new MeasuredCounts()
    since.requests = this.requests - then.requests
    for (const name of ['idleCloses', 'batches'] as const) {
      addTo(since[name], this[name], 0)
      addTo(since[name], then[name], 0, -1)
    }
    for (const [place, run] of this.runs) since.runs.set(place, run.since(then.runs.get(place)))
    return since
  }

  /** Counts a request whose number will cross, and its connection. */
  addOwn(place: number, isFirst: boolean): void {
    const run = this.#runAt(place)
    run.numbered += 1
    if (isFirst) run.connections += 1
  }

  /** The sum of the runs. */
  sumOf(wanted: (place: number) => boolean): RunCounts {
    const sum = new RunCounts()
    for (const [place, run] of this.runs) if (wanted(place)) sum.add(run)
    return sum
  }
}
