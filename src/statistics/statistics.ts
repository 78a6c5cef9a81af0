// What a target knows of itself. The native side counts what is answered, by numbers; here it becomes figures of runs, of
// faults and of time since a reset. Native counts only ever grow, so a reset only remembers them.
import type { NativeReactor, NativeStats } from '../exchange/native.js'
import type { FaultKind } from '../faults/drawn_fault.js'
import { exposition, type MetricsFormat } from '../metrics/exposition.js'
import { timers } from '../runtime/timers.js'
import { bucketed, countOf, maxOf, percentilesOf, summaryOf } from './hdr_counts.js'
import { histogramLogOf, percentileText } from './hdr_log.js'
import { LoadWatch } from './load_watch.js'
import { MeasuredCounts, RunCounts } from './measured_counts.js'
import { processors } from './process_figures.js'
import { targetFamilies } from './statistics_metrics.js'
import { isOwnRun, OWN_NUMBER, OWN_RUN, runIdOf, StatisticsNumbers } from './statistics_numbers.js'
import {
  answerClasses,
  byStatus,
  connectionsOf,
  differenceOf,
  endsOf,
  loopsSince,
  machineOf,
  processOf,
  sizesOf,
} from './statistics_parts.js'
import type { LiveSample, RecordedError, StatisticsSnapshot } from './statistics_shape.js'
import { type Verdict, verdictOf } from './verdict.js'

const MOST_ERRORS = 50
const MOST_OF_MESSAGE = 500
const MICROS_OF_MILLI = 1000

/** Milliseconds: six to a decade, from 10 µs to 100 s. */
export const LIVE_BOUNDS: readonly number[] = [-2, -1, 0, 1, 2, 3, 4].flatMap((power) =>
  [1, 1.5, 2, 3, 5, 7].map((digit) => Number((digit * 10 ** power).toPrecision(2))),
)
const LIVE_BOUNDS_US = LIVE_BOUNDS.map((bound) => Math.round(bound * MICROS_OF_MILLI))

/** The request by which the statistics are asked for. It has begun, and its number has not crossed yet. */
export interface Asking {
  /** It is the first one of its connection, of which nobody knows yet that it is the target's own. */
  readonly isFirst: boolean
}

/** What had been counted at some time. */
interface Mark {
  readonly at: number
  readonly measured: MeasuredCounts
  readonly stats: readonly NativeStats[]
  readonly faults: Faults
}

interface RunMark {
  readonly at: number
  readonly counts: RunCounts | undefined
  readonly begun: number
  readonly faults: Faults
  /** Connections of an older run that were open when its place was given to this one. */
  readonly openOfOthers: number
}

interface LiveMark {
  readonly at: number
  readonly counts: RunCounts
  readonly stats: readonly NativeStats[]
  readonly faults: Faults
  readonly cpu: number
}

type Faults = Readonly<Record<string, number>>

/** Of all runs, or of one. */
interface Part {
  readonly at: number
  readonly counts: RunCounts
  readonly begun: number
  readonly inFlight: number
  readonly accepted: number
  readonly open: number
  readonly leftForOtherRuns: number
  readonly idleCloses: Float64Array
  readonly faults: Faults
}

export class Statistics {
  /** The number of answers that are not counted, because they are the target's own. */
  readonly own = OWN_NUMBER
  readonly runIdOf = runIdOf
  readonly #numbers = new StatisticsNumbers((free) => this.#placeOfRun(free))
  readonly #watch = new LoadWatch(() => this.#reactors.reduce((sum, reactor) => sum + reactor.stats().requests, 0))
  readonly #longestDelay = this.#watch.delay.taker()
  #reactors: readonly NativeReactor[] = []
  #mark: Mark = { at: timers.date(), measured: new MeasuredCounts(), stats: [], faults: {} }
  /** By the places of the runs. */
  readonly #runMarks = new Map<number, RunMark>()
  #live: LiveMark | undefined
  readonly #errors: RecordedError[] = []

  /** Begins to look at the loops of a server that has opened. */
  start(reactors: readonly NativeReactor[]): void {
    this.#reactors = reactors
    this.#watch.start()
    this.reset()
  }

  /** Looks at the process no more. What was counted can still be asked for. */
  stop(): void {
    this.#watch.stop()
  }

  /** The number that crosses with an answer: 0 without a run and faults. */
  numberOf(run: string | undefined, kinds: readonly FaultKind[]): number {
    return this.#numbers.numberOf(run, kinds)
  }

  /** A request comes: called for each of them, whatever its number is. */
  hears(): void {
    this.#watch.hears()
  }

  /** A request came that has another number than 0. */
  came(number: number): void {
    this.#numbers.came(number)
  }

  hasRun(run: string): boolean {
    return this.#numbers.placeOf(run) !== undefined
  }

  /** Remembers an error for whoever looks: the newest 50. */
  addError(code: string, message: string): void {
    const at = new timers.Date(timers.date()).toISOString()
    this.#errors.push({ at, code, message: message.slice(0, MOST_OF_MESSAGE) })
    if (this.#errors.length > MOST_ERRORS) this.#errors.shift()
  }

  /** @param run one of those that are kept; of another one nothing was counted. Default: all, and what is of no run */
  snapshot(run?: string, asking?: Asking): StatisticsSnapshot {
    const used = this.#watch.look()
    const now = timers.date()
    const measured = this.#measured()
    const total = measured.since(this.#mark.measured)
    const whole = this.#whole(measured, total, asking)
    const part = run === undefined ? whole : this.#part(run, measured)
    const { at, counts, begun } = part
    return {
      run: run ?? null,
      since: new timers.Date(at).toISOString(),
      now: new timers.Date(now).toISOString(),
      seconds: (now - at) / 1000,
      requests: begun,
      inFlight: part.inFlight,
      ends: endsOf(counts.ends),
      answers: byStatus(counts.whole),
      brokenAnswers: byStatus(counts.broken),
      faults: part.faults,
      bytesIn: counts.bytesIn,
      bytesOut: counts.bytesOut,
      connections: connectionsOf(part),
      serviceTime: summaryOf(counts.serviceTimes, counts.serviceSum),
      clientWait: summaryOf(counts.clientWaits, counts.waitSum),
      loops: loopsSince(this.#stats(), this.#mark.stats),
      batchSizes: sizesOf(total.batches),
      acceptQueue: { overflows: used.overflows },
      process: processOf(used, this.#watch.delay.summary()),
      machine: machineOf(used),
      errors: [...this.#errors],
      verdict: this.#verdictOf(whole.counts),
      runs: this.#numbers.runs,
      droppedRuns: this.#numbers.dropped,
    }
  }

  /** Whether the target was the bottleneck since the reset, and why. */
  get verdict(): Verdict {
    this.#watch.look()
    return this.#verdictOf(this.#measured().since(this.#mark.measured).sumOf(isCounted))
  }

  /** Counts from zero again: all, with all runs; or one run. */
  reset(run?: string, asking?: Asking): void {
    const measured = this.#measured(run === undefined)
    if (run !== undefined) {
      const place = this.#numbers.placeOf(run)
      if (place !== undefined) this.#markRun(place, measured)
      return
    }
    for (const name of this.#numbers.runs) this.#markRun(this.#numbers.placeOf(name) as number, measured)
    // Its number will cross, and is not one of those from now on.
    if (asking !== undefined) measured.addOwn(OWN_RUN, asking.isFirst)
    this.#mark = { at: timers.date(), measured, stats: this.#stats(), faults: this.#numbers.faults() }
    this.#errors.length = 0
    this.#watch.reset()
  }

  /**
   * What has happened since the last call; the first one only remembers.
   * @param phase of a plan
   */
  live(phase: string | number | null = null): LiveSample {
    const measured = this.#measured()
    const { user, system } = process.cpuUsage()
    const now: LiveMark = {
      at: timers.now(),
      counts: measured.sumOf(isCounted),
      stats: this.#stats(),
      faults: this.#numbers.faults(),
      cpu: (user + system) / 1e6,
    }
    const last = this.#live ?? now
    this.#live = now
    const { serviceTimes, whole, broken } = now.counts.since(last.counts)
    const seconds = (now.at - last.at) / 1000
    const [p50 = 0, p90 = 0, p99 = 0, p999 = 0] = percentilesOf(serviceTimes, [50, 90, 99, 99.9])
    return {
      at: timers.date(),
      seconds,
      answers: answerClasses(whole, broken),
      faults: differenceOf(now.faults, last.faults),
      latency: { bounds: LIVE_BOUNDS, counts: bucketed(serviceTimes, LIVE_BOUNDS_US) },
      percentiles: { p50, p90, p99, 'p99.9': p999, max: maxOf(serviceTimes) / MICROS_OF_MILLI },
      open: openOf(now.stats, measured),
      accepted: now.stats.map(({ accepted }, loop) => accepted - (last.stats[loop]?.accepted ?? accepted)),
      cpu: seconds === 0 ? 0 : (now.cpu - last.cpu) / seconds,
      loopDelay: this.#longestDelay(),
      phase,
    }
  }

  /** What has happened since the start, whatever was reset: text for Prometheus and others. */
  openMetrics(format: MetricsFormat = 'openmetrics'): string {
    const measured = this.#measured()
    const families = targetFamilies({
      requests: measured.requests - (measured.runs.get(OWN_RUN)?.numbered ?? 0),
      counts: measured.sumOf(isCounted),
      faults: this.#numbers.faults(),
      loops: this.#stats(),
      batches: measured.batches,
      isBottleneck: this.verdict.bottleneck,
    })
    return exposition(families, { format, process: true })
  }

  /** Service times, and waits for clients, since the reset: in the format of HdrHistogram's logs. */
  histogramLog(run?: string): string {
    const { counts, at } = this.#partOf(run)
    const intervals = [{ counts: counts.serviceTimes }, { tag: 'client-wait', counts: counts.clientWaits }]
    const whose = run === undefined ? 'all runs' : `the run ${run}`
    const about = `Service times of ${whose} in microseconds, and with a tag how long answers waited for clients`
    return histogramLogOf(intervals, { from: at, to: timers.date() }, about)
  }

  /** Service times since the reset, in milliseconds, as HdrHistogram's text of percentiles. */
  percentiles(run?: string): string {
    return percentileText(this.#partOf(run).counts.serviceTimes)
  }

  /** @param place of a run, without the others: a client may come with a new one each time */
  #measured(forgetsMost = false, place?: number): MeasuredCounts {
    const loops = this.#reactors.flatMap((reactor) => reactor.measurements(forgetsMost, place) ?? [])
    return new MeasuredCounts(loops, (kind) => this.#numbers.breaks(kind))
  }

  #stats(): NativeStats[] {
    return this.#reactors.map((reactor) => reactor.stats())
  }

  /** For a run that is new: a place whose older run has no open connections, if there is one. */
  #placeOfRun(free: readonly number[]): number {
    let chosen: { place: number; measured: MeasuredCounts; open: number } | undefined
    for (const place of free) {
      const measured = this.#measured(false, place)
      const open = measured.runs.get(place)?.open ?? 0
      if (chosen === undefined || open === 0) chosen = { place, measured, open }
      if (open === 0) break
    }
    const { place, measured, open } = chosen as NonNullable<typeof chosen>
    this.#markRun(place, measured, open)
    return place
  }

  #markRun(place: number, measured: MeasuredCounts, openOfOthers = this.#runMarks.get(place)?.openOfOthers ?? 0): void {
    const counts = measured.runs.get(place)
    const begun = this.#numbers.requestsOf(place)
    const faults = this.#numbers.faults(place)
    this.#runMarks.set(place, { at: timers.date(), counts, begun, faults, openOfOthers })
  }

  #partOf(run: string | undefined): Part {
    const measured = this.#measured()
    return run === undefined ? this.#whole(measured, measured.since(this.#mark.measured)) : this.#part(run, measured)
  }

  #whole(measured: MeasuredCounts, total: MeasuredCounts, asking?: Asking): Part {
    const stats = this.#stats()
    const asks = asking === undefined ? 0 : 1
    const connects = asking?.isFirst === true ? 1 : 0
    const accepted = stats.reduce((sum, now, loop) => sum + now.accepted - (this.#mark.stats[loop]?.accepted ?? 0), 0)
    const own = total.runs.get(OWN_RUN)
    return {
      at: this.#mark.at,
      counts: total.sumOf(isCounted),
      begun: total.requests - (own?.numbered ?? 0) - asks,
      inFlight: Math.max(0, begunOf(measured) - countOf(measured.sumOf(isCounted).ends) - asks),
      // One that was open before the reset may have asked for the target's own pages first afterwards.
      accepted: Math.max(0, accepted - (own === undefined ? 0 : own.connections - own.left) - connects),
      open: Math.max(0, openOf(stats, measured) - connects),
      leftForOtherRuns: 0,
      idleCloses: total.idleCloses,
      faults: differenceOf(this.#numbers.faults(), this.#mark.faults),
    }
  }

  #part(run: string, measured: MeasuredCounts): Part {
    const place = this.#numbers.placeOf(run)
    const mark = place === undefined ? undefined : this.#runMarks.get(place)
    const all = (place === undefined ? undefined : measured.runs.get(place)) ?? new RunCounts()
    const counts = all.since(mark?.counts)
    const begun = place === undefined ? 0 : this.#numbers.requestsOf(place) - (mark?.begun ?? 0)
    return {
      at: mark?.at ?? this.#mark.at,
      counts,
      begun,
      inFlight: Math.max(0, begun - countOf(counts.ends)),
      accepted: counts.connections,
      // Also those that were open at the reset.
      open: Math.max(0, all.open - (mark?.openOfOthers ?? 0)),
      leftForOtherRuns: counts.left,
      idleCloses: NO_CLOSES,
      faults: place === undefined ? {} : differenceOf(this.#numbers.faults(place), mark?.faults ?? {}),
    }
  }

  #verdictOf({ serviceSum, waitSum }: RunCounts): Verdict {
    const clientWait = serviceSum === 0 ? 0 : Math.min(1, waitSum / serviceSum)
    return verdictOf({ windows: this.#watch.windows, processors: processors(), clientWait })
  }
}

const NO_CLOSES = new Float64Array(0)

function isCounted(place: number): boolean {
  return !isOwnRun(place)
}

function begunOf(measured: MeasuredCounts): number {
  return measured.requests - (measured.runs.get(OWN_RUN)?.numbered ?? 0)
}

/** Without those that are the target's own. */
function openOf(stats: readonly NativeStats[], measured: MeasuredCounts): number {
  const open = stats.reduce((sum, now) => sum + now.open, 0)
  return Math.max(0, open - (measured.runs.get(OWN_RUN)?.open ?? 0))
}
