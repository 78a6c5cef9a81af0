// What the target sends, as far as the page reads it. Other members are ignored, and one that is missing is 0.

/** The percentiles of a sample, in milliseconds. */
export const PERCENTILES = ['p50', 'p90', 'p99', 'p99.9', 'max'] as const
export type Percentile = (typeof PERCENTILES)[number]

/** What happened in about a second. */
export interface Sample {
  /** Milliseconds since 1970, or an ISO date. */
  readonly at: number | string
  /** How long it took. Counts are for this time. */
  readonly seconds: number
  /** By class: `2xx`. */
  readonly answers: Readonly<Record<string, number>>
  /** `bounds` are the upper ones of the buckets, in milliseconds. */
  readonly latency: { readonly bounds: readonly number[]; readonly counts: readonly number[] }
  readonly percentiles: Readonly<Partial<Record<Percentile, number>>>
  readonly open: number
  /** Connections, by loop. */
  readonly accepted: readonly number[]
  readonly faults: Readonly<Record<string, number>>
  /** In cores. */
  readonly cpu: number
  /** Milliseconds. */
  readonly loopDelay: number
  readonly phase?: string | number | null
}

/** A sample as it was sent, complete. */
export function sampleOf(sent: Partial<Sample>): Sample {
  const { at = Date.now(), seconds = 1, answers = {}, latency = { bounds: [], counts: [] }, percentiles = {} } = sent
  const { open = 0, accepted = [], faults = {}, cpu = 0, loopDelay = 0, phase = null } = sent
  return { at, seconds, answers, latency, percentiles, open, accepted, faults, cpu, loopDelay, phase }
}

/** The statistics since the last reset. */
export interface Statistics {
  readonly requests?: number
  readonly answers?: Readonly<Record<string, number>>
  readonly faults?: Readonly<Record<string, number>>
  readonly bytesIn?: number
  readonly bytesOut?: number
  readonly connections?: Readonly<Record<string, unknown>>
  readonly loops?: readonly { readonly accepted?: number }[]
  readonly errors?: readonly { readonly at?: string; readonly code?: string; readonly message?: string }[]
  readonly verdict?: { readonly sentence?: string }
}

export function secondsOf(at: Sample['at']): number {
  return (typeof at === 'number' ? at : Date.parse(at)) / 1000
}

export function sumOf(counts: Readonly<Record<string, number>> | readonly number[]): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
