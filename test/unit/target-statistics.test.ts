// The statistics of a target over loops that a test counts for.
import { HistogramLogReader } from 'hdr-histogram-js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as layout from '#brink/exchange/layout.js'
import type { NativeMeasurements, NativeReactor, NativeRun, NativeStats } from '#brink/exchange/native.js'
import { FAULT_KINDS } from '#brink/faults/drawn_fault.js'
import { placeOf } from '#brink/statistics/hdr_counts.js'
import { Statistics } from '#brink/statistics/statistics.js'
import { MOST_RUNS, OWN_NUMBER, OWN_RUN, runIdOf } from '#brink/statistics/statistics_numbers.js'
import { Clock } from './clock.js'

interface Answer {
  readonly number?: number
  readonly status?: number
  readonly isWhole?: boolean
  readonly end?: number
  readonly us?: number
}

function add(counts: Float64Array, at: number, more: number): void {
  counts[at] = (counts[at] as number) + more
}

interface Row {
  readonly head: Float64Array
  /** By status: it, whole answers and others. */
  readonly statuses: Map<number, [number, number, number]>
}

/** A loop that counts as the native side does. */
class Loop {
  readonly stats = {
    accepted: 0,
    open: 0,
    requests: 0,
    receives: 0,
    emptyReceives: 0,
    sends: 0,
    fullSends: 0,
    batches: 0,
    waits: 0,
    bytesIn: 0,
    bytesOut: 0,
  }
  readonly #loop = new Float64Array(layout.MEASURED_LOOP)
  readonly #runs = new Map<number, { figures: Float64Array; numbers: Map<number, Row>; times: Float64Array }>()
  forgot = 0
  runsRead = 0

  begin(count = 1): void {
    add(this.#loop, layout.MEASURED_REQUESTS, count)
    this.stats.requests += count
  }

  connect(number = 0): void {
    this.stats.accepted += 1
    this.stats.open += 1
    add(this.#run(number).figures, layout.MEASURED_CONNECTIONS, 1)
  }

  close(number: number, cause: number): void {
    this.stats.open -= 1
    add(this.#run(number).figures, layout.MEASURED_CLOSES + cause, 1)
    add(this.#run(number).figures, layout.MEASURED_REQUESTS_EACH, 1)
  }

  end({ number = 0, status = 200, isWhole = true, end = layout.ENDED_ANSWERED, us = 100 }: Answer = {}): void {
    const run = this.#run(number)
    add(run.figures, layout.MEASURED_NUMBERED, 1)
    const kind = number % layout.MEASURED_KINDS
    const row = run.numbers.get(kind) ?? { head: new Float64Array(layout.MEASURED_STATUSES), statuses: new Map() }
    run.numbers.set(kind, row)
    row.head[layout.MEASURED_KIND] = kind
    add(row.head, layout.MEASURED_ENDS_AT + end, 1)
    add(row.head, layout.MEASURED_BYTES_IN, 10)
    add(row.head, layout.MEASURED_BYTES_OUT, 20)
    const counts = row.statuses.get(status) ?? [status, 0, 0]
    counts[isWhole ? 1 : 2] += 1
    row.statuses.set(status, counts)
    row.head[layout.MEASURED_STATUS_COUNT] = row.statuses.size
    if (end !== layout.ENDED_ANSWERED) return
    add(run.times, placeOf(us), 1)
    add(run.figures, layout.MEASURED_SERVICE_SUM, us)
  }

  get native(): NativeReactor {
    return {
      stats: () => ({ ...this.stats }) as NativeStats,
      measurements: (forgetsMost?: boolean, run?: number) => this.#measurements(forgetsMost, run),
    } as unknown as NativeReactor
  }

  #measurements(forgetsMost = false, wanted?: number): NativeMeasurements {
    if (forgetsMost) this.forgot += 1
    const found = [...this.#runs].filter(([place]) => wanted === undefined || place === wanted)
    this.runsRead += found.length
    const runs = found
      .map(([, run]) => run)
      .map(
        ({ figures, numbers, times }): NativeRun => ({
          figures: figures.slice(),
          numbers: Float64Array.from(
            [...numbers.values()].flatMap(({ head, statuses }) => [...head, ...[...statuses.values()].flat()]),
          ),
          serviceTimes: times.slice(),
          clientWaits: new Float64Array(0),
        }),
      )
    return { loop: this.#loop.slice(), runs }
  }

  #run(number: number) {
    const place = Math.floor(number / layout.MEASURED_KINDS)
    const found = this.#runs.get(place)
    if (found !== undefined) return found
    const run = {
      figures: new Float64Array(layout.MEASURED_RUN),
      numbers: new Map<number, Row>(),
      times: new Float64Array(3072),
    }
    run.figures[layout.MEASURED_RUN_NUMBER] = place
    this.#runs.set(place, run)
    return run
  }
}

function using(run: (statistics: Statistics, loop: Loop, other: Loop) => void): void {
  const loops = [new Loop(), new Loop()] as const
  const statistics = new Statistics()
  statistics.start(loops.map(({ native }) => native))
  try {
    run(statistics, ...loops)
  } finally {
    statistics.stop()
  }
}

test('loops are added up', () =>
  using((statistics, loop, other) => {
    for (const each of [loop, other]) {
      each.connect()
      each.begin(3)
      each.end()
      each.end({ status: 503, us: 2000 })
    }
    const { requests, inFlight, answers, serviceTime, connections, loops, bytesIn, bytesOut } = statistics.snapshot()
    assert.is(requests, 6)
    assert.is(inFlight, 2)
    assert.equal(answers, { '200': 2, '503': 2 })
    assert.is(serviceTime.count, 4)
    assert.is(serviceTime.mean, 1.05)
    assert.is(connections.accepted, 2)
    assert.is(connections.open, 2)
    assert.is(loops.length, 2)
    assert.equal([bytesIn, bytesOut], [40, 80])
  }))

test('answers that were not whole are counted apart', () =>
  using((statistics, loop) => {
    loop.begin(2)
    loop.end({ status: 200, isWhole: false, end: layout.ENDED_ABORTED })
    loop.end({ status: 200 })
    const { answers, brokenAnswers, ends, serviceTime } = statistics.snapshot()
    assert.equal(answers, { '200': 1 })
    assert.equal(brokenAnswers, { '200': 1 })
    assert.is(ends.aborted, 1)
    assert.is(ends.answered, 1)
    assert.is(serviceTime.count, 1)
  }))

test("the target's own requests and connections are left out, also the one that asks", () =>
  using((statistics, loop) => {
    loop.connect()
    loop.begin(2)
    loop.end()
    // One that has been answered before, and one that asks now, on another connection.
    loop.connect(OWN_NUMBER)
    loop.end({ number: OWN_NUMBER })
    loop.begin(1)
    loop.stats.accepted += 1
    loop.stats.open += 1
    const { requests, inFlight, answers, connections } = statistics.snapshot(undefined, { isFirst: true })
    assert.is(requests, 1)
    assert.is(inFlight, 0)
    assert.equal(answers, { '200': 1 })
    assert.is(connections.accepted, 1)
    assert.is(connections.open, 1)
  }))

test('a reset remembers, and whoever asked for it is not missing afterwards', () =>
  using((statistics, loop) => {
    loop.connect()
    loop.begin(2)
    loop.end()
    // The one that resets.
    loop.stats.accepted += 1
    loop.stats.open += 1
    statistics.reset(undefined, { isFirst: true })
    assert.is(loop.forgot, 2)
    loop.end({ number: OWN_NUMBER })
    loop.stats.accepted -= 1
    loop.stats.open -= 1
    loop.connect(OWN_NUMBER)
    const before = statistics.snapshot()
    assert.is(before.requests, 0)
    assert.equal(before.answers, {})
    assert.is(before.serviceTime.count, 0)
    assert.is(before.connections.accepted, 0)
    loop.begin()
    loop.end({ status: 404, us: 5 })
    const { requests, answers, serviceTime } = statistics.snapshot()
    assert.is(requests, 1)
    assert.equal(answers, { '404': 1 })
    assert.is(serviceTime.max, 0.005)
  }))

test('a run has its own figures, faults and reset', () =>
  using((statistics, loop) => {
    const plain = statistics.numberOf('one', [])
    const cut = statistics.numberOf('one', ['delay', 'cut'])
    const other = statistics.numberOf('other', ['delay'])
    const none = statistics.numberOf(undefined, ['cut'])
    for (const number of [plain, plain, cut, other, none]) {
      loop.begin()
      statistics.came(number)
    }
    loop.end({ number: plain })
    // All was sent that was to be sent, and it is no whole answer.
    loop.end({ number: cut })
    loop.end({ number: other })
    loop.end({ number: none })
    const one = statistics.snapshot('one')
    assert.is(one.run, 'one')
    assert.is(one.requests, 3)
    assert.is(one.inFlight, 1)
    assert.equal(one.faults, { delay: 1, cut: 1 })
    assert.equal(one.answers, { '200': 1 })
    assert.equal(one.brokenAnswers, { '200': 1 })
    assert.equal(statistics.snapshot().faults, { cut: 2, delay: 2 })
    assert.is(statistics.snapshot().requests, 5)
    statistics.reset('one')
    assert.is(statistics.snapshot('one').requests, 0)
    assert.equal(statistics.snapshot('one').faults, {})
    assert.is(statistics.snapshot('other').requests, 1)
    assert.is(statistics.snapshot().requests, 5)
    assert.equal(statistics.snapshot().runs, ['one', 'other'])
    assert.is(statistics.snapshot('nobody').requests, 0)
  }))

test('numbers: 0 is no run and no fault, others have 16 bits, and the same things have the same', () =>
  using((statistics) => {
    assert.is(statistics.numberOf(undefined, []), 0)
    assert.is(statistics.numberOf('not an id', []), 0)
    const number = statistics.numberOf('a', ['delay', 'status'])
    assert.is(statistics.numberOf('a', ['delay', 'status']), number)
    assert.is.not(statistics.numberOf('a', ['delay']), number)
    assert.is(OWN_NUMBER, OWN_RUN * layout.MEASURED_KINDS)
    assert.ok(number < OWN_NUMBER)
  }))

test('the oldest runs are dropped, and it is said how many', () =>
  using((statistics, loop) => {
    const numbers = new Set<number>()
    for (let run = 0; run < MOST_RUNS + 50; run += 1) {
      const number = statistics.numberOf(`run-${run}`, ['delay'])
      assert.ok(number < OWN_NUMBER)
      numbers.add(number)
      statistics.came(number)
      loop.begin()
      loop.end({ number })
      if (run < MOST_RUNS) continue
      // Places are used again, and begin at nothing.
      assert.is(statistics.snapshot(`run-${run}`).requests, 1)
      assert.equal(statistics.snapshot(`run-${run}`).answers, { '200': 1 })
    }
    const { runs, droppedRuns, requests } = statistics.snapshot()
    assert.is(runs.length, MOST_RUNS)
    assert.is(runs[0], 'run-50')
    assert.is(droppedRuns, 50)
    assert.is(requests, MOST_RUNS + 50)
    assert.not(statistics.hasRun('run-0'))
    assert.ok(numbers.size > MOST_RUNS)
  }))

test('a new run costs no look at the others', () =>
  using((statistics, loop) => {
    const begin = () => {
      const number = statistics.numberOf(`run-${runs}`, [])
      runs += 1
      loop.end({ number })
    }
    let runs = 0
    while (runs < 100) begin()
    const before = loop.runsRead
    while (runs < 200) begin()
    assert.ok(loop.runsRead - before <= 100, `${loop.runsRead - before} runs were read for 100 new ones`)
  }))

test('sets of faults beyond the room are counted with the last of their kinds', () =>
  using((statistics) => {
    const kinds = FAULT_KINDS.slice(0, 11)
    const numbers = new Set<number>()
    for (let set = 1; set < 2 ** kinds.length; set += 1) {
      const number = statistics.numberOf(
        undefined,
        kinds.filter((_, bit) => (set & (2 ** bit)) !== 0),
      )
      assert.ok(number > 0 && number < layout.MEASURED_KINDS, `${number}`)
      numbers.add(number)
    }
    assert.ok(numbers.size > 100 && numbers.size <= 128, `${numbers.size}`)
    statistics.came(statistics.numberOf(undefined, ['stall']))
    assert.equal(statistics.snapshot().faults, { stall: 1 })
  }))

test('ids of runs are short, and of few characters', () => {
  assert.is(runIdOf('2024-05-01T10:00:00+02~a_b.c'), '2024-05-01T10:00:00+02~a_b.c')
  assert.is(runIdOf('x'.repeat(64)), 'x'.repeat(64))
  for (const wrong of ['', 'x'.repeat(65), 'a b', 'a,b', '<b>', 'ä', 'a\nb']) assert.is(runIdOf(wrong), undefined)
})

test('a live sample has what happened since the one before', () =>
  using((statistics, loop) => {
    loop.begin()
    loop.end()
    assert.equal(statistics.live().answers, {})
    loop.connect()
    loop.begin(2)
    loop.end({ us: 40 })
    loop.end({ status: 503, us: 2500 })
    statistics.came(statistics.numberOf(undefined, ['status']))
    const { answers, faults, latency, percentiles, accepted, open, phase } = statistics.live('good')
    assert.equal(answers, { '2xx': 1, '5xx': 1 })
    assert.equal(faults, { status: 1 })
    assert.is(latency.counts.length, latency.bounds.length + 1)
    assert.is(latency.counts[latency.bounds.indexOf(0.05)], 1)
    assert.is(latency.counts[latency.bounds.indexOf(3)], 1)
    assert.is(percentiles.p50, 0.04)
    assert.equal(accepted, [1, 0])
    assert.is(open, 1)
    assert.is(phase, 'good')
    assert.equal(statistics.live().answers, {})
  }))

test('timers run only while requests come, and keep no process alive', async () => {
  const clock = new Clock()
  await clock.during(async () => {
    const loop = new Loop()
    const statistics = new Statistics()
    statistics.start([loop.native])
    assert.equal(clock.running, [0, 0])
    loop.begin(200)
    for (let request = 0; request < 200; request += 1) statistics.hears()
    assert.equal(clock.running, [2, 0])
    for (let second = 0; second < 3; second += 1) clock.pass(1000)
    assert.equal(clock.running, [2, 0])
    clock.pass(1000)
    assert.equal(clock.running, [0, 0])
    statistics.hears()
    assert.equal(clock.running, [2, 0])
    statistics.stop()
    statistics.hears()
    assert.equal(clock.running, [0, 0])
    assert.is(statistics.snapshot().requests, 200)
  })
})

test('metrics only grow, whatever is reset', () =>
  using((statistics, loop) => {
    loop.begin()
    loop.end()
    statistics.reset()
    const text = statistics.openMetrics()
    assert.match(text, /^brink_target_requests_total 1$/m)
    assert.match(text, /^brink_target_answers_total\{status="200",complete="true"\} 1$/m)
    assert.match(text, /^brink_target_service_time_seconds_bucket\{le="0.0001"\} 1$/m)
    assert.match(text, /# EOF\n$/)
  }))

test('the log of histograms is that of all, or of a run', () =>
  using((statistics, loop) => {
    const number = statistics.numberOf('a', [])
    loop.end({ us: 50 })
    loop.end({ number, us: 70 })
    assert.is(new HistogramLogReader(statistics.histogramLog()).nextIntervalHistogram()?.totalCount, 2)
    assert.is(new HistogramLogReader(statistics.histogramLog('a')).nextIntervalHistogram()?.maxValue, 70)
    assert.match(statistics.percentiles('a'), /0\.070 1\.000000000000 +1/)
  }))

test('the newest errors are kept', () =>
  using((statistics) => {
    for (let error = 0; error < 60; error += 1) statistics.addError('A_CODE', `${error} ${'x'.repeat(1000)}`)
    const { errors } = statistics.snapshot()
    assert.is(errors.length, 50)
    assert.match(errors[0]?.message ?? '', /^10 x+$/)
    assert.ok((errors[0]?.message.length ?? 0) <= 500)
    statistics.reset()
    assert.equal(statistics.snapshot().errors, [])
  }))

test.run()
