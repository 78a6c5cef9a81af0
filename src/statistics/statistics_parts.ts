// Parts of a target's statistics, as they are told.
import { METRICS_BATCH_SIZES } from '../exchange/layout.js'
import type { NativeStats } from '../exchange/native.js'
import { countOf, type TimeSummary } from './hdr_counts.js'
import { isLoop } from './load_watch.js'
import type { RunCounts } from './measured_counts.js'
import { isThreadOfJavaScript, type ProcessFigures, processors } from './process_figures.js'
import type {
  ConnectionCounts,
  LoopCounts,
  MachineSummary,
  ProcessSummary,
  RequestEnds,
  SizeCount,
} from './statistics_shape.js'

/** In the order of the layout. */
const ENDS = ['answered', 'gone', 'timeout', 'refused', 'aborted', 'cut', 'tunnel', 'unanswered'] as const
const CAUSES = ['closedByClient', 'resets', 'timeouts', 'closedByServer'] as const

export function endsOf(ends: Float64Array): RequestEnds {
  return Object.fromEntries(ENDS.map((name, place) => [name, ends[place] ?? 0])) as unknown as RequestEnds
}

export function byStatus(counts: ReadonlyMap<number, number>): Record<string, number> {
  const sorted = [...counts].sort(([one], [other]) => one - other)
  return Object.fromEntries(sorted.map(([status, count]) => [`${status}`, count]))
}

/** Answers that have begun, by the first digit of their status: `2xx`. */
export function answerClasses(...counts: readonly ReadonlyMap<number, number>[]): Record<string, number> {
  const classes: Record<string, number> = {}
  for (const [status, count] of counts.flatMap((each) => [...each])) {
    const name = `${Math.floor(status / 100)}xx`
    classes[name] = (classes[name] ?? 0) + count
  }
  return classes
}

export function differenceOf(
  now: Readonly<Record<string, number>>,
  then: Readonly<Record<string, number>>,
): Record<string, number> {
  const since = Object.entries(now).map(([name, count]): [string, number] => [name, count - (then[name] ?? 0)])
  return Object.fromEntries(since.filter(([, count]) => count !== 0))
}

/** Counts up to 1, 2, 4 and so on, as far as there are any. The last has all above. */
export function sizesOf(counts: Float64Array): SizeCount[] {
  const sizes = [...counts.subarray(0, METRICS_BATCH_SIZES)].map((count, power) => ({ upTo: 2 ** power, count }))
  return sizes.slice(0, 1 + sizes.findLastIndex(({ count }) => count > 0))
}

export function connectionsOf(part: {
  readonly counts: RunCounts
  readonly accepted: number
  readonly open: number
  readonly leftForOtherRuns: number
  readonly idleCloses: Float64Array
}): ConnectionCounts {
  const { counts, accepted, open, leftForOtherRuns, idleCloses } = part
  const asked = accepted - countOf(idleCloses)
  const causes = CAUSES.map((name, place) => [name, (counts.closes[place] ?? 0) + (idleCloses[place] ?? 0)])
  const closes = Object.fromEntries(causes) as Record<(typeof CAUSES)[number], number>
  return {
    accepted,
    open,
    withoutRequests: countOf(idleCloses),
    ...closes,
    leftForOtherRuns,
    requestsEach: {
      mean: asked > 0 ? countOf(counts.ends) / asked : 0,
      max: counts.mostRequests,
      counts: sizesOf(counts.requestsEach),
    },
  }
}

export function loopsSince(now: readonly NativeStats[], then: readonly NativeStats[]): LoopCounts[] {
  return now.map((stats, loop) => {
    const since = (...names: readonly Counted[]): number =>
      names.reduce((sum, name) => sum + stats[name] - (then[loop]?.[name] ?? 0), 0)
    return {
      accepted: since('accepted'),
      requests: since('requests'),
      batches: since('batches'),
      waits: since('waits'),
      recv: since('receives'),
      send: since('sends'),
      eagain: since('emptyReceives', 'fullSends'),
      bytesIn: since('bytesIn'),
      bytesOut: since('bytesOut'),
    }
  })
}

type Counted = Exclude<keyof NativeStats, 'refusals' | 'drained'>

export function processOf({ cpu, threads }: ProcessFigures, delay: TimeSummary): ProcessSummary {
  const { rss, heapUsed } = process.memoryUsage()
  const told = threads.filter((thread) => thread.cpu > 0 || isLoop(thread) || isThreadOfJavaScript(thread))
  return {
    cpu,
    threads: told.map((thread) => ({
      name: isThreadOfJavaScript(thread) ? 'javascript' : thread.name,
      cpu: thread.cpu,
    })),
    loopDelay: { mean: delay.mean, p99: delay.p99, max: delay.max },
    memory: { rss, heapUsed },
  }
}

export function machineOf({ machine }: ProcessFigures): MachineSummary {
  const isKnown = machine !== undefined && machine.total > 0
  return {
    processors: processors(),
    busy: isKnown ? machine.busy / machine.total : null,
    stolen: isKnown ? machine.stolen / machine.total : null,
  }
}
