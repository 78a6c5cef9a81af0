// Plans over real sockets: a client that tries again meets three phases, and the same seed means the same faults on any number
// of threads.
import { type Target, type TargetOptions, target } from 'brink/target'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Plan } from '#brink/faults/plan.js'
import { leaveAll } from '../server/raw_client.js'
import { within } from '../server/waiting.js'

async function using(options: TargetOptions, run: (t: Target) => Promise<void>): Promise<void> {
  const t = await target({ host: '127.0.0.1', ...options })
  try {
    await run(t)
  } finally {
    leaveAll()
    await within(t.close({ force: 0 }), 'the target to close')
  }
}

/** What a request met: a status, or `broken` without a whole answer. */
type Outcome = number | 'broken'

async function attempt(url: string, fields: Record<string, string> = {}): Promise<{ outcome: Outcome; wait: number }> {
  try {
    const response = await fetch(url, { headers: { connection: 'close', ...fields } })
    await response.arrayBuffer()
    return { outcome: response.status, wait: Number(response.headers.get('retry-after') ?? 0) }
  } catch {
    return { outcome: 'broken', wait: 0 }
  }
}

/** Asks until it is answered well, as clients with a policy do; gives all that it met. */
async function withRetries(url: string, most = 50): Promise<Outcome[]> {
  const met: Outcome[] = []
  while (met.length < most && met.at(-1) !== 200) {
    const { outcome, wait } = await attempt(url)
    met.push(outcome)
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait * 1000))
  }
  return met
}

const THREE = {
  seed: 11,
  phases: [
    { name: 'good', requests: 10 },
    { name: 'bad', requests: 40, fault: 'status=503:40%,429:10%; retry-after=0ms; reset=body@50%:10%; empty=10%' },
    { name: 'good again' },
  ],
}

/** What the requests of a plan meet, drawn without a server. */
function foretold(count: number): Outcome[] {
  const plan = new Plan()
  plan.set(THREE, 'now')
  return Array.from({ length: count }, () => {
    const { status = 200, empty, cut } = plan.draw({ method: 'GET', path: '/' }) ?? {}
    return empty === true || cut !== undefined ? 'broken' : status
  })
}

for (const threads of [0, 1, 2]) {
  test(`a client with retries gets through a plan of three phases, and meets what the seed foretells, with ${threads} threads`, () =>
    using({ plan: THREE, threads }, async (t) => {
      const calls: Outcome[][] = []
      while (calls.flat().length < 60) calls.push(await withRetries(`${t.url}/json`))
      assert.ok(calls.every((met) => met.at(-1) === 200))
      const met = calls.flat()
      assert.equal(met, foretold(met.length))
      assert.ok(met.includes(503) && met.includes(429) && met.includes('broken'))
      assert.is(t.plan().phase?.name, 'good again')
      assert.is(t.plan().requests, met.length)
    }))
}

test('phases of time follow one another under load', () =>
  using({}, async (t) => {
    t.setPlan({ phases: [{ for: '1s' }, { for: '1s', fault: 'status=503' }, { name: 'last' }] })
    const met: Outcome[] = []
    while (t.plan().phase?.name !== 'last') met.push((await attempt(`${t.url}/json`)).outcome)
    met.push((await attempt(`${t.url}/json`)).outcome)
    assert.match(met.join(' '), /^(200 )+(503 )+(200 ?)+$/)
  }))

test('clients at once get the faults of the numbers that they bring, in any order', () => {
  const numbers = Array.from({ length: 60 }, (_, number) => number)
  const shuffled = [...numbers].sort((one, other) => ((one * 37) % 60) - ((other * 37) % 60))
  const outcomes = async (t: Target, order: readonly number[]): Promise<Outcome[]> => {
    const met: Outcome[] = []
    const one = async (number: number): Promise<void> => {
      met[number] = (await attempt(`${t.url}/json`, { 'x-fault-number': `${number}` })).outcome
    }
    await Promise.all(order.map(one))
    return met
  }
  return using({ fault: 'status=503:30%; reset=20%', seed: 5, threads: 2 }, async (t) => {
    const first = await outcomes(t, numbers)
    assert.ok(first.includes(200) && first.includes(503) && first.includes('broken'))
    assert.equal(await outcomes(t, shuffled), first)
    assert.is(t.plan().requests, 0)
  })
})

test('requests of an overloaded server wait for its worker, and get 503 when its queue is full', () =>
  using({ fault: 'service=1s; queue-limit=2; retry-after=7s' }, async (t) => {
    const statuses: number[] = []
    const asked = Array.from({ length: 5 }, async () => {
      const response = await fetch(`${t.url}/json`)
      statuses.push(response.status)
      if (response.status === 503) assert.is(response.headers.get('retry-after'), '7')
      await response.arrayBuffer()
    })
    await Promise.all(asked)
    assert.equal(statuses, [503, 503, 200, 200, 200])
  }))

test('a client that leaves the queue lets others in', () =>
  using({ fault: 'service=60s; queue-limit=1' }, async (t) => {
    const leaving = new AbortController()
    const busy = fetch(`${t.url}/json`, { signal: leaving.signal }).catch(() => 'left')
    const queue = async (): Promise<string> => JSON.stringify(t.plan().overload)
    await seen(queue, '{"busy":1,"waiting":0}')
    const waiting = fetch(`${t.url}/json`, { signal: leaving.signal }).catch(() => 'left')
    await seen(queue, '{"busy":1,"waiting":1}')
    assert.is((await fetch(`${t.url}/json`)).status, 503)
    leaving.abort()
    assert.equal(await Promise.all([busy, waiting]), ['left', 'left'])
    await seen(queue, '{"busy":0,"waiting":0}')
  }))

async function seen(ask: () => Promise<string>, wanted: string): Promise<void> {
  const look = async (): Promise<void> => {
    while ((await ask()) !== wanted) await new Promise((resolve) => setImmediate(resolve))
  }
  await within(look(), wanted)
}

async function sent(t: Target, method: string, body?: string, fields: Record<string, string> = {}) {
  const headers = body === undefined ? fields : { 'content-type': 'application/json', ...fields }
  const response = await fetch(`${t.url}/_brink/plan`, { method, headers, ...(body !== undefined && { body }) })
  return { status: response.status, text: await response.text() }
}

const plan = (fault: string): string => JSON.stringify({ phases: [{ fault }] })

test('a plan is set, told, started again and removed over HTTP', () =>
  using({}, async (t) => {
    assert.is((await sent(t, 'POST')).status, 409)
    const set = await sent(t, 'POST', plan('status=418'))
    assert.is(set.status, 200)
    assert.is(JSON.parse(set.text).state, 'running')
    assert.is((await attempt(`${t.url}/json`)).outcome, 418)
    const told = JSON.parse((await sent(t, 'GET')).text)
    assert.equal([told.requests, told.plan], [1, JSON.parse(plan('status=418'))])
    assert.is(JSON.parse((await sent(t, 'POST')).text).requests, 0)
    assert.is(JSON.parse((await sent(t, 'DELETE')).text).state, 'none')
    assert.is((await attempt(`${t.url}/json`)).outcome, 200)
  }))

test('a plan that is wrong gets 400 with its place, and the old one goes on', () =>
  using({ fault: 'status=418' }, async (t) => {
    const { status, text } = await sent(t, 'POST', plan('delay=5'))
    assert.is(status, 400)
    const { error } = JSON.parse(text)
    assert.equal([error.code, error.pointer, error.character], ['ERR_FAULT_SYNTAX', '/phases/0/fault', 8])
    assert.is((await sent(t, 'POST', plan('delay=2h'))).status, 400)
    assert.is((await sent(t, 'POST', '{')).status, 400)
    assert.is((await sent(t, 'POST', '['.repeat(100_000))).status, 400)
    assert.is((await sent(t, 'POST', ' '.repeat(1_000_000))).status, 413)
    assert.is((await attempt(`${t.url}/json`)).outcome, 418)
  }))

test('pages of other sites cannot give orders', () =>
  using({ fault: 'status=418' }, async (t) => {
    const own = { origin: t.url }
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: t.url.replace(/:\d+$/, '') },
      { origin: `${t.url}@evil.example` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', ...own },
    ]
    for (const fields of foreign) {
      assert.is((await sent(t, 'POST', plan('none'), fields)).status, 403, JSON.stringify(fields))
      assert.is((await sent(t, 'POST', undefined, fields)).status, 403)
      assert.is((await sent(t, 'DELETE', undefined, fields)).status, 403)
    }
    // What a form can send without the leave of the target.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      assert.is((await sent(t, 'POST', plan('none'), { 'content-type': type })).status, 415)
    }
    assert.is((await attempt(`${t.url}/json`)).outcome, 418)
    assert.is((await sent(t, 'POST', plan('none'), own)).status, 200)
    assert.is((await sent(t, 'DELETE', undefined, { ...own, 'sec-fetch-site': 'same-origin' })).status, 200)
  }))

test('the schema of plans is served', () =>
  using({}, async (t) => {
    const response = await fetch(`${t.url}/_brink/plan/schema`)
    assert.is(response.headers.get('content-type'), 'application/schema+json')
    assert.is(((await response.json()) as { required: string[] }).required[0], 'phases')
  }))

test('faults of a request replace those of the plan, and wrong ones get 400 with their place', () =>
  using({ fault: 'status=503' }, async (t) => {
    const outcome = async (fault: string) => (await attempt(`${t.url}/json`, { 'x-fault': fault })).outcome
    assert.is(await outcome('none'), 200)
    assert.is(await outcome('status=418'), 418)
    assert.is(await outcome('delay=1us'), 200)
    assert.is((await attempt(`${t.url}/json?fault=status%3D418;delay%3D1ms`)).outcome, 418)
    assert.is(await outcome('refuse'), 400)
    const wrong = await fetch(`${t.url}/json`, { headers: { 'x-fault': 'delay=1ms;satus=503' } })
    assert.is(wrong.status, 400)
    assert.is(wrong.headers.get('cache-control'), 'no-store')
    const { error } = (await wrong.json()) as { error: { code: string; message: string; character: number } }
    assert.equal([error.code, error.character], ['ERR_FAULT_SYNTAX', 11])
    assert.match(error.message, /did you mean "status"\? \(at character 11/)
    const number = await fetch(`${t.url}/json`, { headers: { 'x-fault-number': '-1' } })
    assert.is(number.status, 400)
    assert.is(((await number.json()) as { error: { code: string } }).error.code, 'ERR_FAULT_SYNTAX')
  }))

test.run()
