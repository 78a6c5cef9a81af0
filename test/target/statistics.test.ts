// What a target tells of itself, over real sockets.
import { type StatisticsSnapshot, type Target, type TargetOptions, target } from 'brink/target'
import { HistogramLogReader } from 'hdr-histogram-js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { NativeReactor } from '#brink/exchange/native.js'
import { readMetrics } from '../openmetrics.js'
import { get, head } from '../server/messages.js'
import { ask, connect, leaveAll } from '../server/raw_client.js'
import { until, within } from '../server/waiting.js'

const KINDS: readonly TargetOptions[] = [{ threads: 0 }, { threads: 2 }]

for (const kind of KINDS) {
  const name = `threads: ${kind.threads}`

  async function using(run: (t: Target) => Promise<void>): Promise<void> {
    const t = await target({ host: '127.0.0.1', seed: 1, limits: { maxResponseSize: 10_000_000 }, ...kind })
    try {
      await run(t)
    } finally {
      leaveAll()
      await within(t.close({ force: 0 }), 'the target to close')
    }
  }

  const stats = async (t: Target, query = ''): Promise<StatisticsSnapshot> =>
    JSON.parse((await ask(t, get(`/_brink/stats${query}`))).text) as StatisticsSnapshot

  test(`${name}: a connection that has asked for the target's own pages counts once it asks for others`, () =>
    using(async (t) => {
      const client = await connect(t)
      await client.send(get('/_brink/plan')).response()
      assert.is(t.stats().connections.open, 0)
      await client.send(get('/plaintext')).response()
      const { open, accepted } = t.stats().connections
      assert.equal({ open, accepted }, { open: 1, accepted: 1 })
      await client.send(get('/missing', 'Connection: close')).response()
      await until(() => t.stats().connections.open === 0, 'it to have ended')
    }))

  test(`${name}: a connection that asks for the target's own pages in between stays one of the others`, () =>
    using(async (t) => {
      const client = await connect(t)
      for (const path of ['/plaintext?run=a', '/_brink/plan', '/plaintext?run=a'])
        await client.send(get(path)).response()
      const { open, accepted, leftForOtherRuns } = t.stats('a').connections
      assert.equal({ open, accepted, leftForOtherRuns }, { open: 1, accepted: 1, leftForOtherRuns: 0 })
      assert.equal([t.stats().connections.open, t.stats().connections.accepted], [1, 1])
      client.leave()
      await until(() => t.stats('a').connections.closedByClient === 1, 'it to have ended')
      const { requestsEach } = t.stats('a').connections
      assert.equal([requestsEach.max, requestsEach.mean], [2, 2])
    }))

  test(`${name}: a connection that goes over to another run is open there, and nowhere else`, () =>
    using(async (t) => {
      const client = await connect(t)
      const runs = () => ['a', 'b'].map((run) => t.stats(run).connections)
      await client.send(get('/plaintext?run=a')).response()
      await client.send(get('/plaintext?run=b')).response()
      await client.send(get('/plaintext')).response()
      await until(() => t.stats().ends.answered === 3, 'all to be answered')
      assert.equal(
        runs().map(({ accepted, open, leftForOtherRuns }) => [accepted, open, leftForOtherRuns]),
        [
          [1, 0, 1],
          [1, 1, 0],
        ],
      )
      client.leave()
      await until(() => t.stats().connections.open === 0, 'it to have ended')
      assert.equal(
        runs().map(({ open, closedByClient }) => [open, closedByClient]),
        [
          [0, 0],
          [0, 1],
        ],
      )
      const { accepted, closedByClient, leftForOtherRuns } = t.stats().connections
      assert.equal([accepted, closedByClient, leftForOtherRuns], [1, 1, 0])
    }))

  test(`${name}: connections that were open at a reset are open afterwards, and no more when they end`, () =>
    using(async (t) => {
      const clients = await Promise.all([connect(t), connect(t)])
      for (const client of clients) await client.send(get('/plaintext?run=a')).response()
      await ask(t, head('POST', '/_brink/reset?run=a'))
      assert.is(t.stats('a').connections.open, 2)
      clients[0]?.leave()
      await until(() => t.stats('a').connections.closedByClient === 1, 'one to have ended')
      assert.is(t.stats('a').connections.open, 1)
      await ask(t, head('POST', '/_brink/reset'))
      assert.equal([t.stats('a').connections.open, t.stats().connections.open], [1, 1])
    }))

  test(`${name}: a place of a run is given to another one with none of its connections`, () =>
    using(async (t) => {
      const idle = await connect(t)
      await idle.send(get('/plaintext?run=first')).response()
      const client = await connect(t)
      for (let run = 0; run < 200; run += 1) await client.send(get(`/plaintext?run=run-${run}`)).response()
      for (const run of t.stats().runs) {
        const { accepted, open, leftForOtherRuns } = t.stats(run).connections
        assert.equal([accepted, open + leftForOtherRuns], [1, 1], run)
      }
      idle.leave()
      await until(() => t.stats().connections.open === 1, 'the idle one to have ended')
      for (const run of t.stats().runs) assert.is(t.stats(run).connections.closedByClient, 0, run)
    }))

  test(`${name}: requests, answers, bytes and connections are counted`, () =>
    using(async (t) => {
      const client = await connect(t)
      let bytes = 0
      const request = get('/plaintext')
      for (let time = 0; time < 5; time += 1) {
        bytes += (await client.send(request).response()).body.length
      }
      await ask(t, get('/missing', 'Connection: close'))
      await until(() => t.stats().inFlight === 0 && t.stats().connections.open === 1, 'one to have ended')
      const { requests, answers, ends, bytesIn, connections, serviceTime } = await stats(t)
      assert.is(requests, 6)
      assert.equal(answers, { '200': 5, '404': 1 })
      assert.is(ends.answered, 6)
      assert.ok(bytesIn > 5 * request.length)
      assert.ok(t.stats().bytesOut > bytes)
      assert.equal([connections.accepted, connections.open, connections.closedByServer], [2, 1, 1])
      assert.is(connections.requestsEach.mean, 3)
      assert.is(connections.requestsEach.max, 5)
      assert.is(serviceTime.count, 6)
      assert.ok(serviceTime.min > 0 && serviceTime.p50 <= serviceTime.max)
    }))

  test(`${name}: asking for the statistics changes none of them`, () =>
    using(async (t) => {
      const before = await stats(t)
      assert.equal([before.requests, before.connections.accepted, before.connections.open], [0, 0, 0])
      const client = await connect(t)
      await client.send(get('/_brink/stats')).response()
      await client.send(get('/_brink/metrics')).response()
      const after = await stats(t)
      assert.equal([after.requests, after.inFlight, after.connections.accepted, after.connections.open], [0, 0, 0, 0])
      assert.equal([after.bytesIn, after.bytesOut, after.serviceTime.count], [0, 0, 0])
    }))

  test(`${name}: a delay is in the service time, and each run has its own`, () =>
    using(async (t) => {
      await ask(t, get('/plaintext?run=quick'))
      await ask(t, get('/plaintext', 'x-run-id: slow', 'x-fault: delay=60ms'))
      await until(() => t.stats().ends.answered === 2, 'both to be answered')
      const quick = await stats(t, '?run=quick')
      const slow = await stats(t, '?run=slow')
      assert.is(quick.serviceTime.count, 1)
      assert.is(slow.serviceTime.count, 1)
      assert.ok(slow.serviceTime.min >= 60, `${slow.serviceTime.min} ms`)
      assert.equal(slow.faults, { delay: 1 })
      assert.equal(quick.faults, {})
      assert.equal(t.stats().runs, ['quick', 'slow'])
    }))

  test(`${name}: answers that are broken on purpose are told apart`, () =>
    using(async (t) => {
      const faults = ['status=503', 'cut=body', 'reset', 'empty', 'malformed=chunk']
      for (const fault of faults) {
        const client = await connect(t)
        client.send(get('/plaintext', 'Connection: close', 'x-run-id: faulty', `x-fault: ${fault}`))
        await until(() => client.ending !== undefined, `the connection to end by ${fault}`)
      }
      await until(() => t.stats('faulty').inFlight === 0, 'all to have ended')
      const { requests, answers, brokenAnswers, faults: drawn } = await stats(t, '?run=faulty')
      assert.is(requests, faults.length)
      assert.equal(answers, { '503': 1 })
      assert.equal(brokenAnswers, { '200': 2 })
      assert.equal(drawn, { status: 1, cut: 1, reset: 1, empty: 1, malformed: 1 })
    }))

  test(`${name}: a client that leaves before its answer is counted for its run`, () =>
    using(async (t) => {
      const client = await connect(t)
      client.send(get('/plaintext', 'x-run-id: left', 'x-fault: delay=30s'))
      await until(() => t.stats('left').requests === 1, 'the request to come')
      assert.is(t.stats().inFlight, 1)
      client.leave()
      await until(() => t.stats().inFlight === 0, 'it to be gone')
      assert.is(t.stats().ends.gone, 1)
      assert.equal(t.stats('left').faults, { delay: 1 })
      assert.is(t.stats('left').serviceTime.count, 0)
    }))

  test(`${name}: what answers have waited for their clients is measured`, () =>
    using(async (t) => {
      const client = await connect(t)
      client.pause()
      client.send(get('/bytes/10000000'))
      await until(() => t.stats().loops.some(({ eagain, send }) => eagain > 0 || send > 1), 'the socket to be full')
      client.resume()
      await client.response()
      await until(() => t.stats().ends.answered === 1, 'it to be taken')
      const { clientWait, serviceTime } = t.stats()
      // To a loop on a thread a large answer crosses in pieces, and what waits elsewhere is not whole there.
      assert.ok(clientWait.max > 0 || kind.threads !== 0)
      assert.ok(clientWait.max <= serviceTime.max)
      assert.is(clientWait.count, 1)
    }))

  test(`${name}: the histogram is read by HdrHistogram's own code, and metrics by a parser`, () =>
    using(async (t) => {
      for (let time = 0; time < 10; time += 1) await ask(t, get('/plaintext?run=a'))
      await until(() => t.stats().ends.answered === 10, 'all to be answered')
      const { text } = await ask(t, get('/_brink/histogram?run=a'))
      const histogram = new HistogramLogReader(text).nextIntervalHistogram()
      const { serviceTime } = await stats(t)
      assert.is(histogram?.totalCount, 10)
      assert.is(
        (histogram as { getValueAtPercentile(percentile: number): number }).getValueAtPercentile(90) / 1000,
        serviceTime.p90,
      )
      assert.match((await ask(t, get('/_brink/histogram?format=percentiles'))).text, /Total count += +10\]/)
      const metrics = readMetrics(
        (await ask(t, get('/_brink/metrics', 'Accept: application/openmetrics-text'))).text,
        'openmetrics',
      )
      assert.ok(metrics !== undefined)
    }))

  test(`${name}: a reset is of all, or of a run`, () =>
    using(async (t) => {
      for (const run of ['a', 'b']) await ask(t, get(`/plaintext?run=${run}`))
      await until(() => t.stats().ends.answered === 2, 'both to be answered')
      assert.is((await ask(t, head('POST', '/_brink/reset?run=a'))).status, 204)
      assert.is((await stats(t, '?run=a')).requests, 0)
      assert.is((await stats(t, '?run=b')).requests, 1)
      assert.is((await stats(t)).requests, 2)
      assert.is((await ask(t, head('POST', '/_brink/reset'))).status, 204)
      const { requests, answers, connections } = await stats(t)
      assert.equal([requests, answers, connections.accepted, connections.open], [0, {}, 0, 0])
      assert.is((await stats(t, '?run=b')).requests, 0)
    }))
}

const refusals: readonly [what: string, request: string, status: number, code?: string][] = [
  [
    'a reset by a page of another site',
    head('POST', '/_brink/reset', 'Origin: http://other.example'),
    403,
    'FOREIGN_ORIGIN',
  ],
  ['a reset across sites', head('POST', '/_brink/reset', 'Sec-Fetch-Site: cross-site'), 403, 'FOREIGN_ORIGIN'],
  ['a reset by GET', get('/_brink/reset'), 405],
  ['a run that is none', get('/_brink/stats?run=a%20b'), 400, 'NO_RUN_ID'],
  ['a run that has not been', get('/_brink/stats?run=nobody'), 404, 'UNKNOWN_RUN'],
  ['a format that there is not', get('/_brink/histogram?format=xml'), 400, 'UNKNOWN_FORMAT'],
  ['too large a body', head('POST', '/_brink/reset', 'Content-Length: 2000'), 413, 'ERR_HTTP_413'],
]

for (const [what, request, status, code] of refusals) {
  test(`${what} is refused with ${status}${code === undefined ? '' : `, and as JSON with the code ${code}`}`, async () => {
    const t = await target({ host: '127.0.0.1' })
    try {
      const answer = await ask(t, request)
      assert.is(answer.status, status)
      if (code === undefined) return
      assert.is(answer.header('cache-control'), 'no-store')
      assert.is((JSON.parse(answer.text) as { error: { code: string } }).error.code, code)
    } finally {
      leaveAll()
      await t.close({ force: 0 })
    }
  })
}

test('statistics are not stored', async () => {
  const t = await target({ host: '127.0.0.1' })
  try {
    for (const path of ['stats', 'metrics', 'histogram']) {
      assert.is((await ask(t, get(`/_brink/${path}`))).header('cache-control'), 'no-store')
    }
  } finally {
    leaveAll()
    await t.close({ force: 0 })
  }
})

test('a server for apps measures nothing of this', async () => {
  const { serve } = await import('brink')
  const server = await serve(() => 'hi', { port: 0, host: '127.0.0.1' })
  try {
    assert.is(await (await fetch(server.url)).text(), 'hi')
    const { reactors } = server as unknown as { readonly reactors: readonly NativeReactor[] }
    assert.is(reactors.length, 1)
    for (const reactor of reactors) assert.is(reactor.measurements(), undefined)
  } finally {
    await server.close({ force: 0 })
  }
})

test.run()
