// Metrics as text and their sums, without a server.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { overflowsIn, waitingIn } from '#brink/metrics/accept_queue.js'
import { exposition } from '#brink/metrics/exposition.js'
import { counter, type Family, gauge, histogram } from '#brink/metrics/family.js'
import { lasting, merged, ofWorker } from '#brink/metrics/merge.js'
import { preferredFormat } from '#brink/operate/preferred_format.js'
import { readMetrics, readSample, sumOf } from '../openmetrics.js'

const requests = (...values: [string, number][]): Family =>
  counter(
    { name: 'brink_requests', help: 'Requests.', of: 'app' },
    values.map(([route, value]) => [{ route }, value]),
  )
const open = (value: number): Family =>
  gauge({ name: 'brink_open', help: 'Open.', of: 'worker' }, [[{ loop: '0' }, value]])
const started = (value: number): Family =>
  gauge({ name: 'brink_started', help: 'Started.', of: 'worker', merge: 'max' }, [[{}, value]])
const drops = (value: number): Family => counter({ name: 'brink_drops', help: 'Drops.', of: 'host' }, [[{}, value]])
const times = (...counts: number[]): Family =>
  histogram({ name: 'brink_times_seconds', help: 'Times.', unit: 'seconds', of: 'app' }, [
    { labels: { route: '/' }, bounds: [0.5, 1], counts, sum: 1.25 },
  ])

const both = { format: 'openmetrics', process: true } as const

test('OpenMetrics', () => {
  assert.is(
    exposition([requests(['/', 1]), open(2), times(1, 0, 2)], both),
    `# HELP brink_requests Requests.
# TYPE brink_requests counter
brink_requests_total{route="/"} 1
# HELP brink_open Open.
# TYPE brink_open gauge
brink_open{loop="0"} 2
# HELP brink_times_seconds Times.
# TYPE brink_times_seconds histogram
# UNIT brink_times_seconds seconds
brink_times_seconds_bucket{route="/",le="0.5"} 1
brink_times_seconds_bucket{route="/",le="1.0"} 1
brink_times_seconds_bucket{route="/",le="+Inf"} 3
brink_times_seconds_sum{route="/"} 1.25
brink_times_seconds_count{route="/"} 3
# EOF
`,
  )
})

test("Prometheus' own format", () => {
  assert.is(
    exposition([requests(['/', 1])], { format: 'prometheus', process: true }),
    `# HELP brink_requests_total Requests.
# TYPE brink_requests_total counter
brink_requests_total{route="/"} 1
`,
  )
})

const hostile = ['/a"b', '/a\\b', '/a\\"b', '/a\nb', '/{x="y"} 1', '\\', '"', '\\n', ',', 'é', '']
for (const route of hostile) {
  test(`a label that is ${JSON.stringify(route)} is read as it is`, () => {
    for (const format of ['openmetrics', 'prometheus'] as const) {
      const text = exposition([requests([route, 1])], { format, process: true })
      const name = format === 'prometheus' ? 'brink_requests_total' : 'brink_requests'
      assert.equal(readMetrics(text, format).get(name)?.samples[0]?.labels, { route })
    }
  })
}

test('a family without samples is left out', () => {
  assert.is(exposition([requests()], both), '# EOF\n')
})

test('values of several servers are added up, or the largest counts', () => {
  const sum = merged([
    [requests(['/', 1], ['/a', 2]), open(1), started(5), drops(9), times(1, 1, 1)],
    [requests(['/', 10], ['/b', 20]), open(2), started(7), drops(8), times(2, 0, 0)],
  ])
  const families = readMetrics(exposition(sum, both), 'openmetrics')
  assert.is(sumOf(families, 'brink_requests_total', { route: '/' }), 11)
  assert.is(sumOf(families, 'brink_requests_total'), 33)
  assert.is(sumOf(families, 'brink_open'), 3)
  assert.is(sumOf(families, 'brink_started'), 7)
  assert.is(sumOf(families, 'brink_drops_total'), 9)
  assert.is(sumOf(families, 'brink_times_seconds_bucket', { le: '0.5' }), 3)
  assert.is(sumOf(families, 'brink_times_seconds_count'), 5)
})

test('what tells of one worker gets its number, and is not added up with others', () => {
  const all = merged([ofWorker([requests(['/', 1]), open(1), drops(1)], 0), ofWorker([requests(['/', 2]), open(5)], 1)])
  const families = readMetrics(exposition(all, both), 'openmetrics')
  assert.equal(
    families.get('brink_open')?.samples.map(({ labels, value }) => [labels, value]),
    [
      [{ loop: '0', worker: '0' }, 1],
      [{ loop: '0', worker: '1' }, 5],
    ],
  )
  assert.equal(
    families.get('brink_requests')?.samples.map(({ labels, value }) => [labels, value]),
    [[{ route: '/' }, 3]],
  )
  assert.equal(families.get('brink_drops')?.samples[0]?.labels, {})
})

test('of a process that has ended the counters stay', () => {
  assert.equal(
    lasting([requests(['/', 1]), open(1), drops(1), times(1, 0, 0)]).map(({ name }) => name),
    ['brink_requests', 'brink_times_seconds'],
  )
})

test('listening sockets of a port are added up, and others left out', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
  const rows = [
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000005 00:00000000 00000000     0        0 1 1 0000 100 0 0 10 0',
    '   1: 0100007F:1F90 00000000:0000 0A 00000000:0000001F 00:00000000 00000000     0        0 2 1 0000 100 0 0 10 0',
    '   2: 0100007F:1F90 0100007F:D431 01 00000000:00000007 00:00000000 00000000     0        0 3 1 0000 100 0 0 10 0',
  ]
  const tcp6 =
    '   0: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0000 100 0 0 10 0'
  assert.equal(
    [...waitingIn([head + rows.join('\n'), tcp6])],
    [
      [8080, 36],
      [8081, 0],
    ],
  )
  assert.is(waitingIn(['']).size, 0)
})

test('overflows are read by the names of their columns', () => {
  const netstat = 'TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 2 3\nIpExt: InNoRoutes\nIpExt: 0\n'
  assert.equal(overflowsIn(netstat), { overflows: 2, drops: 3 })
  assert.equal(overflowsIn('TcpExt: SyncookiesSent\nTcpExt: 1\n'), {})
  assert.equal(overflowsIn(''), {})
})

test('what a scraper prefers', () => {
  assert.is(preferredFormat(null), 'prometheus')
  assert.is(preferredFormat('application/OpenMetrics-Text; q=x'), 'prometheus')
  assert.is(preferredFormat('text/html, application/openmetrics-text'), 'openmetrics')
})

test('the reader of these tests refuses what is wrong', () => {
  for (const line of ['a', 'a{} 1', 'a{b="c} 1', 'a{b="c",b="d"} 1', 'a{b="\\x"} 1', 'a 1 ', 'a{b="c"}1', 'A-b 1']) {
    assert.throws(() => readSample(line), /./, line)
  }
  const good = exposition([times(1, 1, 1)], both)
  for (const [from, to] of [
    ['# EOF\n', ''],
    ['le="1.0"} 2', 'le="1.0"} 0'],
    ['_count{route="/"} 3', '_count{route="/"} 4'],
    ['# UNIT brink_times_seconds seconds', '# UNIT brink_times_seconds bytes'],
    ['# TYPE brink_times_seconds histogram', '# TYPE brink_times_seconds counter'],
  ] as const) {
    assert.ok(good.includes(from), from)
    assert.throws(() => readMetrics(good.replace(from, to), 'openmetrics'), /./, from)
  }
})

test.run()
