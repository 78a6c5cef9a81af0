// What is drawn follows its seed and its distribution. Bounds are those of p = 0.001, see statistics.ts.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { DrawnFault } from '#brink/faults/drawn_fault.js'
import { draw } from '#brink/faults/fault_draw.js'
import { parseFaults } from '#brink/faults/fault_spec.js'
import { Draws, threefry } from '#brink/faults/seeded_draw.js'
import { chiSquare, chiSquareBound, KS_BOUND, kolmogorovSmirnov, normalBelow } from './statistics.js'

const COUNT = 20_000
const SEED = 20_261_130

function drawAll(text: string, count = COUNT, seed = SEED): (DrawnFault | undefined)[] {
  const spec = parseFaults(text)
  return Array.from({ length: count }, (_, number) => draw(spec, seed, number))
}

test('the generator gives the known answers of Threefry-2x32 with 20 rounds', () => {
  const ones = 0xffffffff
  assert.equal(threefry([0, 0], 0, 0), [0x6b200159, 0x99ba4efe])
  assert.equal(threefry([ones, ones], ones, ones), [0x1cb996fc, 0xbb002be7])
  assert.equal(threefry([0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3), [0xc4923a9c, 0x483df7a0])
})

test('numbers of a draw are even, by number of the request and by place', () => {
  for (const at of [
    (each: number) => new Draws(SEED, each).at(5),
    (each: number) => new Draws(SEED, 9).at(each % 1024),
    (each: number) => new Draws(each, 9).at(5),
    (each: number) => new Draws(SEED, each * 2 ** 32).at(5),
  ]) {
    const values = Array.from({ length: 1024 }, (_, each) => at(each))
    assert.ok(values.every((value) => value >= 0 && value < 1))
    assert.ok(kolmogorovSmirnov(values, (value) => value) < KS_BOUND)
  }
})

test('draws of neighbours do not depend on one another', () => {
  const cell = (number: number, place: number) => Math.floor(new Draws(SEED, number).at(place) * 16)
  for (const [number, place] of [
    [1, 0],
    [0, 1],
  ] as const) {
    const counted = new Array<number>(256).fill(0)
    for (let each = 0; each < 40_000; each += 1) {
      const at = cell(each * 2, 0) * 16 + cell(each * 2 + number, place)
      counted[at] = (counted[at] as number) + 1
    }
    assert.ok(chiSquare(counted, new Array<number>(256).fill(40_000 / 256)) < chiSquareBound(255))
  }
})

/** The values of a fault, and the distribution function that they should have. */
const distributions: readonly [text: string, value: keyof DrawnFault, below: (value: number) => number][] = [
  ['delay=10ms..50ms', 'delay', (value) => (value - 10) / 40],
  ['delay=normal(100ms,10ms)', 'delay', (value) => normalBelow((value - 100) / 10)],
  ['delay=lognormal(90ms,0.4)', 'delay', (value) => normalBelow(Math.log(value / 90) / 0.4)],
  ['delay=exponential(50ms)', 'delay', (value) => 1 - Math.exp(-value / 50)],
  ['body-delay=10ms..50ms', 'bodyDelay', (value) => (value - 10) / 40],
  ['size=1MB..2MB', 'size', (value) => (value - 1e6) / 1e6],
  ['size=exponential(1MB)', 'size', (value) => 1 - Math.exp(-value / 1e6)],
  ['garbage=normal(1MB,100kB)', 'garbage', (value) => normalBelow((value - 1e6) / 1e5)],
]

for (const [text, name, below] of distributions) {
  test(`values of ${text} are distributed so`, () => {
    const values = drawAll(text).map((fault) => fault?.[name] as number)
    assert.ok(kolmogorovSmirnov(values, below) < KS_BOUND, String(kolmogorovSmirnov(values, below)))
  })
}

test('times between pieces are distributed so', () => {
  const values = drawAll('drip=5x10ms..50ms').map((fault) => fault?.drip?.every as number)
  assert.ok(kolmogorovSmirnov(values, (value) => (value - 10) / 40) < KS_BOUND)
})

test('sizes from one to another are each as likely', () => {
  const sizes = drawAll('size=3B..9B').map((fault) => fault?.size)
  const counted = [3, 4, 5, 6, 7, 8, 9].map((wanted) => sizes.filter((size) => size === wanted).length)
  assert.ok(chiSquare(counted, new Array<number>(7).fill(COUNT / 7)) < chiSquareBound(6))
})

/** What happens, by a name, and how likely it should be. */
const shares: readonly [text: string, nameOf: (fault: DrawnFault | undefined) => string, Record<string, number>][] = [
  ['status=503:5%', (fault) => String(fault?.status), { 503: 0.05, undefined: 0.95 }],
  ['status=503:5%,500:0.1,429', (fault) => String(fault?.status), { 503: 0.05, 500: 0.1, 429: 0.85 }],
  ['status=500,502,503', (fault) => String(fault?.status), { 500: 1 / 3, 502: 1 / 3, 503: 1 / 3 }],
  ['delay=1ms:10%,2ms:5%', (fault) => String(fault?.delay), { 1: 0.1, 2: 0.05, undefined: 0.85 }],
  // Of what breaks an answer one alone happens, each with its own probability.
  [
    'reset=5%; stall=head:5%; empty=10%; malformed=chunk:1%,head:2%; length=-3B:4%; garbage=9B:3%',
    (fault) => String(fault?.kinds),
    { reset: 0.05, stall: 0.05, empty: 0.1, malformed: 0.03, length: 0.04, garbage: 0.03, undefined: 0.7 },
  ],
  // Other clauses are independent.
  [
    'status=503:20%; close=50%',
    (fault) => `${fault?.status} ${fault?.close}`,
    { '503 true': 0.1, '503 undefined': 0.1, 'undefined true': 0.4, 'undefined undefined': 0.4 },
  ],
  [
    'chance=30%; status=503:50%; delay=1ms',
    (fault) => `${fault?.status} ${fault?.delay}`,
    { '503 1': 0.15, 'undefined 1': 0.15, 'undefined undefined': 0.7 },
  ],
]

for (const [text, nameOf, expected] of shares) {
  test(`${text} happens as often as it says`, () => {
    const counted = new Map(Object.keys(expected).map((name) => [name, 0]))
    for (const fault of drawAll(text)) {
      const name = nameOf(fault)
      assert.ok(counted.has(name), name)
      counted.set(name, (counted.get(name) as number) + 1)
    }
    const wanted = Object.values(expected).map((share) => share * COUNT)
    const found = chiSquare([...counted.values()], wanted)
    assert.ok(found < chiSquareBound(wanted.length - 1), `${found}`)
  })
}

test('the same seed and number give the same fault, whatever was drawn before', () => {
  const text = 'delay=exponential(5ms); status=503:50%; reset=body:20%; size=1B..9kB'
  const forwards = drawAll(text, 1000)
  const spec = parseFaults(text)
  for (const number of [999, 0, 500, 3]) assert.equal(draw(spec, SEED, number), forwards[number])
  assert.not.equal(drawAll(text, 1000, SEED + 1), forwards)
})

test('a clause more changes nothing of what the others draw', () => {
  const alone = drawAll('status=503:50%; delay=exponential(5ms)', 500)
  const beside = drawAll('close=50%; delay=exponential(5ms); size=1B..9kB; status=503:50%; reset=10%', 500)
  for (const [number, fault] of beside.entries()) {
    assert.is(fault?.status, alone[number]?.status)
    assert.is(fault?.delay, alone[number]?.delay)
  }
})

test('these draws stay in later versions', () => {
  const spec = parseFaults('delay=exponential(10ms); status=503:30%,500:20%; reset=20%; size=1B..1kB')
  const found = [0, 1, 2, 2 ** 40].map((number) => {
    const { delay, status, size, kinds, seed } = draw(spec, 42, number) as DrawnFault
    return [delay?.toFixed(6), status, size, kinds.join(), seed]
  })
  assert.equal(found, [
    ['2.155803', 503, 867, 'delay,status,size', 3732534457],
    ['4.975498', undefined, 70, 'delay,size', 646961260],
    ['2.676637', undefined, 262, 'delay,size', 2234760234],
    ['18.549813', undefined, 495, 'delay,size', 3543739322],
  ])
})

test.run()
