// Draws what happens to one answer.
import { type Distribution, sample, sampleWhole } from './distribution.js'
import type { DrawnFault, FaultKind } from './drawn_fault.js'
import type { Break } from './fault_clauses.js'
import type { FaultSpec } from './fault_spec.js'
import { Draws } from './seeded_draw.js'
import { choose, isCertain, type Weighted } from './weighted.js'
import type { WorkerQueue } from './worker_queue.js'

/** The place of each clause in the draws of a request: it stays, so that a seed means the same faults in later versions. */
const PLACES = {
  seed: 0,
  chance: 1,
  delay: 2,
  bodyDelay: 3,
  drip: 4,
  status: 5,
  retryAfter: 6,
  size: 7,
  broken: 8,
  close: 9,
  service: 10,
} as const

type Place = keyof typeof PLACES

/** Each place has a number that chooses, and two for a distribution. */
const NUMBERS_EACH = 4

/** What a queue that is full tells clients, in seconds, unless `retry-after` says it. */
const RETRY_AFTER = 1

type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] }

/**
 * Draws what happens to the answer of a request: always the same for the same seed and number. Undefined when nothing does.
 * @param queue of the workers of `spec.overload`
 */
export function draw(spec: FaultSpec, seed: number, number: number, queue?: WorkerQueue): DrawnFault | undefined {
  return new Drawing(spec, new Draws(seed, number)).draw(queue)
}

class Drawing {
  readonly #spec: FaultSpec
  readonly #draws: Draws
  // In the order of FAULT_KINDS.
  readonly #kinds: FaultKind[] = []

  constructor(spec: FaultSpec, draws: Draws) {
    this.#spec = spec
    this.#draws = draws
  }

  draw(queue: WorkerQueue | undefined): DrawnFault | undefined {
    const { chance } = this.#spec
    if (chance < 1 && this.#number('chance') >= chance) return undefined
    const drawn: Partial<Writable<DrawnFault>> = {}
    const service = queue === undefined ? undefined : this.#chosen('service', this.#spec.overload?.service)
    if (queue !== undefined && service !== undefined && queue.isFull) {
      this.#turnAway(drawn)
    } else {
      if (queue !== undefined && service !== undefined) drawn.work = queue.work(this.#time('service', service))
      this.#times(drawn)
      this.#answer(drawn)
      this.#break(drawn)
      if (this.#chosen('close', this.#spec.close) === true) {
        drawn.close = true
        this.#kinds.push('close')
      }
    }
    if (this.#kinds.length === 0 && drawn.work === undefined) return undefined
    return { ...drawn, kinds: this.#kinds, seed: this.#draws.wordAt(PLACES.seed) }
  }

  #turnAway(drawn: Partial<Writable<DrawnFault>>): void {
    drawn.status = 503
    drawn.retryAfter = this.#retryAfter() ?? RETRY_AFTER
    this.#kinds.push('overload')
  }

  #times(drawn: Partial<Writable<DrawnFault>>): void {
    const { delay, bodyDelay, drip, limits } = this.#spec
    const before = this.#chosen('delay', delay)
    if (before !== undefined) {
      drawn.delay = this.#time('delay', before)
      this.#kinds.push('delay')
    }
    const between = this.#chosen('bodyDelay', bodyDelay)
    if (between !== undefined) {
      drawn.bodyDelay = this.#time('bodyDelay', between)
      this.#kinds.push('body-delay')
    }
    const pieces = this.#chosen('drip', drip)
    if (pieces !== undefined) {
      const longest = limits.maxDelay / Math.max(pieces.pieces - 1, 1)
      drawn.drip = { pieces: pieces.pieces, every: Math.min(this.#time('drip', pieces.every), longest) }
      this.#kinds.push('drip')
    }
  }

  #answer(drawn: Partial<Writable<DrawnFault>>): void {
    const { status, size } = this.#spec
    const chosen = this.#chosen('status', status)
    if (chosen !== undefined) {
      drawn.status = chosen
      const retryAfter = this.#retryAfter()
      if (retryAfter !== undefined) drawn.retryAfter = retryAfter
      this.#kinds.push('status')
    }
    const sizes = this.#chosen('size', size)
    if (sizes !== undefined) {
      drawn.size = this.#size('size', sizes)
      this.#kinds.push('size')
    }
  }

  #break(drawn: Partial<Writable<DrawnFault>>): void {
    const broken = this.#chosen('broken', this.#spec.broken)
    if (broken === undefined) return
    this.#kinds.push(broken.kind)
    this.#breakBy(broken, drawn)
  }

  #breakBy(broken: Break, drawn: Partial<Writable<DrawnFault>>): void {
    switch (broken.kind) {
      case 'empty':
        drawn.empty = true
        return
      case 'garbage':
        drawn.garbage = this.#size('broken', broken.size)
        return
      case 'malformed':
        drawn.malformed = broken.part
        return
      case 'length':
        drawn.length = broken.bytes
        return
      default:
        drawn.cut = broken.cut
    }
  }

  #retryAfter(): number | undefined {
    const chosen = this.#chosen('retryAfter', this.#spec.retryAfter)
    return chosen === undefined ? undefined : Math.ceil(this.#time('retryAfter', chosen) / 1000)
  }

  #chosen<Value>(place: Place, values: Weighted<Value> | undefined): Value | undefined {
    if (values === undefined) return undefined
    return isCertain(values) ? values.values[0] : choose(values, this.#number(place))
  }

  /** In milliseconds. */
  #time(place: Place, distribution: Distribution): number {
    if (distribution.kind === 'fixed') return distribution.value
    const drawn = sample(distribution, this.#number(place, 1), this.#number(place, 2))
    return Math.min(Math.max(drawn, 0), this.#spec.limits.maxDelay)
  }

  /** In bytes. */
  #size(place: Place, distribution: Distribution): number {
    const drawn = sampleWhole(distribution, this.#number(place, 1), this.#number(place, 2))
    return Math.min(Math.max(drawn, 0), this.#spec.limits.maxSize)
  }

  #number(place: Place, which: 0 | 1 | 2 = 0): number {
    return this.#draws.at(PLACES[place] * NUMBERS_EACH + which)
  }
}
