// Metrics before they are text: families of samples, which cross between processes as JSON.

export type MetricType = 'counter' | 'gauge' | 'histogram'

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  /** What follows the name of the family: empty for gauges; `_total`; `_bucket`, `_sum` or `_count`. */
  readonly suffix: string
  readonly labels: Labels
  readonly value: number
}

export interface Family {
  /** Without the `_total` of counters. */
  readonly name: string
  readonly type: MetricType
  /** One line without quotes and backslashes. */
  readonly help: string
  /** The end of the name, if it is a unit. */
  readonly unit?: string | undefined
  /**
   * Of what it tells, where several processes run the app: of the app, and the values of its workers are added up; of
   * each worker, and the samples get its number as a label; of the machine, and every worker says the same.
   */
  readonly of: 'app' | 'worker' | 'host'
  /** How several values of one worker become one. Default: they are added up. */
  readonly merge?: 'max' | undefined
  readonly samples: readonly Sample[]
}

type Described = Omit<Family, 'samples' | 'type'>

export function counter(about: Described, values: readonly (readonly [labels: Labels, value: number])[]): Family {
  return { ...about, type: 'counter', samples: values.map(([labels, value]) => ({ suffix: '_total', labels, value })) }
}

export function gauge(about: Described, values: readonly (readonly [labels: Labels, value: number])[]): Family {
  return { ...about, type: 'gauge', samples: values.map(([labels, value]) => ({ suffix: '', labels, value })) }
}

/** What a histogram has counted for one set of labels. */
export interface Distribution {
  readonly labels: Labels
  /** The upper bounds, ascending, without infinity. */
  readonly bounds: readonly number[]
  /** For each bound what is not above it, and above the bound before; the last for what is above all bounds. */
  readonly counts: readonly number[]
  readonly sum: number
}

export function histogram(about: Described, distributions: readonly Distribution[]): Family {
  return { ...about, type: 'histogram', samples: distributions.flatMap(samplesOf) }
}

function samplesOf({ labels, bounds, counts, sum }: Distribution): Sample[] {
  let total = 0
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, place): Sample => {
    total += counts[place] ?? 0
    return { suffix: '_bucket', labels: { ...labels, le: boundText(bound) }, value: total }
  })
  return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: total }]
}

/** As OpenMetrics writes it: a whole number has a fraction. */
function boundText(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf'
  return Number.isInteger(bound) ? `${bound}.0` : `${bound}`
}
