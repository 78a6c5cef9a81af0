// Metrics of several servers and processes as those of one.
import type { Family, Labels, Sample } from './family.js'

/** The families of all lists, each once. Samples with the same labels become one. */
export function merged(lists: readonly (readonly Family[])[]): Family[] {
  const families = new Map<string, { readonly family: Family; readonly samples: Map<string, Sample> }>()
  for (const family of lists.flat()) {
    let known = families.get(family.name)
    if (known === undefined) {
      known = { family, samples: new Map() }
      families.set(family.name, known)
    }
    const takesMost = family.of === 'host' || family.merge === 'max'
    for (const sample of family.samples) add(known.samples, sample, takesMost)
  }
  return [...families.values()].map(({ family, samples }) => ({ ...family, samples: [...samples.values()] }))
}

function add(samples: Map<string, Sample>, sample: Sample, takesMost: boolean): void {
  const key = keyOf(sample)
  const other = samples.get(key)
  if (other === undefined) samples.set(key, sample)
  else {
    const value = takesMost ? Math.max(other.value, sample.value) : other.value + sample.value
    samples.set(key, { ...other, value })
  }
}

function keyOf({ suffix, labels }: Sample): string {
  return JSON.stringify([suffix, ...Object.entries(labels).flat()])
}

/** The metrics of a worker, with its number where they tell of one worker. */
export function ofWorker(families: readonly Family[], slot: number): Family[] {
  const labelled = (labels: Labels): Labels => {
    const { le, ...others } = labels
    return { ...others, worker: `${slot}`, ...(le === undefined ? {} : { le }) }
  }
  return families.map((family) =>
    family.of === 'worker'
      ? { ...family, samples: family.samples.map((sample) => ({ ...sample, labels: labelled(sample.labels) })) }
      : family,
  )
}

/** What stays of a process that has ended: its counters, because sums over processes must not fall. */
export function lasting(families: readonly Family[]): Family[] {
  return families.filter(({ type, of }) => type !== 'gauge' && of !== 'host')
}
