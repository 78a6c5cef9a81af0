// The limits of a load target: their defaults, and what is said to wrong ones.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkedLimits, giveLimits, limitsOf, type TargetLimitOptions } from '#brink/target/limits.js'

test('without options the limits are small enough for a public target', () => {
  assert.equal(checkedLimits(), {
    maxBodySize: 1_048_576,
    maxUploadSize: 1_073_741_824,
    maxResponseSize: 16_777_216,
    maxDuration: 10_000,
    maxCount: 10_000,
    maxWebSocketDuration: 600_000,
    allowedRedirects: [],
    allowActiveContent: false,
    hostname: 'brink',
    hiddenFields: undefined,
  })
})

test('names of fields are hidden by patterns, whatever their case', () => {
  const { hiddenFields } = checkedLimits({ hiddenFields: ['x-ignore-*', 'X.Exact', '*-end'] })
  const hidden = (name: string) => hiddenFields?.test(name)
  assert.equal(['X-Ignore-A', 'x-ignore-', 'x.exact', 'to-the-END'].map(hidden), [true, true, true, true])
  assert.equal(['x-ignore', 'ax-ignore-b', 'xxexact', 'x.exact2', 'end'].map(hidden), [
    false,
    false,
    false,
    false,
    false,
  ])
  assert.is(checkedLimits({ hiddenFields: [] }).hiddenFields, undefined)
})

test('hosts are compared in lower case', () => {
  assert.equal(checkedLimits({ allowedRedirects: ['Example.com', '[::1]:80'] }).allowedRedirects, [
    'example.com',
    '[::1]:80',
  ])
})

const wrong: readonly (readonly [options: object, code: string, message: RegExp])[] = [
  [{ maxBodySize: 0 }, 'ERR_OUT_OF_RANGE', /"maxBodySize" must be a whole number from 1 to/],
  [{ maxDuration: 1.5 }, 'ERR_OUT_OF_RANGE', /"maxDuration"/],
  [{ maxCount: '10' }, 'ERR_INVALID_ARG_TYPE', /"maxCount" must be a number, not '10'/],
  [{ maxWebSocketDuration: 2 ** 31 }, 'ERR_OUT_OF_RANGE', /"maxWebSocketDuration"/],
  [{ allowedRedirects: 'example.com' }, 'ERR_INVALID_ARG_TYPE', /"allowedRedirects" must be '\*' or a list of hosts/],
  [{ allowedRedirects: ['https://example.com'] }, 'ERR_INVALID_ARG_VALUE', /'https:\/\/example\.com' is no host/],
  [{ allowedRedirects: [7] }, 'ERR_INVALID_ARG_TYPE', /"allowedRedirects"/],
  [{ allowActiveContent: 1 }, 'ERR_INVALID_ARG_TYPE', /"allowActiveContent" must be a boolean/],
  [{ hostname: false }, 'ERR_INVALID_ARG_TYPE', /"hostname" must be a string or true/],
  [{ hiddenFields: 'x-a' }, 'ERR_INVALID_ARG_TYPE', /"hiddenFields" must be a list of field names/],
  [{ hiddenFields: ['x a'] }, 'ERR_INVALID_ARG_VALUE', /'x a' is no name/],
  [{ maxBodysize: 1 }, 'ERR_INVALID_ARG_VALUE', /did you mean/],
]

for (const [options, code, message] of wrong) {
  test(`${JSON.stringify(options)} is refused`, () => {
    assert.throws(
      () => checkedLimits(options as TargetLimitOptions),
      (error: Error & { code?: string }) => {
        assert.is(error.code, code)
        assert.match(error.message, message)
        return true
      },
    )
  })
}

test('a request has the limits of its own server, and the defaults on any other', () => {
  const [one, other] = [{}, {}]
  giveLimits(one, checkedLimits({ maxCount: 1 }))
  giveLimits(other, checkedLimits({ maxCount: 2 }))
  const countOn = (server: object | undefined) => limitsOf({ server } as never).maxCount
  assert.equal([one, other, {}, undefined].map(countOn), [1, 2, 10_000, 10_000])
})

test.run()
