// Overload: what the queue of workers does is what theory says of M/M/c, in virtual time.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Waiting } from '#brink/faults/drawn_fault.js'
import { Plan } from '#brink/faults/plan.js'
import { Draws } from '#brink/faults/seeded_draw.js'
import { WorkerQueue } from '#brink/faults/worker_queue.js'
import { VirtualTime } from './virtual_time.js'

const SERVICE_MS = 10
const REQUESTS = 200_000

/** The probability that a request waits, with so many workers and an offered load in units of one (Erlang C). */
function erlangC(workers: number, load: number): number {
  // By Erlang B, worker for worker.
  let blocked = 1
  for (let each = 1; each <= workers; each += 1) blocked = (load * blocked) / (each + load * blocked)
  return blocked / (1 - (load / workers) * (1 - blocked))
}

/** Each timer is the begin of a service. */
class ServiceTimes extends VirtualTime {
  readonly begins: number[] = []

  override after(ms: number, run: () => void): Waiting {
    this.begins.push(this.now())
    return super.after(ms, run)
  }
}

/** Requests at random times for a server that is loaded so, from 0 to 1. */
function overload(workers: number, utilisation: number, limit: number) {
  const time = new ServiceTimes()
  const plan = new Plan({ seed: 5, timing: time, limits: { maxDelay: 1_000_000 } })
  plan.setFaults(`service=exponential(${SERVICE_MS}ms); workers=${workers}; queue-limit=${limit}; retry-after=3s`)
  const meanGap = SERVICE_MS / (workers * utilisation)
  const arrivals: number[] = []
  for (let number = 0; number < REQUESTS; number += 1) {
    time.pass(-meanGap * Math.log1p(-new Draws(99, number).at(0)))
    const fault = plan.draw({ method: 'GET', path: '/' })
    if (fault?.status !== 503) {
      arrivals.push(time.now())
      fault?.work?.begin(() => {})
      continue
    }
    assert.equal(fault.kinds, ['overload'])
    assert.is(fault.retryAfter, 3)
  }
  time.pass(1e9)
  assert.is(time.begins.length, arrivals.length)
  // First come, first served.
  const waits = time.begins.map((begin, at) => begin - (arrivals[at] as number))
  const meanWait = waits.reduce((sum, wait) => sum + wait, 0) / waits.length
  return { meanWait, refused: 1 - arrivals.length / REQUESTS }
}

for (const [workers, utilisation] of [
  [1, 0.3],
  [1, 0.8],
  [4, 0.5],
  [4, 0.9],
] as const) {
  test(`${workers} workers that are busy ${utilisation} of the time let requests wait as Erlang C says, within 6 %`, () => {
    const load = workers * utilisation
    const theory = (erlangC(workers, load) * SERVICE_MS) / (workers - load)
    const { meanWait, refused } = overload(workers, utilisation, 1_000_000)
    assert.ok(Math.abs(meanWait / theory - 1) < 0.06, `${meanWait} ms, in theory ${theory} ms`)
    assert.is(refused, 0)
  })
}

test('a queue with a limit turns away as many as M/M/1/K does, within 2 %, when twice as many come as it can serve', () => {
  const places = 11
  const theory = (2 ** places * (1 - 2)) / (1 - 2 ** (places + 1))
  const { refused } = overload(1, 2, places - 1)
  assert.ok(Math.abs(refused / theory - 1) < 0.02, `${refused}, in theory ${theory}`)
})

/** A queue with one worker and two places, and what is served by and by. */
function queued() {
  const time = new VirtualTime()
  const queue = new WorkerQueue(1, 2, time)
  const done: string[] = []
  const enter = (name: string, ms: number) => queue.work(ms).begin(() => done.push(`${name} at ${time.now()}`))
  return { time, queue, done, enter }
}

test('requests are served in the order in which they came', () => {
  const { time, done, enter } = queued()
  for (const name of ['a', 'b', 'c']) enter(name, 10)
  time.pass(100)
  assert.equal(done, ['a at 10', 'b at 20', 'c at 30'])
})

test('a client that leaves while it waits frees its place in the queue', () => {
  const { time, queue, done, enter } = queued()
  enter('a', 10)
  const b = enter('b', 10)
  enter('c', 10)
  assert.ok(queue.isFull)
  b.cancel()
  assert.not(queue.isFull)
  time.pass(100)
  assert.equal(done, ['a at 10', 'c at 20'])
  b.cancel()
  assert.is(queue.busy + queue.waiting, 0)
})

test('a client that leaves while it is served frees its worker', () => {
  const { time, queue, done, enter } = queued()
  const a = enter('a', 10)
  enter('b', 10)
  time.pass(3)
  a.cancel()
  a.cancel()
  time.pass(100)
  assert.equal(done, ['b at 13'])
  assert.is(time.waiting, 0)
  assert.is(queue.busy, 0)
})

test('what needs no worker is not turned away', () => {
  const plan = new Plan({ seed: 1, timing: new VirtualTime() })
  plan.setFaults('service=5ms:50%; queue-limit=1')
  const statuses = Array.from({ length: 100 }, () => {
    const fault = plan.draw({ method: 'GET', path: '/' })
    fault?.work?.begin(() => {})
    return fault?.status
  })
  const first = statuses.indexOf(503)
  assert.ok(first >= 2)
  assert.ok(statuses.slice(first).some((status) => status === undefined))
})

test('a request of its own faults, and one of a rule, pass the queue by', () => {
  const plan = new Plan({ seed: 1, timing: new VirtualTime() })
  plan.set({ phases: [{ fault: 'service=5ms; queue-limit=1', rules: [{ path: '/fast', fault: 'none' }] }] }, 'now')
  for (let each = 0; each < 2; each += 1) plan.draw({ method: 'GET', path: '/' })?.work?.begin(() => {})
  assert.is(plan.draw({ method: 'GET', path: '/' })?.status, 503)
  assert.is(plan.draw({ method: 'GET', path: '/fast' }), undefined)
  assert.equal(plan.state.overload, { busy: 1, waiting: 1 })
})

test.run()
