// How late the event loop is, as it is measured.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { DELAY_BOUNDS_MS, LoopDelay } from '#brink/runtime/loop_delay.js'
import { timers } from '#brink/runtime/timers.js'
import { Clock } from './clock.js'

async function measuring(run: (delay: LoopDelay, clock: Clock, pass: (ms: number) => void) => void): Promise<void> {
  const clock = new Clock()
  const { now } = timers
  let time = 1000
  timers.now = () => time
  try {
    await clock.during(async () => {
      run(new LoopDelay(), clock, (ms) => {
        time += ms
        clock.pass(ms)
      })
    })
  } finally {
    timers.now = now
  }
}

test('a timer that is late tells by how much', () =>
  measuring((delay, _clock, pass) => {
    const end = delay.watch()
    pass(50)
    assert.is(delay.currentMs(), 0)
    pass(350)
    assert.is(delay.currentMs(), 300)
    pass(50)
    assert.is(delay.currentMs(), 0)
    assert.is(delay.sumMs, 300)
    assert.is(delay.counts[0], 2)
    assert.is(delay.counts[DELAY_BOUNDS_MS.indexOf(500)], 1)
    end()
  }))

test('a measurement that is overdue counts already', async () => {
  const { now } = timers
  await measuring((delay) => {
    delay.watch()
    const { now: fake } = timers
    timers.now = () => fake() + 250
    assert.is(delay.currentMs(), 200)
  })
  assert.is(timers.now, now)
})

test('it measures while somebody wants to know, and keeps no process alive', () =>
  measuring((delay, clock, pass) => {
    assert.equal(clock.running, [0, 0])
    const [one, other] = [delay.watch(), delay.watch()]
    assert.equal(clock.running, [1, 0])
    one()
    one()
    pass(50)
    assert.equal(clock.running, [1, 0])
    other()
    assert.equal(clock.running, [0, 0])
  }))

test.run()
