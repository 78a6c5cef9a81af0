// A check of an app's health, on a clock of the test's own.
import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Check } from '#brink/operate/health_check.js'
import { timers } from '#brink/runtime/timers.js'
import { Clock } from './clock.js'

/** Runs with a time that passes when it is told to. */
async function timed(run: (pass: (ms: number) => void) => Promise<void>): Promise<void> {
  const clock = new Clock()
  const { now } = timers
  let time = 1_000_000
  timers.now = () => time
  try {
    await clock.during(() =>
      run((ms) => {
        time += ms
        clock.pass(ms)
      }),
    )
  } finally {
    timers.now = now
  }
}

const times = { cache: 1000, timeout: 800 }

test('whatever is thrown, a check fails', async () => {
  const unreadable = Object.assign(new Error(), {
    toString: () => {
      throw new Error('unreadable')
    },
  })
  Object.defineProperty(unreadable, 'message', { get: unreadable.toString })
  const thrown = [undefined, null, Symbol('a'), Object.create(null), unreadable, { toString: unreadable.toString }]
  for (const value of thrown) {
    const check = new Check('a', () => Promise.reject(value), times)
    assert.is((await check.outcome()).status, 'failing')
  }
})

test('an outcome is kept for the time of the cache, a bad one too', () =>
  timed(async (pass) => {
    let calls = 0
    const check = new Check(
      'db',
      () => {
        calls += 1
        if (calls === 1) throw new Error('down')
      },
      times,
    )
    assert.equal(await check.outcome(), { status: 'failing', error: 'down' })
    pass(999)
    assert.is((await check.outcome()).status, 'failing')
    assert.is(calls, 1)
    pass(1)
    assert.equal(await check.outcome(), { status: 'ok', error: undefined })
    assert.is(calls, 2)
  }))

test('one that ignores its signal is not started again until it has ended, or half a minute has passed', () =>
  timed(async (pass) => {
    const ends: (() => void)[] = []
    const check = new Check('db', () => new Promise<void>((resolve) => ends.push(resolve)), times)
    const first = check.outcome()
    pass(800)
    assert.equal(await first, { status: 'timeout', error: 'It has taken more than 800 ms.' })
    pass(20_000)
    assert.is((await check.outcome()).status, 'timeout')
    assert.is(ends.length, 1)
    pass(10_000)
    const second = check.outcome()
    assert.is(ends.length, 2)
    // What the first one says is too late.
    ends[0]?.()
    await null
    pass(800)
    assert.is((await second).status, 'timeout')
    ends[1]?.()
    await new Promise((resolve) => setImmediate(resolve))
    pass(1000)
    const third = check.outcome()
    ends[2]?.()
    assert.is((await third).status, 'ok')
  }))

test('it runs in a context of its own, not in that of a probe', async () => {
  const storage = new AsyncLocalStorage<string>()
  const check = new Check('db', () => storage.getStore() === undefined, times)
  assert.is((await storage.run('of a probe', async () => check.outcome())).status, 'ok')
})

test.run()
