// Wrong options of workers(), and sums of counters.
import { type WorkersOptions, workers } from 'brink/workers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { withoutOwn, withStandardTimes } from '#brink/workers/options.js'
import { sumOf } from '#brink/workers/sums.js'
import { errorOf } from './error_of.js'

const APP = new URL(import.meta.url)

const wrong: [what: string, options: object, code: string, message: RegExp][] = [
  ['no count', { count: 0 }, 'ERR_OUT_OF_RANGE', /"count" must be a whole number from 1 to 512, not 0/],
  ['a count in words', { count: 'all' }, 'ERR_INVALID_ARG_TYPE', /"count" must be a number or 'max', not 'all'/],
  ['a misspelt option', { cuont: 2 }, 'ERR_INVALID_ARG_VALUE', /"cuont" of workers\(\) does not exist: did you mean/],
  ['an option of others', { instances: 2 }, 'ERR_INVALID_ARG_VALUE', /"instances" .* it is "count"/],
  ['a port of serve()', { port: 70_000 }, 'ERR_OUT_OF_RANGE', /"port" must be a whole number from 0 to 65535/],
  ['args that are no list', { args: 'x' }, 'ERR_INVALID_ARG_TYPE', /"args" must be a list of strings, not 'x'/],
  ['execArgv with a number', { execArgv: [1] }, 'ERR_INVALID_ARG_TYPE', /"execArgv" must be a list of strings/],
  ['env that is text', { env: 'A=1' }, 'ERR_INVALID_ARG_TYPE', /"env" must be an object of strings/],
  ['signals by name', { signals: 'SIGTERM' }, 'ERR_INVALID_ARG_TYPE', /"signals" must be a boolean/],
  ['no listener', { onEvent: 1 }, 'ERR_INVALID_ARG_TYPE', /"onEvent" must be a function, not 1/],
  ['no time', { startTimeout: 0 }, 'ERR_OUT_OF_RANGE', /"startTimeout" must be a whole number from 1 to/],
  [
    'a deadline before the delay',
    { readinessDelay: 9, deadline: 9 },
    'ERR_OUT_OF_RANGE',
    /^workers\(\) takes a "deadline"/,
  ],
  [
    'a delay that leaves no time for a deadline',
    { readinessDelay: 2 ** 31 - 1 },
    'ERR_OUT_OF_RANGE',
    /^workers\(\) takes a "deadline" that is later than its "readinessDelay"/,
  ],
  ['args with a NUL', { args: ['a\0b'] }, 'ERR_INVALID_ARG_VALUE', /"args" has text with a NUL character/],
  ['execArgv with a NUL', { execArgv: ['\0'] }, 'ERR_INVALID_ARG_VALUE', /"execArgv" has text with a NUL/],
  ['env with a NUL', { env: { A: 'a\0' } }, 'ERR_INVALID_ARG_VALUE', /"env" has text with a NUL character/],
]

for (const [what, options, code, message] of wrong) {
  test(`${what} is told`, async () => {
    const error = await errorOf(workers(APP, { signals: false, ...options } as WorkersOptions))
    assert.is(error.code, code)
    assert.match(error.message, message)
  })
}

test('an app that is no file is told', async () => {
  const absent = await errorOf(workers('/does/not/exist.js', { signals: false }))
  assert.is(absent.code, 'ERR_MODULE_NOT_FOUND')
  assert.match(absent.message, /^The app of workers\(\) does not exist: '\/does\/not\/exist\.js'\.$/)
  const app = (() => 'hi') as unknown as string
  assert.match(
    (await errorOf(workers(app))).message,
    /^workers\(app\) takes the app's file, as a path or a file: URL, not/,
  )
})

for (const [given, kept] of [
  [['--eval=x', '--print=x', '-e', 'x', '-pe', 'x', '--eval', 'a\nb'], []],
  [['--inspect', '--inspect-brk=0', '--inspect-port', '9230', '--inspect_port', '1', '--debug-port', '2'], []],
  [['--input-type', 'module', '--input-type=module', '--watch', '--watch-path', 'src'], []],
  [['--test', '--test-name-pattern', 'x', '--test-timeout=1'], []],
  [
    ['--watch', '--import', 'tsx', '-r', './x.cjs', '--test-reporter', 'dot', '--max-old-space-size=99', '-C', 'dev'],
    ['--import', 'tsx', '-r', './x.cjs', '--max-old-space-size=99', '-C', 'dev'],
  ],
] as const) {
  test(`of the options of Node, workers get ${kept.length} of ${given.join(' ')}`, () => {
    assert.equal(withoutOwn(given), kept)
  })
}

test('a standard deadline can be set as a timer', () => {
  assert.is(withStandardTimes({ readinessDelay: 2 ** 31 - 5000 }).deadline, 2 ** 31 - 1)
  assert.is(withStandardTimes({ readinessDelay: 1000 }).deadline, 11_000)
})

test('counters are added by their names', () => {
  assert.is(sumOf([]), undefined)
  const left = { accepted: 1, refusals: { A: 1 } as Record<string, number> }
  const right = { accepted: 2, refusals: { A: 2, B: 5 } }
  assert.equal(sumOf([left, right]), { accepted: 3, refusals: { A: 3, B: 5 } })
  assert.equal(left, { accepted: 1, refusals: { A: 1 } })
})

test.run()
