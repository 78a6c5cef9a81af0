// The numbers that cross with the answers of a target, and what they stand for: a run of a load tool in the upper bits,
// and the faults that were drawn in the lower ones.
import { MEASURED_KINDS, MEASURED_RUNS } from '../exchange/layout.js'
import { FAULT_KINDS, type FaultKind } from '../faults/drawn_fault.js'
import { countOf } from './hdr_counts.js'

/** Whoever asks for the target's own pages is no run. */
export const OWN_RUN = MEASURED_RUNS - 1
/** Runs that are kept. A place is given to another run only when so many more have come as are left. */
export const MOST_RUNS = 48
export const MOST_OF_RUN_ID = 64
/** Sets of faults that are counted each for itself: a run has room of its own for each, and clients may ask for any. */
const MOST_SETS = 128
const RUN_ID = /^[\w.:~+-]{1,64}$/

const BREAKING: ReadonlySet<FaultKind> = new Set(['empty', 'garbage', 'malformed', 'length', 'cut', 'reset', 'stall'])

/** The number of all answers that are the target's own: they are left out of what is counted. */
export const OWN_NUMBER = OWN_RUN * MEASURED_KINDS

export function isOwnRun(place: number): boolean {
  return place === OWN_RUN
}

/** The id of a run, if it is one: 1 to 64 letters, digits and `_ . : ~ + -`. */
export function runIdOf(text: string): string | undefined {
  return RUN_ID.test(text) ? text : undefined
}

export class StatisticsNumbers {
  /** Runs that were dropped, because newer ones have taken their room. */
  dropped = 0
  /** By their ids, the oldest first. */
  readonly #places = new Map<string, number>()
  readonly #free: number[] = []
  readonly #sets: (readonly FaultKind[])[] = [[]]
  readonly #setPlaces = new Map<string, number>([['', 0]])
  /** Requests that have come, by the place of their run, and the place of their faults. */
  readonly #came: Float64Array[] = []
  readonly #choose: (free: readonly number[]) => number

  /** @param choose one of the free places, of which the first was free the longest, for a run that is new */
  constructor(choose: (free: readonly number[]) => number) {
    this.#choose = choose
    for (let place = 1; place < OWN_RUN; place += 1) this.#free.push(place)
  }

  /** The ids of the runs, the oldest first. */
  get runs(): string[] {
    return [...this.#places.keys()]
  }

  placeOf(run: string): number | undefined {
    return this.#places.get(run)
  }

  /** 0 without a run and faults. An id that is none is no run. */
  numberOf(run: string | undefined, kinds: readonly FaultKind[]): number {
    const place = run === undefined || runIdOf(run) === undefined ? 0 : this.#placeOfRun(run)
    return place * MEASURED_KINDS + (kinds.length === 0 ? 0 : this.#placeOfKinds(kinds))
  }

  /** Counts a request that has another number than 0. */
  came(number: number): void {
    const counts = this.#countsAt(Math.floor(number / MEASURED_KINDS))
    counts[number % MEASURED_KINDS] = (counts[number % MEASURED_KINDS] as number) + 1
  }

  /** Whether a client gets no whole answer when these faults were drawn. */
  breaks(set: number): boolean {
    return this.#sets[set]?.some((kind) => BREAKING.has(kind)) === true
  }

  /** Requests of a run that were counted by `came`. */
  requestsOf(place: number): number {
    return countOf(this.#came[place] ?? NONE)
  }

  /** What was drawn for requests, by kind: of the run at a place, or of all. */
  faults(place?: number): Record<string, number> {
    const found: Record<string, number> = {}
    const places = place === undefined ? this.#came.keys() : [place]
    for (const at of places) {
      this.#came[at]?.forEach((count, set) => {
        if (count === 0) return
        for (const kind of this.#sets[set] ?? []) found[kind] = (found[kind] ?? 0) + count
      })
    }
    return found
  }

  #countsAt(place: number): Float64Array {
    const found = this.#came[place]
    if (found !== undefined) return found
    const counts = new Float64Array(MEASURED_KINDS)
    this.#came[place] = counts
    return counts
  }

  #placeOfRun(run: string): number {
    const found = this.#places.get(run)
    if (found !== undefined) return found
    if (this.#places.size === MOST_RUNS) this.#dropOldest()
    const place = this.#choose(this.#free)
    this.#free.splice(this.#free.indexOf(place), 1)
    this.#places.set(run, place)
    return place
  }

  /** Requests of it that are under way are counted in its place, so that is used again as late as can be. */
  #dropOldest(): void {
    const [run, place] = this.#places.entries().next().value as [string, number]
    this.#places.delete(run)
    this.#free.push(place)
    this.dropped += 1
  }

  #placeOfKinds(kinds: readonly FaultKind[]): number {
    const name = kinds.length === 1 ? (kinds[0] as string) : kinds.join()
    const found = this.#setPlaces.get(name)
    if (found !== undefined) return found
    // What is drawn comes from few rules, so there are few sets. Where they are many, the last kind stands for the others.
    const leavesRoom = this.#sets.length < MOST_SETS - FAULT_KINDS.length || kinds.length === 1
    if (!leavesRoom) return this.#placeOfKinds(kinds.slice(-1))
    this.#sets.push([...kinds])
    this.#setPlaces.set(name, this.#sets.length - 1)
    return this.#sets.length - 1
  }
}

const NONE = new Float64Array(0)
