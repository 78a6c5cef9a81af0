// The grammar of faults: what texts mean, and what wrong ones are told.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type DrawnFault, FAULT_KINDS } from '#brink/faults/drawn_fault.js'
import { draw } from '#brink/faults/fault_draw.js'
import type { FaultError } from '#brink/faults/fault_error.js'
import { faultNumber } from '#brink/faults/fault_number.js'
import { parseFaults } from '#brink/faults/fault_spec.js'

/** What one request gets, without its seed. */
function drawn(text: string, number = 0): Omit<DrawnFault, 'seed'> | undefined {
  const found = draw(parseFaults(text), 1, number)
  if (found === undefined) return undefined
  const { seed: _seed, ...rest } = found
  return rest
}

const certain: readonly [text: string, fault: Omit<DrawnFault, 'seed'> | undefined][] = [
  ['none', undefined],
  ['delay=150us', { kinds: ['delay'], delay: 0.15 }],
  ['delay=20ms', { kinds: ['delay'], delay: 20 }],
  ['delay=1.5s', { kinds: ['delay'], delay: 1500 }],
  ['delay=1m', { kinds: ['delay'], delay: 60_000 }],
  ['  delay = 20ms ; status = 503 ; ', { kinds: ['delay', 'status'], delay: 20, status: 503 }],
  ['body-delay=2ms', { kinds: ['body-delay'], bodyDelay: 2 }],
  ['drip=10x5ms', { kinds: ['drip'], drip: { pieces: 10, every: 5 } }],
  ['status=503; retry-after=1500ms', { kinds: ['status'], status: 503, retryAfter: 2 }],
  ['size=10kB', { kinds: ['size'], size: 10_000 }],
  ['size=1.5KiB', { kinds: ['size'], size: 1536 }],
  ['size=2MiB', { kinds: ['size'], size: 2 * 1024 * 1024 }],
  ['cut', { kinds: ['cut'], cut: { at: 'before-head', by: 'close' } }],
  ['cut=100%', { kinds: ['cut'], cut: { at: 'before-head', by: 'close' } }],
  ['cut=head', { kinds: ['cut'], cut: { at: 'head', by: 'close' } }],
  ['cut=head@20B', { kinds: ['cut'], cut: { at: 'head', bytes: 20, by: 'close' } }],
  ['reset=body@50%', { kinds: ['reset'], cut: { at: 'body', share: 0.5, by: 'reset' } }],
  ['stall=body@1kB', { kinds: ['stall'], cut: { at: 'body', bytes: 1000, by: 'stall' } }],
  ['length=+10B', { kinds: ['length'], length: 10 }],
  // A plus sign in a query is a space.
  ['length= 10B', { kinds: ['length'], length: 10 }],
  ['length=-3B', { kinds: ['length'], length: -3 }],
  ['malformed=chunk', { kinds: ['malformed'], malformed: 'chunk' }],
  ['malformed=head', { kinds: ['malformed'], malformed: 'head' }],
  ['garbage=64B', { kinds: ['garbage'], garbage: 64 }],
  ['empty', { kinds: ['empty'], empty: true }],
  ['close', { kinds: ['close'], close: true }],
  ['close=1.0', { kinds: ['close'], close: true }],
  ['close=0%; delay=1ms:0.0', undefined],
  ['chance=0%; delay=1ms', undefined],
  ['chance=100%; delay=1ms', { kinds: ['delay'], delay: 1 }],
  ['delay=5ms..5ms', { kinds: ['delay'], delay: 5 }],
  ['delay=normal(5ms,0ms)', { kinds: ['delay'], delay: 5 }],
  ['delay=lognormal( 5ms , 0 )', { kinds: ['delay'], delay: 5 }],
  ['delay=exponential(0ms)', { kinds: ['delay'], delay: 0 }],
]

for (const [text, fault] of certain) {
  test(`"${text}" is drawn as ${JSON.stringify(fault)}`, () => assert.equal(drawn(text), fault))
}

const wrong: readonly [text: string, code: 'SYNTAX' | 'VALUE', message: RegExp][] = [
  ['', 'SYNTAX', /Expected the name of a clause, such as delay, not the end \(at character 1 of ''\)/],
  ['dealy=5ms', 'SYNTAX', /There is no clause 'dealy': did you mean "delay"\? \(at character 1/],
  ['delay=1ms;stats=503', 'SYNTAX', /no clause 'stats': did you mean "status"\? \(at character 11/],
  ['latency=1ms', 'SYNTAX', /no clause 'latency': they are delay, body-delay/],
  ['delay', 'SYNTAX', /Expected "=" and a value behind delay, not the end/],
  ['delay=5', 'SYNTAX', /Expected a unit, us, ms, s, m or h, not the end \(at character 8/],
  ['delay=5sec', 'SYNTAX', /Expected a unit, .*, not 'sec'/],
  ['delay=5MS', 'SYNTAX', /did you mean "ms"\?/],
  ['delay=5µs', 'SYNTAX', /did you mean "us"\?/],
  ['size=5KB', 'SYNTAX', /did you mean "kB"\?/],
  ['delay=-5ms', 'SYNTAX', /Expected a time .*not '-5ms'/],
  ['delay=NaN', 'SYNTAX', /Expected a time .*or normal, lognormal or exponential, not 'NaN'/],
  ['delay=Infinityms', 'SYNTAX', /not 'Infinityms'/],
  ['delay=1e9s', 'SYNTAX', /Expected a unit/],
  ['delay=9999999999999999ms', 'SYNTAX', /Expected a unit/],
  ['delay=nromal(1ms,1ms)', 'SYNTAX', /did you mean "normal"\?/],
  ['delay=normal(1ms)', 'SYNTAX', /Expected "," and the second argument of normal, not '\)'/],
  ['delay=normal(1ms,1ms', 'SYNTAX', /Expected "\)"/],
  ['delay=normal(normal(1ms,1ms),1ms)', 'SYNTAX', /Expected a time/],
  ['delay=lognormal(1ms,1ms)', 'SYNTAX', /Expected "\)"/],
  ['delay=1ms..', 'SYNTAX', /Expected a time/],
  [
    'delay=1ms:5',
    'SYNTAX',
    /Expected a probability such as 5% or 0.05, not '5': did you mean "5%"\? \(at character 11/,
  ],
  ['delay=1ms:x', 'SYNTAX', /Expected a probability/],
  ['status=503:5%,', 'SYNTAX', /Expected a status from 200 to 599, not the end/],
  ['status=99', 'SYNTAX', /Expected a status from 200 to 599, not '99'/],
  ['status=600', 'SYNTAX', /Expected a status/],
  ['status=5033', 'SYNTAX', /Expected a status/],
  ['delay=1ms, status=503', 'SYNTAX', /clauses are separated by ";"/],
  ['delay=1ms;;status=503', 'SYNTAX', /Expected the name of a clause/],
  ['delay=1ms status=503', 'SYNTAX', /Expected ";" and the next clause, or the end, not 'status'/],
  ['none; delay=1ms', 'SYNTAX', /"none" stands for no fault, and alone/],
  ['cut=tail', 'SYNTAX', /Expected a place/],
  ['cut=boddy', 'SYNTAX', /did you mean "body"\?/],
  ['cut=body@', 'SYNTAX', /Expected a share such as 50%, or a size such as 100B/],
  ['cut=5', 'SYNTAX', /did you mean "5%"\?/],
  ['drip=x5ms', 'SYNTAX', /Expected pieces and the time/],
  ['drip=5', 'SYNTAX', /Expected "x" and the time/],
  ['malformed=header', 'SYNTAX', /did you mean "head"\?/],
  ['close=yes', 'SYNTAX', /Expected a probability/],
  ['refuse', 'SYNTAX', /"refuse" concerns all requests or connections/],
  ['service=1ms', 'SYNTAX', /"service" concerns all requests or connections/],
  [`delay=1ms;${' '.repeat(2000)}`, 'SYNTAX', /has 2000 characters at most, not 2010/],
  ['delay=1ms;delay=2ms', 'VALUE', /The clause delay is there twice/],
  ['delay=2ms..1ms', 'VALUE', /The lower bound is above the upper one \(at character 7/],
  ['delay=2h', 'VALUE', /7200000 ms are more than the 60000 that are allowed \("maxDelay"\)/],
  ['delay=1ms,2h:1%', 'VALUE', /at character 11/],
  ['delay=1ms..2h', 'VALUE', /maxDelay/],
  ['delay=normal(1ms,2h)', 'VALUE', /maxDelay/],
  ['delay=exponential(2h)', 'VALUE', /maxDelay/],
  ['delay=lognormal(1ms,11)', 'VALUE', /sigma/],
  ['body-delay=2h', 'VALUE', /maxDelay/],
  ['drip=100x1s', 'VALUE', /The drip takes 99000 ms/],
  ['drip=0x1s', 'VALUE', /pieces of a drip are 1 to 10000/],
  ['drip=20000x0us', 'VALUE', /pieces of a drip/],
  ['size=1GiB', 'VALUE', /1073741824 bytes are more than the 104857600 that are allowed \("maxSize"\)/],
  ['garbage=1GiB', 'VALUE', /maxSize/],
  ['cut=body@1GiB', 'VALUE', /maxSize/],
  ['cut=body@101%', 'VALUE', /The share is more than 100%/],
  ['length=0B', 'VALUE', /The difference of the length is 0/],
  ['length=-1GiB', 'VALUE', /maxSize/],
  ['status=503:101%', 'VALUE', /A probability is 100% at most/],
  ['status=503:1.5', 'VALUE', /A probability is 100% at most/],
  ['status=503:60%,500:60%', 'VALUE', /more than 100% together \(at character 16/],
  ['status=503:100%,500', 'VALUE', /leave nothing of 100%/],
  ['reset=60%;stall=60%', 'VALUE', /more than 100% together \(at character 17/],
  ['chance=101%;delay=1ms', 'VALUE', /100% at most/],
  ['retry-after=1s', 'VALUE', /retry-after needs status or service beside it/],
  [`status=${'503:1%,'.repeat(51)}500`, 'VALUE', /A list has 50 values at most/],
]

for (const [text, code, message] of wrong) {
  test(`"${text.slice(0, 60)}" is refused, with its place`, () => {
    try {
      parseFaults(text)
    } catch (thrown) {
      const error = thrown as FaultError
      assert.is(error.code, `ERR_FAULT_${code}`, error.message)
      assert.match(error.message, message)
      assert.is(error.status, 400)
      return
    }
    assert.unreachable('it was taken')
  })
}

test('kinds are told in their order', () => {
  const text = 'close; reset; size=1B; status=500; drip=2x1ms; body-delay=1ms; delay=1ms'
  const kinds = drawn(text)?.kinds ?? []
  assert.equal(
    kinds,
    FAULT_KINDS.filter((kind) => kinds.includes(kind)),
  )
  assert.is(kinds.length, 7)
})

test('faults of the server are those of answers, of a queue and of listeners', () => {
  const text = 'accept=10/s; hold; refuse; receive-window=1kB; service=exponential(5ms); workers=4; queue-limit=20'
  const { listener, overload } = parseFaults(text, 'server')
  assert.equal(listener, { acceptPerSecond: 10, receiveBuffer: 1000, hold: true, refuse: true })
  assert.is(overload?.workers, 4)
  assert.is(overload?.limit, 20)
  assert.throws(() => parseFaults('workers=2', 'server'), /workers needs service beside it/)
  assert.throws(() => parseFaults('hold=5%', 'server'), /nothing behind the name/)
  assert.throws(() => parseFaults('accept=0/s', 'server'), /from 0.001\/s/)
  assert.throws(() => parseFaults('receive-window=0B', 'server'), /1B at least/)
})

test('limits of the server replace the usual ones', () => {
  assert.throws(() => parseFaults('delay=11ms', 'answer', { maxDelay: 10 }), /the 10 that are allowed/)
  assert.is(draw(parseFaults('delay=normal(10ms,10ms)', 'answer', { maxDelay: 10 }), 1, 3)?.delay !== undefined, true)
  assert.throws(() => parseFaults('size=11B', 'answer', { maxSize: 10 }), /the 10 that are allowed/)
  assert.throws(() => parseFaults('size=11B', 'answer', { maxsize: 10 } as never), /did you mean "maxSize"/)
})

test('nothing that is drawn is above the limits, or below 0', () => {
  const spec = parseFaults('delay=normal(10ms,10ms);size=normal(10B,10B);drip=11xexponential(10ms)', 'answer', {
    maxDelay: 10,
    maxSize: 10,
  })
  for (let number = 0; number < 1000; number += 1) {
    const { delay = -1, size = -1, drip = { pieces: 0, every: 0 } } = draw(spec, 1, number) ?? {}
    assert.ok(delay >= 0 && delay <= 10)
    assert.ok(size >= 0 && size <= 10 && Number.isInteger(size))
    assert.ok(drip.every * 10 <= 10.000001)
  }
})

test('a number of a request is whole', () => {
  assert.is(faultNumber('0'), 0)
  assert.is(faultNumber('9007199254740991'), Number.MAX_SAFE_INTEGER)
  for (const text of ['', '-1', '1.5', '1e3', ' 1', '9007199254740992', '99999999999999999', 'NaN']) {
    assert.throws(() => faultNumber(text), /must be a whole number from 0 to 9007199254740991/, text)
  }
})

test.run()
