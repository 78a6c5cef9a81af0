// What the live page of a target makes of samples, as far as it needs no browser.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Plan } from '#brink/faults/plan.js'
import { latencyRange } from '#brink/target/page/heat_map.js'
import { History } from '#brink/target/page/history.js'
import { planExamples } from '#brink/target/page/plan_examples.js'
import { type Sample, sampleOf } from '#brink/target/page/sample.js'
import { bytes, count, duration } from '#brink/target/page/words.js'

function samples(...all: Partial<Sample>[]): History {
  const history = new History(3)
  for (const [place, sample] of all.entries()) history.add(sampleOf({ at: (place + 1) * 1000, ...sample }))
  return history
}

for (const [said, text] of [
  [count(0), '0'],
  [count(1.5), '1.5'],
  [count(99_167.6), '99,168'],
  [duration(0), '0 µs'],
  [duration(0.3), '300 µs'],
  [duration(1.25), '1.25 ms'],
  [duration(12_345), '12.3 s'],
  [bytes(0), '0 B'],
  [bytes(999), '999 B'],
  [bytes(123_456_789), '123 MB'],
]) {
  test(`a number is written as ${text}`, () => assert.is(said, text))
}

for (const [name, plan] of planExamples) {
  test(`the example of a plan can be set: ${name}`, () => {
    const set = new Plan()
    set.set(plan, 'first-request')
    assert.is(set.state.state, 'waiting')
  })
}

test('a history keeps the newest samples', () => {
  const history = samples({ open: 1 }, { open: 2 }, { open: 3 }, { open: 4 })
  assert.equal(
    history.column(({ open }) => open),
    [2, 3, 4],
  )
  assert.equal(history.times(), [2, 3, 4])
})

test('a sample that was sent again is not taken again', () => {
  const history = samples({ at: 5000 }, { at: 5000 }, { at: 4000 }, { at: '1970-01-01T00:00:06.000Z' })
  assert.equal(history.times(), [5, 6])
})

test('counts become rates by the time of their sample', () => {
  const history = samples({ seconds: 2, open: 10 }, { seconds: 0, open: 10 })
  assert.equal(
    history.rates(({ open }) => open),
    [5, 10],
  )
})

const bounds = [0.1, 1, 10]
for (const [what, counts, percentiles, range] of [
  ['nothing has come', [0, 0, 0, 0], {}, [0.01, 10]],
  ['all is in one bucket', [0, 1, 0, 0], {}, [0.1, 1]],
  ['the first bucket begins at 0', [1, 0, 0, 0], {}, [0.01, 0.1]],
  ['the last one has no end', [0, 0, 0, 1], {}, [10, 100]],
  ['a percentile is above all buckets', [0, 1, 0, 0], { 'p99.9': 250 }, [0.1, 1000]],
] as const) {
  test(`the scale of latencies when ${what}`, () => {
    assert.equal(latencyRange(samples({ latency: { bounds, counts }, percentiles })), range)
  })
}

test('a sample without some of its members has zeros there', () => {
  const { answers, cpu, latency, phase } = sampleOf({ at: 1 })
  assert.equal(
    { answers, cpu, latency, phase },
    { answers: {}, cpu: 0, latency: { bounds: [], counts: [] }, phase: null },
  )
})

test.run()
