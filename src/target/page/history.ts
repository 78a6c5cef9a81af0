// The samples that the page shows: those of the last minutes.
import { type Sample, secondsOf } from './sample.js'

export class History {
  readonly samples: Sample[] = []
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get last(): Sample | undefined {
    return this.samples.at(-1)
  }

  /** Takes what is newer than the last one: when a page connects again, it is sent what it has. */
  add(sample: Sample): void {
    const { last } = this
    if (last !== undefined && secondsOf(sample.at) <= secondsOf(last.at)) return
    this.samples.push(sample)
    if (this.samples.length > this.#most) this.samples.shift()
  }

  /** Seconds since 1970, one for each sample. */
  times(): number[] {
    return this.samples.map(({ at }) => secondsOf(at))
  }

  /** A value of each sample. */
  column(value: (sample: Sample) => number): number[] {
    return this.samples.map(value)
  }

  /** A count of each sample, for a second. */
  rates(countOf: (sample: Sample) => number): number[] {
    return this.samples.map((sample) => countOf(sample) / (sample.seconds || 1))
  }
}
