// A strict reader of metrics: OpenMetrics 1.0, and Prometheus' text format 0.0.4 as far as it differs. What it does not
// understand completely is an error.

export interface ReadFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly unit: string | undefined
  readonly samples: readonly ReadSample[]
}

export interface ReadSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const NAME = /^[a-z_:][a-z0-9_:]*$/
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
}

export function readMetrics(text: string, format: 'openmetrics' | 'prometheus'): Map<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('The last line has no end.')
  const lines = text.slice(0, -1).split('\n')
  if (format === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('It does not end with # EOF.')
  const families = new Map<string, ReadFamily & { samples: ReadSample[] }>()
  let current: { name: string; type?: string; help?: string; unit?: string; samples: ReadSample[] } | undefined
  const finish = () => {
    if (current === undefined) return
    const { name, type, help, unit, samples } = current
    if (type === undefined || help === undefined) throw new Error(`${name} has no type or no help.`)
    if (samples.length === 0) throw new Error(`${name} has no samples.`)
    if (families.has(name)) throw new Error(`${name} is there twice.`)
    families.set(name, { name, type, help, unit, samples })
    check(families.get(name) as ReadFamily, format)
  }
  for (const line of lines) {
    const about = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line)
    if (about !== null) {
      const [, kind, name = '', rest = ''] = about
      if (current?.name !== name) {
        finish()
        current = { name, samples: [] }
      }
      if (current.samples.length > 0) throw new Error(`${line} comes after samples.`)
      if (kind === 'HELP') current.help = rest
      if (kind === 'TYPE') current.type = rest
      if (kind === 'UNIT') current.unit = rest
      continue
    }
    if (current === undefined || line.startsWith('#') || line === '')
      throw new Error(`What is ${JSON.stringify(line)}?`)
    current.samples.push(readSample(line))
  }
  finish()
  return families
}

export function readSample(line: string): ReadSample {
  const [, name = ''] = /^([a-z_:][a-z0-9_:]*)/.exec(line) ?? []
  let at = name.length
  const labels: Record<string, string> = {}
  if (line[at] === '{') {
    for (;;) {
      const label = /^[{,]([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/.exec(line.slice(at))
      if (label === null) throw new Error(`Labels are wrong in ${line}`)
      const [whole, key = '', value = ''] = label
      if (Object.hasOwn(labels, key)) throw new Error(`The label ${key} is there twice in ${line}`)
      labels[key] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
      at += whole.length
      if (line[at] === '}') break
    }
    at += 1
  }
  const value = /^ (\+Inf|-Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(line.slice(at))?.[1]
  if (name === '' || value === undefined) throw new Error(`What is ${JSON.stringify(line)}?`)
  return { name, labels, value: value.endsWith('Inf') ? Number(`${value[0]}Infinity`) : Number(value) }
}

function check({ name, type, unit, help, samples }: ReadFamily, format: 'openmetrics' | 'prometheus'): void {
  const fail = (what: string) => {
    throw new Error(`${name}: ${what}`)
  }
  if (!NAME.test(name)) fail('its name')
  if (/["\\]/.test(help)) fail('its help')
  if (unit !== undefined && !name.endsWith(`_${unit}`)) fail(`its unit ${unit}`)
  if (unit !== undefined && format === 'prometheus') fail('a unit')
  const isOld = format === 'prometheus'
  if (isOld && type === 'counter' && !name.endsWith('_total')) fail('a counter ends with _total')
  if (!isOld && name.endsWith('_total')) fail('a family does not end with _total')
  const suffixes = isOld && type === 'counter' ? [''] : SUFFIXES[type]
  if (suffixes === undefined) return fail(`its type ${type}`)
  const seen = new Set<string>()
  for (const sample of samples) {
    if (!sample.name.startsWith(name) || !suffixes.includes(sample.name.slice(name.length))) fail(`has ${sample.name}`)
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (seen.has(key)) fail(`${key} twice`)
    seen.add(key)
    if (type !== 'gauge' && !(sample.value >= 0)) fail(`${key} is ${sample.value}`)
    if ('le' in sample.labels !== sample.name.endsWith('_bucket')) fail('le')
  }
  if (type === 'histogram') checkHistogram(name, samples, fail)
}

function checkHistogram(name: string, samples: readonly ReadSample[], fail: (what: string) => void): void {
  const groups = new Map<string, ReadSample[]>()
  for (const sample of samples) {
    const { le, ...labels } = sample.labels
    const key = JSON.stringify(labels)
    groups.set(key, [...(groups.get(key) ?? []), sample])
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => Number(labels.le?.replace('+Inf', 'Infinity')))
    if (bounds.some((bound, place) => !(bound > (bounds[place - 1] ?? Number.NEGATIVE_INFINITY)))) fail('its bounds')
    const values = buckets.map(({ value }) => value)
    if (values.some((value, place) => value < (values[place - 1] ?? 0))) fail(`${key} falls`)
    const count = group.find((sample) => sample.name === `${name}_count`)
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY || count?.value !== values.at(-1)) fail(`its count at ${key}`)
    if (!group.some((sample) => sample.name === `${name}_sum`)) fail('no sum')
  }
}

/** The sum of a family's samples with these labels, whatever other labels they have. */
export function sumOf(
  families: ReadonlyMap<string, ReadFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const samples = [...families.values()].flatMap((family) => family.samples).filter((sample) => sample.name === name)
  const fitting = samples.filter((sample) =>
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
  return fitting.reduce((sum, { value }) => sum + value, 0)
}
