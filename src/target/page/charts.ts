// The charts of the page.
import { Chart, type ChartOptions, type Line } from './chart.js'
import { latencyRange, paintHeat } from './heat_map.js'
import type { History } from './history.js'
import { type Percentile, type Sample, sumOf } from './sample.js'
import { count, duration, small } from './words.js'

const CLASSES: readonly (readonly [name: string, color: string, dash: readonly number[]])[] = [
  ['2xx', '--ok', []],
  ['3xx', '--moved', [8, 4]],
  ['4xx', '--client', [4, 4]],
  ['5xx', '--server', [12, 3]],
]

const ANSWERS: readonly Line[] = [
  ...CLASSES.map(
    ([name, color, dash]): Line => ({
      label: name,
      color,
      dash,
      values: (history) => history.rates(({ answers }) => answers[name] ?? 0),
    }),
  ),
  { label: 'other', color: '--other', dash: [2, 3], values: (history) => history.rates(others) },
]

function others({ answers }: Sample): number {
  return sumOf(answers) - CLASSES.reduce((sum, [name]) => sum + (answers[name] ?? 0), 0)
}

/** A logarithmic scale has no 0: a second without answers leaves a gap. */
function percentile(label: Percentile, color: string, dash: readonly number[]): Line {
  return {
    label,
    color,
    dash,
    values: (history) => history.column(({ percentiles }) => percentiles[label] || Number.NaN),
  }
}

const CHARTS: readonly ChartOptions[] = [
  { title: 'Requests a second, by status', lines: ANSWERS, text: count, isStacked: true },
  {
    title: 'Latency',
    lines: [percentile('p50', '--ink', []), percentile('p99', '--ink', [8, 4]), percentile('p99.9', '--ink', [2, 3])],
    text: (value) => (Number.isNaN(value) ? '–' : duration(value)),
    logRange: latencyRange,
    paint: paintHeat,
  },
  {
    title: 'Open connections',
    lines: [{ label: 'open', color: '--moved', values: (history) => history.column(({ open }) => open) }],
    text: count,
  },
  {
    title: 'Faults a second',
    lines: [{ label: 'faults', color: '--server', values: (history) => history.rates(({ faults }) => sumOf(faults)) }],
    text: count,
  },
  {
    title: 'CPU of the target, in cores',
    lines: [{ label: 'cores', color: '--ok', values: (history) => history.column(({ cpu }) => cpu) }],
    text: small,
  },
  {
    title: 'Delay of the event loop',
    lines: [{ label: 'delay', color: '--client', values: (history) => history.column(({ loopDelay }) => loopDelay) }],
    text: duration,
  },
]

export function makeCharts(history: History): readonly Chart[] {
  return CHARTS.map((options) => new Chart(options, history))
}
