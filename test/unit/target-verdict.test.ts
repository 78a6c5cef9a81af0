// Was the target the bottleneck? Each rule, by windows that were measured.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { machineIn, threadIn, throttledIn } from '#brink/statistics/process_figures.js'
import { type LoadWindow, type VerdictReason, verdictOf } from '#brink/statistics/verdict.js'

const IDLE: LoadWindow = {
  seconds: 1,
  requests: 0,
  javascript: 0,
  loops: [],
  cores: 0.01,
  machine: 0.1,
  stolen: 0,
  throttled: 0,
  overflows: 0,
  loopDelay: 1,
}
const LOAD: LoadWindow = { ...IDLE, requests: 10_000, javascript: 0.4, cores: 0.5, machine: 0.6 }

function judged(windows: readonly LoadWindow[], clientWait = 0) {
  return verdictOf({ windows, processors: 4, clientWait })
}

const cases: readonly [
  what: string,
  windows: readonly LoadWindow[],
  reasons: readonly VerdictReason[],
  sentence: RegExp,
  clientWait?: number,
][] = [
  [
    'a target with time left',
    [LOAD],
    [],
    /^The target was not the bottleneck: its JavaScript thread was idle for 60 % of the busiest time, and its machine \(4 processors\) for 40 %\.$/,
  ],
  ['no load at all', [IDLE], ['too-little'], /^There was too little load to judge: 0 requests\.$/],
  ['one request', [{ ...LOAD, requests: 1 }], ['too-little'], /: 1 request\.$/],
  ['load for a moment', [{ ...LOAD, seconds: 0.1 }], ['too-little'], /too little load/],
  [
    'a busy JavaScript thread',
    [{ ...LOAD, javascript: 0.97 }],
    ['javascript-thread'],
    /^The target was the bottleneck: its JavaScript thread was busy for 97 % of the time\.$/,
  ],
  [
    'one loop of two that is busy',
    [{ ...LOAD, loops: [0.2, 0.93] }],
    ['loop-thread'],
    /the thread of a loop was busy for 93 % of the time\.$/,
  ],
  ['an accept queue that was full', [{ ...IDLE, overflows: 3 }, LOAD], ['accept-queue'], /3 connections found a full/],
  ['a late event loop', [{ ...LOAD, loopDelay: 80 }], ['loop-delay'], /late by up to 80 ms\.$/],
  ['a throttled process group', [{ ...LOAD, throttled: 0.25 }], ['throttled'], /stopped it for 0\.25 s\.$/],
  ['a hypervisor that takes', [{ ...LOAD, stolen: 0.08 }], ['stolen'], /gave 8 % of its machine to others\.$/],
  [
    'a full machine',
    [{ ...LOAD, machine: 0.99 }],
    ['machine'],
    /its machine was full \(99 % of all processors, of which the target had 0\.5 of 4\)\.$/,
  ],
  [
    'clients that do not read',
    [LOAD],
    ['client'],
    /; for 62 % of their time its answers have waited for clients that did not read\.$/,
    0.625,
  ],
  [
    'several reasons',
    [{ ...LOAD, javascript: 0.95, machine: 0.97 }],
    ['javascript-thread', 'machine'],
    /busy for 95 % of the time; its machine was full/,
  ],
  [
    'a machine of which nothing is known',
    [{ ...LOAD, machine: undefined }],
    [],
    /idle for 60 % of the busiest time\.$/,
  ],
]

for (const [what, windows, reasons, sentence, clientWait] of cases) {
  test(`${what}: ${reasons.join(' and ') || 'no bottleneck'}`, () => {
    const verdict = judged(windows, clientWait)
    assert.equal(verdict.reasons, reasons)
    assert.match(verdict.sentence, sentence)
    const isHarmless = reasons.every((reason) => reason === 'client' || reason === 'too-little')
    assert.is(verdict.bottleneck, !isHarmless)
  })
}

test('it is judged by the seconds with the most requests', () => {
  const busy = { ...LOAD, javascript: 0.99 }
  const { reasons, figures } = judged([IDLE, IDLE, { ...LOAD, requests: 4000, javascript: 0.2 }, busy, busy, IDLE])
  assert.equal(reasons, ['javascript-thread'])
  assert.is(figures.seconds, 2)
  assert.is(figures.requestRate, 10_000)
})

test('a short rest of a second is no second', () => {
  const { reasons } = judged([
    { ...LOAD, javascript: 0.5 },
    { ...LOAD, seconds: 0.01, requests: 1000, javascript: 1 },
  ])
  assert.equal(reasons, [])
})

test("the system's texts are read, whatever a thread is called", () => {
  const stat = `4711 (a ) b (c) S 1 2 3 4 -1 4194304 125 0 0 0 150 50 0 0 20 0 1`
  assert.equal(threadIn(stat), { id: 4711, name: 'a ) b (c', cpu: 2 })
  assert.is(threadIn(''), undefined)
  assert.is(threadIn('12 (x'), undefined)
  assert.equal(machineIn('cpu  100 0 100 700 50 0 0 50 0 0\ncpu0 1'), { busy: 2, stolen: 0.5, total: 10 })
  assert.is(machineIn(''), undefined)
  assert.is(throttledIn('usage_usec 5\nthrottled_usec 1500000\n'), 1.5)
  assert.is(throttledIn(''), 0)
})

test.run()
