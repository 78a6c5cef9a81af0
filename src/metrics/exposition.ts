// Metrics as text: that of OpenMetrics 1.0, and the older one of Prometheus.
import type { Family, Labels, Sample } from './family.js'

/** `openmetrics`: OpenMetrics 1.0. `prometheus`: Prometheus' text format, version 0.0.4. */
export type MetricsFormat = 'openmetrics' | 'prometheus'

export interface ExpositionOptions {
  readonly format: MetricsFormat
  /** Whether metrics of the process are in it. */
  readonly process: boolean
}

export const CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
}

export function exposition(families: readonly Family[], { format, process }: ExpositionOptions): string {
  const told = families.filter(({ name }) => process || name.startsWith('brink_'))
  const lines = told.flatMap((family) => linesOf(family, format))
  if (format === 'openmetrics') lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

function linesOf(family: Family, format: MetricsFormat): string[] {
  const { name, type, help, unit, samples } = family
  if (samples.length === 0) return []
  // In the older format the family of a counter has the name of its samples.
  const familyName = format === 'prometheus' && type === 'counter' ? `${name}_total` : name
  return [
    `# HELP ${familyName} ${help}`,
    `# TYPE ${familyName} ${type}`,
    ...(unit !== undefined && format === 'openmetrics' ? [`# UNIT ${name} ${unit}`] : []),
    ...samples.map((sample) => lineOf(name, sample)),
  ]
}

function lineOf(name: string, { suffix, labels, value }: Sample): string {
  return `${name}${suffix}${labelsText(labels)} ${numberText(value)}`
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** The same in both formats. */
function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
