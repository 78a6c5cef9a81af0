// Exact timers. How late they come is measured by load/delays.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ExactTimers } from '#brink/faults/exact_timers.js'
import { Draws } from '#brink/faults/seeded_draw.js'
import { timers } from '#brink/runtime/timers.js'

/** Exact timers do not keep the process, so something else has to. */
async function kept<Value>(promise: Promise<Value>): Promise<Value> {
  const guard = timers.setTimeout(() => {}, 100_000)
  try {
    return await promise
  } finally {
    timers.clearTimeout(guard)
  }
}

test('ten thousand timers end once each, in their order, and none early', async () => {
  const exact = new ExactTimers()
  const ended: { readonly due: number; readonly at: number }[] = []
  await kept(
    new Promise<void>((resolve) => {
      for (let number = 0; number < 10_000; number += 1) {
        const ms = new Draws(1, number).at(0) * 200
        const timer = exact.after(ms, () => {
          // What the heap is sorted by.
          ended.push({ due: (timer as unknown as { due: number }).due, at: timers.now() })
          if (exact.size === 0) resolve()
        })
      }
      assert.is(exact.size, 10_000)
    }),
  )
  assert.is(ended.length, 10_000)
  assert.equal(
    ended.filter(({ due, at }) => at < due),
    [],
  )
  const dues = ended.map(({ due }) => due)
  assert.equal(
    dues,
    [...dues].sort((one, other) => one - other),
  )
})

test('a timer that is cancelled never ends, and all others do', async () => {
  const exact = new ExactTimers()
  const ended = new Set<number>()
  const waiting = Array.from({ length: 1000 }, (_, number) =>
    exact.after(new Draws(2, number).at(0) * 20, () => ended.add(number)),
  )
  for (const [number, one] of waiting.entries()) if (number % 3 === 0) one.cancel()
  for (const [number, one] of waiting.entries()) if (number % 9 === 0) one.cancel()
  assert.is(exact.size, 666)
  await kept(new Promise<void>((resolve) => exact.after(50, resolve)))
  assert.is(ended.size, 666)
  assert.ok([...ended].every((number) => number % 3 !== 0))
  // What has ended can be cancelled as well.
  for (const one of waiting) one.cancel()
  assert.is(exact.size, 0)
})

test('a timer may be set, and others cancelled, while one ends', async () => {
  const exact = new ExactTimers()
  const order: string[] = []
  await kept(
    new Promise<void>((resolve) => {
      const late = exact.after(30, () => order.push('cancelled'))
      exact.after(10, () => {
        order.push('first')
        late.cancel()
        exact.after(0, () => {
          order.push('second')
          exact.after(5, resolve)
        })
      })
    }),
  )
  assert.equal(order, ['first', 'second'])
})

test('an error in one does not stop the others', async () => {
  const exact = new ExactTimers()
  const failed = new Promise((resolve) => process.once('uncaughtException', resolve))
  exact.after(1, () => {
    throw new Error('of a test')
  })
  const others = new Promise<void>((resolve) => exact.after(1, resolve))
  assert.match(String(await kept(failed)), /of a test/)
  await kept(others)
})

test('clear() forgets all', async () => {
  const exact = new ExactTimers()
  let count = 0
  for (let each = 0; each < 10; each += 1) exact.after(each, () => (count += 1))
  exact.clear()
  await kept(new Promise<void>((resolve) => exact.after(20, resolve)))
  assert.is(count, 0)
})

test('the timers and clocks of an app that are faked do not stop them', async () => {
  const { setTimeout, performance } = globalThis
  const { now } = performance
  Object.assign(globalThis, { setTimeout: () => assert.unreachable() })
  performance.now = () => 0
  try {
    const exact = new ExactTimers()
    await kept(new Promise<void>((resolve) => exact.after(10, resolve)))
  } finally {
    Object.assign(globalThis, { setTimeout })
    performance.now = now
  }
})

test('what is due at once lets the event loop turn in between', async () => {
  const exact = new ExactTimers()
  let ended = 0
  let turns = 0
  const busy = (): void => {
    const until = timers.now() + 1
    while (timers.now() < until);
    ended += 1
  }
  for (let each = 0; each < 50; each += 1) exact.after(1, busy)
  const turn = (): void => {
    if (ended > 0 && ended < 50) turns += 1
    if (ended < 50) timers.setImmediate(turn)
  }
  timers.setImmediate(turn)
  await kept(
    new Promise<void>((resolve) => {
      const check = (): unknown => (ended === 50 ? resolve() : timers.setImmediate(check))
      check()
    }),
  )
  assert.ok(turns >= 3, `${turns}`)
})

test.run()
