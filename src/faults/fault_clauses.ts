// The clauses of the fault grammar: one table for texts, plans and the schema.
import { type ClauseForm, chance, NAME_ALONE, oneValue, valuesOf, valuesOr } from './clause_forms.js'
import type { Distribution } from './distribution.js'
import type { Cut } from './drawn_fault.js'
import type { FaultPlace } from './fault_error.js'
import type { CheckedFaultLimits } from './fault_limits.js'
import {
  BYTES,
  CUT_PLACE,
  type CutPlace,
  countTo,
  MALFORMED_PART,
  PIECES,
  type Pieces,
  RATE,
  SIZE_DIFFERENCE,
  SIZES,
  STATUS,
  TIMES,
} from './fault_values.js'
import type { TextReader } from './text_reader.js'
import type { Item } from './weighted.js'

/** A way in which an answer is broken. */
export type Break =
  | { readonly kind: 'empty' }
  | { readonly kind: 'garbage'; readonly size: Distribution }
  | { readonly kind: 'malformed'; readonly part: 'chunk' | 'head' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'cut' | 'reset' | 'stall'; readonly cut: Cut }

/** What clauses have said. */
export interface ReadClauses {
  chance?: Item<true>
  delay?: readonly Item<Distribution>[]
  bodyDelay?: readonly Item<Distribution>[]
  drip?: readonly Item<Pieces>[]
  status?: readonly Item<number>[]
  retryAfter?: readonly Item<Distribution>[]
  size?: readonly Item<Distribution>[]
  /** Of all clauses that break an answer, of which one alone happens. */
  broken: Item<Break>[]
  close?: readonly Item<true>[]
  acceptPerSecond?: number
  receiveBuffer?: number
  hold?: boolean
  refuse?: boolean
  workers?: Item<number>
  service?: readonly Item<Distribution>[]
  queueLimit?: Item<number>
}

/** A clause that was read, and is to be checked. */
export type ReadClause = (into: ReadClauses, limits: CheckedFaultLimits) => void

export interface Clause {
  /** Those of the server concern connections, or requests together: a request cannot ask for them. */
  readonly scope: 'answer' | 'server'
  readonly pattern: string
  readonly alone: ClauseForm<unknown>['alone']
  read(reader: TextReader): ReadClause
  /** The clause whose name stands alone. */
  readAlone(where: { readonly place: FaultPlace }): ReadClause
}

type Put<Value> = (into: ReadClauses, items: readonly Item<Value>[]) => void

function clause<Value>(scope: Clause['scope'], form: ClauseForm<Value>, put: Put<Value>): Clause {
  const checked = (items: readonly Item<Value>[]): ReadClause => {
    return (into, limits) => {
      form.check(items, limits)
      put(into, items)
    }
  }
  return {
    scope,
    pattern: form.pattern,
    alone: form.alone,
    read: (reader) => checked(form.read(reader)),
    readAlone: ({ place }) => checked((form.items ?? []).map((item) => ({ ...item, place }))),
  }
}

function breaking<Value>(form: ClauseForm<Value>, breakOf: (value: Value) => Break): Clause {
  return clause('answer', form, (into, items) => {
    into.broken.push(...items.map((item) => ({ ...item, value: breakOf(item.value) })))
  })
}

function cutting(kind: 'cut' | 'reset' | 'stall'): Clause {
  const by = kind === 'cut' ? 'close' : kind
  const usual: CutPlace = { at: 'before-head' }
  return breaking(valuesOr(CUT_PLACE, usual), (place) => ({ kind, cut: { ...place, by } }))
}

const MOST_WORKERS = 10_000
const LONGEST_QUEUE = 1_000_000

function only<Value>(items: readonly Item<Value>[]): Item<Value> {
  return items[0] as Item<Value>
}

/** In the order of the documents. */
export const CLAUSES = {
  delay: clause('answer', valuesOf(TIMES), (into, items) => {
    into.delay = items
  }),
  'body-delay': clause('answer', valuesOf(TIMES), (into, items) => {
    into.bodyDelay = items
  }),
  drip: clause('answer', valuesOf(PIECES), (into, items) => {
    into.drip = items
  }),
  status: clause('answer', valuesOf(STATUS), (into, items) => {
    into.status = items
  }),
  'retry-after': clause('answer', valuesOf(TIMES), (into, items) => {
    into.retryAfter = items
  }),
  size: clause('answer', valuesOf(SIZES), (into, items) => {
    into.size = items
  }),
  cut: cutting('cut'),
  reset: cutting('reset'),
  stall: cutting('stall'),
  empty: breaking(chance('may'), () => ({ kind: 'empty' })),
  garbage: breaking(valuesOf(SIZES), (size) => ({ kind: 'garbage', size })),
  malformed: breaking(valuesOf(MALFORMED_PART), (part) => ({ kind: 'malformed', part })),
  length: breaking(valuesOf(SIZE_DIFFERENCE), (bytes) => ({ kind: 'length', bytes })),
  close: clause('answer', chance('may'), (into, items) => {
    into.close = items
  }),
  chance: clause('answer', chance('never'), (into, items) => {
    into.chance = only(items)
  }),
  service: clause('server', valuesOf(TIMES), (into, items) => {
    into.service = items
  }),
  workers: clause('server', oneValue(countTo(MOST_WORKERS, 'a number of workers')), (into, items) => {
    into.workers = only(items)
  }),
  'queue-limit': clause('server', oneValue(countTo(LONGEST_QUEUE, 'a number of requests')), (into, items) => {
    into.queueLimit = only(items)
  }),
  accept: clause('server', oneValue(RATE), (into, items) => {
    into.acceptPerSecond = only(items).value
  }),
  hold: clause('server', NAME_ALONE, (into) => {
    into.hold = true
  }),
  refuse: clause('server', NAME_ALONE, (into) => {
    into.refuse = true
  }),
  'receive-window': clause('server', oneValue(BYTES), (into, items) => {
    into.receiveBuffer = only(items).value
  }),
} satisfies Record<string, Clause>

export type ClauseName = keyof typeof CLAUSES

export const CLAUSE_NAMES = Object.keys(CLAUSES) as readonly ClauseName[]

/** Those that may stand where only answers are meant, or all. */
export function clausesFor(scope: Clause['scope']): readonly ClauseName[] {
  return CLAUSE_NAMES.filter((name) => scope === 'server' || CLAUSES[name].scope === 'answer')
}
