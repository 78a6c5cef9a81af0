// Plans: their phases over time, their rules, and what a wrong one is told.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { FaultError } from '#brink/faults/fault_error.js'
import { parseFaults } from '#brink/faults/fault_spec.js'
import { Plan } from '#brink/faults/plan.js'
import { VirtualTime } from './virtual_time.js'

const THREE = {
  phases: [
    { name: 'good', for: '30s' },
    { name: 'busy', for: '10s', fault: 'status=503; retry-after=1s' },
    { name: 'slow', fault: { delay: '20ms' } },
  ],
}

function started(plan: unknown, start: 'now' | 'first-request' = 'now') {
  const time = new VirtualTime()
  const made = new Plan({ seed: 1, timing: time })
  made.set(plan, start)
  const get = (path = '/') => made.draw({ method: 'GET', path })
  return { time, plan: made, get }
}

/** Where it is: `1 busy`, or its state. */
function placeOf(plan: Plan): string {
  const { state, phase } = plan.state
  return phase === null ? state : `${phase.index} ${phase.name}`
}

test('a plan goes through its phases by time', () => {
  const { time, plan, get } = started(THREE)
  assert.is(get(), undefined)
  time.pass(29_999)
  assert.is(get(), undefined)
  time.pass(1)
  assert.is(get()?.status, 503)
  assert.is(get()?.retryAfter, 1)
  time.pass(9_999)
  assert.is(get()?.status, 503)
  time.pass(1)
  assert.is(get()?.delay, 20)
  time.pass(1e9)
  assert.is(placeOf(plan), '2 slow')
})

test('phases begin at exact times, however late they are noticed', () => {
  const { time, plan } = started(THREE)
  time.pass(35_000)
  assert.is(placeOf(plan), '1 busy')
  assert.is(plan.state.phase?.elapsed, 5_000)
  assert.is(plan.state.phase?.remaining, 5_000)
})

test('a plan that waits begins with the first request', () => {
  const { time, plan, get } = started(THREE, 'first-request')
  time.pass(100_000)
  assert.is(placeOf(plan), 'waiting')
  assert.ok(plan.isActive)
  get()
  assert.is(placeOf(plan), '0 good')
  time.pass(30_000)
  assert.is(placeOf(plan), '1 busy')
})

test('what a plan says of its start goes before what its place says', () => {
  assert.is(placeOf(started({ ...THREE, start: 'now' }, 'first-request').plan), '0 good')
  assert.is(placeOf(started({ ...THREE, start: 'first-request' }).plan), 'waiting')
})

test('a plan whose last phase has an end is over then, and faults nothing any more', () => {
  const { time, plan, get } = started({ phases: [{ for: '1s', fault: 'status=500' }] })
  assert.is(get()?.status, 500)
  time.pass(1000)
  assert.is(placeOf(plan), 'ended')
  assert.not(plan.isActive)
  assert.is(get(), undefined)
  assert.is(time.waiting, 0)
})

test('a plan repeats', () => {
  const { time, plan, get } = started({ repeat: true, phases: [{ for: '1s' }, { for: '1s', fault: 'empty' }] })
  for (let second = 0; second < 6; second += 1) {
    assert.is(get()?.empty, second % 2 === 0 ? undefined : true)
    time.pass(1000)
  }
  assert.is(plan.state.cycle, 3)
})

test('a plan that repeats costs nothing for the time in which the machine slept', () => {
  const { time, plan } = started({
    repeat: true,
    phases: [
      { name: 'a', for: '1ms' },
      { name: 'b', for: '2ms' },
    ],
  })
  const asleep = 3 * 1e9 + 1
  // Its timer comes once, much too late.
  const now = time.now.bind(time)
  time.now = () => now() + asleep
  assert.is(plan.draw({ method: 'GET', path: '/' }), undefined)
  assert.is(placeOf(plan), '1 b')
  assert.is(plan.state.cycle, 1e9)
})

test('phases end after so many requests, so that a test knows which gets which', () => {
  const { get, plan } = started({ phases: [{ requests: 2 }, { requests: 3, fault: 'status=503' }, { name: 'last' }] })
  const statuses = Array.from({ length: 7 }, () => get()?.status ?? 200)
  assert.equal(statuses, [200, 200, 503, 503, 503, 200, 200])
  assert.is(placeOf(plan), '2 last')
})

test('a phase ends at the first of its ends', () => {
  const { time, get, plan } = started({ phases: [{ for: '1s', requests: 2, name: 'a' }, { name: 'b' }] })
  get()
  assert.is(placeOf(plan), '0 a')
  get()
  assert.is(placeOf(plan), '1 b')
  plan.restart()
  time.pass(1000)
  assert.is(placeOf(plan), '1 b')
})

test('the first rule that matches counts, and the fault of the phase for what none matches', () => {
  const rules = [
    { path: '/api/*', method: 'POST', fault: 'status=500' },
    { path: '/api/health', fault: 'none' },
    { path: '/api/*', fault: 'status=501' },
    { method: ['PUT', 'PATCH'], fault: 'status=502' },
    { path: '*.png', fault: 'status=404' },
  ]
  const { plan } = started({ phases: [{ rules, fault: 'status=503' }] })
  const cases: [method: string, path: string, status: number | undefined][] = [
    ['POST', '/api/users', 500],
    ['POST', '/api/health', 500],
    ['GET', '/api/health', undefined],
    ['GET', '/api/', 501],
    ['GET', '/api', 503],
    ['PATCH', '/x', 502],
    ['GET', '/a/b.png', 404],
    ['GET', '/a/b.png/c', 503],
    ['GET', '/', 503],
  ]
  for (const [method, path, status] of cases) {
    assert.is(plan.draw({ method, path })?.status, status, `${method} ${path}`)
  }
})

test('what happens to listeners is told when a phase begins, and when it ends', () => {
  const phases = [{ for: '1s' }, { for: '1s', fault: 'refuse' }, { for: '1s', fault: 'accept=5/s' }]
  const { time, plan } = started({ phases }, 'first-request')
  const told: unknown[] = []
  const stop = plan.onChange(() => told.push(plan.listenerFault))
  plan.draw({ method: 'GET', path: '/' })
  time.pass(5000)
  assert.equal(told, [null, { refuse: true }, { acceptPerSecond: 5 }, null])
  stop()
  plan.restart()
  assert.is(told.length, 4)
})

test('another plan begins with number 0, and so does the same one again', () => {
  const { plan } = started({ seed: 7, phases: [{ fault: 'status=503:50%' }] })
  const statuses = () => Array.from({ length: 64 }, () => plan.draw({ method: 'GET', path: '/' })?.status)
  const first = statuses()
  assert.not.equal(statuses(), first)
  plan.restart()
  assert.equal(statuses(), first)
  plan.set({ seed: 7, phases: [{ fault: 'status=503:50%' }] }, 'now')
  assert.equal(statuses(), first)
  plan.set({ seed: 8, phases: [{ fault: 'status=503:50%' }] }, 'now')
  assert.not.equal(statuses(), first)
})

test('a reset makes a plan what it was when it was set', () => {
  const { plan, get, time } = started({ phases: [{ requests: 1, fault: 'status=503' }, {}] }, 'first-request')
  for (const _ of [1, 2]) {
    assert.is(plan.state.state, 'waiting')
    assert.equal([get()?.status, get()?.status, plan.state.requests], [503, undefined, 2])
    plan.rewind()
    time.pass(1000)
    assert.equal([plan.state.state, plan.state.requests], ['waiting', 0])
  }
  plan.set({ phases: [{ for: '1s', name: 'a' }, { name: 'b' }] }, 'now')
  time.pass(1000)
  plan.rewind()
  assert.is(placeOf(plan), '0 a')
  plan.end()
  plan.drawOwn(parseFaults('status=503', 'answer', plan.limits))
  plan.rewind()
  assert.equal([plan.state.state, plan.state.requests], ['none', 0])
})

test('a plan whose server has closed takes no other, which would run on', () => {
  const { plan, get } = started(THREE)
  plan.close()
  plan.set(THREE, 'now')
  plan.setFaults('status=503')
  assert.is(placeOf(plan), 'none')
  assert.not(plan.isActive)
  assert.is(get(), undefined)
})

test('without a plan nothing happens to requests but what they ask for themselves', () => {
  const { plan, get } = started(THREE)
  plan.end()
  assert.not(plan.isActive)
  assert.is(get(), undefined)
  assert.is(plan.restart(), false)
  assert.equal(plan.state.plan, null)
  assert.is(placeOf(plan), 'none')
})

test('--fault is a plan of one phase without an end', () => {
  const plan = new Plan({ seed: 3 })
  plan.setFaults('delay=5ms; accept=5/s')
  assert.is(plan.draw({ method: 'GET', path: '/' })?.delay, 5)
  assert.equal(plan.listenerFault, { acceptPerSecond: 5 })
  assert.equal(plan.state.plan, { phases: [{ fault: 'delay=5ms; accept=5/s' }] })
  assert.throws(() => plan.setFaults('delay=5'), /Expected a unit/)
})

test('the state tells the seed, also one that nobody has chosen', () => {
  const plan = new Plan()
  assert.ok(Number.isInteger(plan.state.seed))
  plan.set({ seed: 12, phases: [{}] }, 'now')
  assert.is(plan.state.seed, 12)
  assert.throws(() => new Plan({ seed: -1 }), /"seed" must be a whole number/)
})

const wrong: readonly [plan: string, code: 'SYNTAX' | 'VALUE', pointer: string | undefined, message: RegExp][] = [
  ['{', 'SYNTAX', undefined, /The plan is no JSON: .*position/],
  [`${'['.repeat(100_000)}`, 'SYNTAX', undefined, /The plan is no JSON/],
  [`${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'SYNTAX', '', /Expected a plan as an object, not a list of 1/],
  ['[]', 'SYNTAX', '', /Expected a plan as an object, not an empty list/],
  ['{}', 'SYNTAX', '', /A plan needs a member "phases"/],
  ['{"phases":[]}', 'SYNTAX', '/phases', /with one at least, not an empty list/],
  ['{"phases":[{}],"sede":1}', 'SYNTAX', '/sede', /no member 'sede': did you mean "seed"\?/],
  ['{"phases":[{}],"__proto__":1}', 'SYNTAX', '/__proto__', /no member '__proto__'/],
  ['{"phases":[{}],"constructor":1}', 'SYNTAX', '/constructor', /no member/],
  ['{"phases":[{}],"seed":-1}', 'SYNTAX', '/seed', /a whole number from 0 to 9007199254740991, not -1/],
  ['{"phases":[{}],"seed":1e999}', 'SYNTAX', '/seed', /not Infinity/],
  ['{"phases":[{}],"seed":1.5}', 'SYNTAX', '/seed', /not 1.5/],
  ['{"phases":[{}],"start":"first"}', 'SYNTAX', '/start', /Expected "now" or "first-request", not 'first'/],
  ['{"phases":[{}],"repeat":1}', 'SYNTAX', '/repeat', /Expected true or false, not 1/],
  ['{"phases":[{},{"for":"30"}]}', 'SYNTAX', '/phases/1/for', /Expected a unit.*at character 3/],
  ['{"phases":[{"for":30}]}', 'SYNTAX', '/phases/0/for', /Expected a time such as .*, not 30/],
  ['{"phases":[{"for":"30s "}]}', 'SYNTAX', '/phases/0/for', /Expected the end/],
  ['{"phases":[{"requests":0}]}', 'SYNTAX', '/phases/0/requests', /from 1 to 1000000000/],
  [
    '{"phases":[{"fault":"delay=5"}]}',
    'SYNTAX',
    '/phases/0/fault',
    /at character 8 of 'delay=5' at \/phases\/0\/fault/,
  ],
  [
    '{"phases":[{"fault":["delay=5ms"]}]}',
    'SYNTAX',
    '/phases/0/fault',
    /Expected faults as a string .*, or as an object/,
  ],
  ['{"phases":[{"fault":{"dealy":"5ms"}}]}', 'SYNTAX', '/phases/0/fault/dealy', /did you mean "delay"/],
  ['{"phases":[{"fault":{"a/b~":"5ms"}}]}', 'SYNTAX', '/phases/0/fault/a~1b~0', /no clause/],
  ['{"phases":[{"fault":{"delay":5}}]}', 'SYNTAX', '/phases/0/fault/delay', /Expected a string, not 5/],
  ['{"phases":[{"fault":{"delay":"5ms;"}}]}', 'SYNTAX', '/phases/0/fault/delay', /Expected "," and the next value/],
  [
    '{"phases":[{"fault":{"empty":false}}]}',
    'SYNTAX',
    '/phases/0/fault/empty',
    /Expected a string, or true, not false/,
  ],
  ['{"phases":[{"fault":{"refuse":"yes"}}]}', 'SYNTAX', '/phases/0/fault/refuse', /Expected true, not 'yes'/],
  ['{"phases":[{"rules":[{"path":"/"}]}]}', 'SYNTAX', '/phases/0/rules/0', /A rule needs a member "fault"/],
  [
    '{"phases":[{"rules":[{"path":"x","fault":"none"}]}]}',
    'SYNTAX',
    '/phases/0/rules/0/path',
    /Expected a path such as/,
  ],
  ['{"phases":[{"rules":[{"path":"/ü","fault":"none"}]}]}', 'SYNTAX', '/phases/0/rules/0/path', /percent-encoded/],
  ['{"phases":[{"rules":[{"method":"get","fault":"none"}]}]}', 'SYNTAX', '/phases/0/rules/0/method', /in capitals/],
  ['{"phases":[{"rules":[{"method":["GET",1],"fault":"none"}]}]}', 'SYNTAX', '/phases/0/rules/0/method/1', /not 1/],
  [
    '{"phases":[{"rules":[{"fault":"refuse"}]}]}',
    'SYNTAX',
    '/phases/0/rules/0/fault',
    /a fault of the server, or of a phase/,
  ],
  ['{"phases":[{},{}]}', 'VALUE', '/phases/0', /Only the last phase/],
  ['{"repeat":true,"phases":[{}]}', 'VALUE', '/phases/0', /Only the last phase/],
  ['{"phases":[{"for":"0s"}]}', 'VALUE', '/phases/0/for', /from 1ms to 168h/],
  ['{"phases":[{"for":"169h"}]}', 'VALUE', '/phases/0/for', /from 1ms to 168h/],
  ['{"phases":[{"fault":{"delay":"2h"}}]}', 'VALUE', '/phases/0/fault/delay', /maxDelay/],
  [`{"phases":[${'{"for":"1s"},'.repeat(100)}{}]}`, 'VALUE', '/phases', /101 phases and rules, more than the 100/],
]

for (const [text, code, pointer, message] of wrong) {
  test(`the plan ${text.slice(0, 70)} is refused, with its place`, () => {
    try {
      new Plan().set(text, 'now')
    } catch (thrown) {
      const error = thrown as FaultError
      assert.is(error.code, `ERR_FAULT_${code}`, error.message)
      assert.match(error.message, message)
      assert.is(error.pointer, pointer)
      return
    }
    assert.unreachable('it was taken')
  })
}

test('a wrong plan costs little, and its error is short, whatever is in it', () => {
  const long = 'x'.repeat(400_000)
  const plans = [
    { [long]: 1, phases: [{}] },
    { phases: [{ fault: { [long]: '5ms' } }] },
    { phases: [{ fault: long }] },
    { phases: [{ fault: { delay: long } }] },
    { phases: [{ rules: [{ path: `/${long}`, method: long, fault: 'none' }] }] },
    { phases: [{ name: long }] },
    { phases: [{ for: long }] },
    { phases: [{}], start: long },
    { phases: [{}], seed: long },
  ]
  for (const plan of plans) {
    const before = process.cpuUsage()
    assert.throws(
      () => new Plan().set(JSON.stringify(plan), 'now'),
      ({ message, pointer }: FaultError) => message.length < 1000 && String(pointer).length < 200,
    )
    const { user } = process.cpuUsage(before)
    assert.ok(user < 500_000, `${user} µs for ${JSON.stringify(plan).slice(0, 50)}`)
  }
})

test('a plan that is refused leaves the old one as it was', () => {
  const { plan } = started(THREE)
  assert.throws(() => plan.set('{"phases":[]}', 'now'))
  assert.is(placeOf(plan), '0 good')
})

test.run()
