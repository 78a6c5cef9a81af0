// The schema of plans says what the parser does: what it refuses is ERR_FAULT_SYNTAX, and nothing else is.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CLAUSE_NAMES } from '#brink/faults/fault_clauses.js'
import { checkedFaultLimits } from '#brink/faults/fault_limits.js'
import { planOf } from '#brink/faults/plan_definition.js'
import { planSchema } from '#brink/faults/plan_schema.js'
import { Draws } from '#brink/faults/seeded_draw.js'
import { codeThrownBy } from './code_thrown_by.js'
import { matchesSchema } from './json_schema.js'
import { paper } from './papers.js'

const limits = checkedFaultLimits()
const schema = planSchema()

/** Whether both agree; the plan is what `JSON.parse` gives. */
function agreed(plan: unknown): 'taken' | 'value' | 'syntax' {
  const code = codeThrownBy(() => planOf(plan, limits))
  const isSyntax = code === 'ERR_FAULT_SYNTAX'
  if (!isSyntax && code !== 'ERR_FAULT_VALUE' && code !== 'nothing was thrown') throw code
  assert.is(matchesSchema(schema, plan), !isSyntax, `${JSON.stringify(plan)}: ${code}`)
  return isSyntax ? 'syntax' : code === 'ERR_FAULT_VALUE' ? 'value' : 'taken'
}

/** Random choices that are the same each time. */
class Dice {
  readonly #draws: Draws
  #place = 0
  constructor(number: number) {
    this.#draws = new Draws(1, number)
  }
  below(count: number): number {
    this.#place += 1
    return Math.floor(this.#draws.at(this.#place % 1024) * count)
  }
  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value
  }
  /** Up to so many. */
  some(most: number, make: () => string, separator: string): string {
    return Array.from({ length: 1 + this.below(most) }, make).join(separator)
  }
}

const TIMES = [
  '5ms',
  '1.5s',
  '150us',
  '1m',
  '2h',
  '0ms',
  '5',
  '5 ms',
  '-1ms',
  '1.ms',
  '1e3ms',
  '00012345678901234567ms',
]
const SIZES = ['5B', '1kB', '2KiB', '3MB', '1GB', '1GiB', '5kb', '5', '1.25MiB']
const SHARES = ['5%', '0.05', '0%', '100%', '1.0', '101%', '1.5', '5', '00.5', '.5', '0.', '5 %']
const PLACES = [
  'head',
  'body',
  'before-head',
  'head@5B',
  'body@50%',
  'body@1GiB',
  'tail',
  'body@5ms',
  'head@',
  'body@ 5B',
]

/** Of the first ones mostly, which are right. */
function mostly(dice: Dice, right: number, all: readonly string[]): string {
  return dice.below(10) === 0 ? dice.of(all) : dice.of(all.slice(0, right))
}

function distribution(dice: Dice, right: number, quantities: readonly string[]): string {
  const quantity = () => mostly(dice, right, quantities)
  return dice.of([
    quantity,
    quantity,
    () => `${quantity()}..${quantity()}`,
    () => `normal(${quantity()},${quantity()})`,
    () => `lognormal( ${quantity()} ,0.5 )`,
    () => `exponential (${quantity()})`,
    () => mostly(dice, 1, [quantity(), `lognormal(${quantity()},${quantity()})`, `uniform(${quantity()})`]),
  ])()
}

const MAKERS: Record<string, (dice: Dice) => string> = {
  times: (dice) => distribution(dice, 6, TIMES),
  sizes: (dice) => distribution(dice, 6, SIZES),
  pieces: (dice) => `${dice.below(30)}x${distribution(dice, 6, TIMES)}`,
  statuses: (dice) => mostly(dice, 3, ['200', '503', '599', '600', '199', '50', '5030', '']),
  places: (dice) => mostly(dice, 6, PLACES),
  parts: (dice) => mostly(dice, 2, ['head', 'chunk', 'body']),
  lengths: (dice) => mostly(dice, 3, ['+5B', '-3kB', '0B', '- 3kB', '+']),
  rates: (dice) => mostly(dice, 3, ['10/s', '0.5/s', '0/s', '10/m', '10']),
  counts: (dice) => mostly(dice, 2, ['16', '0', '1.5', '-1', '1234567890']),
  shares: (dice) => mostly(dice, 7, SHARES),
}

const MAKER_OF: Partial<Record<string, keyof typeof MAKERS>> = {
  ...{ drip: 'pieces', status: 'statuses', size: 'sizes', cut: 'places', reset: 'places', stall: 'places' },
  ...{ empty: 'shares', garbage: 'sizes', malformed: 'parts', length: 'lengths', close: 'shares', chance: 'shares' },
  ...{ workers: 'counts', 'queue-limit': 'counts', accept: 'rates', 'receive-window': 'sizes' },
}

function valueText(dice: Dice, name: string): string {
  const maker = dice.below(20) === 0 ? dice.of(Object.keys(MAKERS)) : (MAKER_OF[name] ?? 'times')
  const value = () => (MAKERS[maker] as (dice: Dice) => string)(dice)
  const item = () =>
    dice.below(4) === 0 ? `${value()}${mostly(dice, 2, [':', ' : ', '::'])}${mostly(dice, 7, SHARES)}` : value()
  return dice.below(4) === 0 ? dice.some(3, item, mostly(dice, 2, [',', ' , ', ',,'])) : item()
}

function clauseText(dice: Dice): string {
  const name = dice.below(40) === 0 ? dice.of(['delai', 'none', 'Delay', '', 'delay5']) : dice.of(CLAUSE_NAMES)
  const isAlone = dice.below(20) === 0 || ['hold', 'refuse'].includes(name)
  return isAlone ? name : `${name}${mostly(dice, 2, ['=', ' = ', '=='])}${valueText(dice, name)}`
}

function faultText(dice: Dice): string {
  const text = dice.some(3, () => clauseText(dice), mostly(dice, 3, [';', ' ; ', '; ', ';;', ',', ' ']))
  return `${mostly(dice, 3, ['', ' ', '\t', '\n'])}${text}${mostly(dice, 3, ['', ';', ' ; ', ';;', '\u00a0'])}`
}

test('texts of faults, right ones and wrong ones', () => {
  const counts = { taken: 0, value: 0, syntax: 0 }
  for (let number = 0; number < 6_000; number += 1) {
    const dice = new Dice(number)
    const text = faultText(dice)
    const inRule = dice.below(6) === 0
    counts[agreed({ phases: [inRule ? { rules: [{ fault: text }] } : { fault: text }] })] += 1
  }
  // Each kind often enough to mean something.
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > 100, `${kind}: ${count}`)
})

test('texts that are right but for one character', () => {
  const texts = [
    'delay=150us:10%,normal(2ms, 1ms):5%,1ms..2ms; body-delay=lognormal(9ms,0.5); drip=10x5ms',
    'status=503:5%,500:0.05; retry-after=1s; size=exponential(10kB); close=5%; chance=50%',
    'cut=head@20B:1%; reset=body@50%:1%; stall:1%; empty=1%; garbage=64B:1%; malformed=chunk:1%; length=-3B:1%',
    'service=exponential(5ms); workers=4; queue-limit=20; accept=10/s; hold; refuse; receive-window=1kB',
    'none',
  ]
  const characters = [...' \t\n;,:=.%()@+-/0159aBkMsmuxµ%none']
  const counts = { taken: 0, value: 0, syntax: 0 }
  for (const text of texts) {
    for (let at = 0; at <= text.length; at += 1) {
      const changed = characters.flatMap((each) => [
        text.slice(0, at) + each + text.slice(at),
        text.slice(0, at) + each + text.slice(at + 1),
      ])
      for (const other of [text.slice(0, at), text.slice(0, at) + text.slice(at + 1), ...changed]) {
        counts[agreed({ phases: [{ fault: other }] })] += 1
      }
    }
  }
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > 50, `${kind}: ${count}`)
})

test('faults as objects', () => {
  const counts = { taken: 0, value: 0, syntax: 0 }
  for (let number = 0; number < 3_000; number += 1) {
    const dice = new Dice(1e6 + number)
    const names = Array.from({ length: 1 + dice.below(2) }, () =>
      mostly(dice, CLAUSE_NAMES.length, [...CLAUSE_NAMES, 'x']),
    )
    const entries = names.map((name): [string, unknown] => {
      const isAlone = ['hold', 'refuse', 'empty', 'close'].includes(name)
      if (dice.below(10) === 0) return [name, dice.of([true, false, null, 5, [], {}])]
      return [name, isAlone && dice.below(2) === 0 ? true : valueText(dice, name)]
    })
    const fault = Object.fromEntries(entries)
    counts[agreed({ phases: [dice.below(3) === 0 ? { rules: [{ fault }] } : { fault }] })] += 1
  }
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > 50, `${kind}: ${count}`)
})

const whole = {
  $schema: 'https://example.com/plan.schema.json',
  seed: 42,
  start: 'now',
  repeat: true,
  phases: [
    { name: 'good', for: '30s' },
    { name: 'busy', requests: 10, fault: 'status=503:5%' },
    {
      for: '1.5m',
      fault: { delay: '5ms', empty: true, refuse: true },
      rules: [
        { path: '/api/*', method: 'GET', fault: 'empty' },
        { method: ['GET', 'M-SEARCH'], path: '*', fault: { close: '5%' } },
      ],
    },
  ],
}

/** Every value of a plan, replaced by each of these; every member removed, and one added. */
function* variations(value: unknown): Generator<unknown> {
  const others = [
    null,
    true,
    false,
    0,
    -1,
    1,
    1.5,
    1e9,
    1e10,
    2 ** 53,
    '',
    'x',
    '5s',
    'now',
    'GET',
    '/x',
    '/x?y',
    '/ü',
    'x'.repeat(2001),
    '😀'.repeat(100),
    '😀'.repeat(101),
    [],
    {},
    [{}],
    [1],
    ['GET'],
    ['get'],
  ]
  yield* others
  if (Array.isArray(value)) {
    for (const [at, each] of value.entries()) {
      for (const other of variations(each)) yield value.toSpliced(at, 1, other)
      yield value.toSpliced(at, 1)
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, each] of Object.entries(value)) {
      for (const other of variations(each)) yield { ...value, [name]: other }
      const { [name]: _removed, ...rest } = value as Record<string, unknown>
      yield rest
    }
    yield { ...value, unknown: 1 }
    yield { ...value, toString: 1 }
    yield JSON.parse(JSON.stringify(value).replace(/^\{/, '{"__proto__":1,'))
  }
}

test('plans of every shape', () => {
  assert.is(agreed(whole), 'taken')
  const counts = { taken: 0, value: 0, syntax: 0 }
  for (const plan of variations(whole)) counts[agreed(plan)] += 1
  assert.ok(counts.taken > 50 && counts.value > 5 && counts.syntax > 500, JSON.stringify(counts))
})

test('the package carries the schema as a file', () => {
  const { files } = JSON.parse(paper('package.json')) as { files: string[] }
  assert.ok(files.includes('dist/target/plan.schema.json'))
  assert.equal(JSON.parse(paper('dist/target/plan.schema.json')), JSON.parse(JSON.stringify(schema)))
})

test.run()
