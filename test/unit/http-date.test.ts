import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatHttpDate, parseHttpDate } from '#brink/fields/http_date.js'

const NOW = Date.UTC(2026, 5, 15)

const dates: readonly (readonly [string, string])[] = [
  ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
  ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
  ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37.000Z'],
  ['Wed Nov 16 08:49:37 1994', '1994-11-16T08:49:37.000Z'],
  ['Thu, 01 Jan 1970 00:00:00 GMT', '1970-01-01T00:00:00.000Z'],
  ['Tue, 29 Feb 2028 23:59:59 GMT', '2028-02-29T23:59:59.000Z'],
  ['Mon, 31 Dec 0099 00:00:00 GMT', '0099-12-31T00:00:00.000Z'],
  ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00.000Z'],
  // Fifty years ahead is still to come, more is long ago.
  ['Monday, 01-Jan-76 00:00:00 GMT', '2076-01-01T00:00:00.000Z'],
  ['Monday, 01-Jan-77 00:00:00 GMT', '1977-01-01T00:00:00.000Z'],
  ['Monday, 01-Jan-00 00:00:00 GMT', '2000-01-01T00:00:00.000Z'],
]

for (const [text, expected] of dates) {
  test(`${text} is ${expected}`, () => {
    assert.is(new Date(parseHttpDate(text, NOW) ?? Number.NaN).toISOString(), expected)
  })
}

const none = [
  '',
  '0',
  '2026-06-15T00:00:00Z',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 06 Nov 1994 08:49:37 UTC',
  'Sun, 06 Nov 1994 08:49:37 gmt',
  'sun, 06 nov 1994 08:49:37 GMT',
  'Sun, 6 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 94 08:49:37 GMT',
  'Sun,06 Nov 1994 08:49:37 GMT',
  ' Sun, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 08:49:37 GMT ',
  'Sun, 06 Nov 1994 24:00:00 GMT',
  'Sun, 06 Nov 1994 08:60:00 GMT',
  'Sun, 06 Nov 1994 08:49:61 GMT',
  'Sun, 00 Nov 1994 08:49:37 GMT',
  'Sun, 31 Nov 1994 08:49:37 GMT',
  'Wed, 29 Feb 2023 00:00:00 GMT',
  'Foo, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06-Nov-94 08:49:37 GMT',
  'Sunday, 06-Nov-1994 08:49:37 GMT',
  'Sun Nov 6 08:49:37 1994',
  'Sun Nov  6 08:49:37 1994 GMT',
  'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
]

for (const text of none) {
  test(`${JSON.stringify(text)} is no date`, () => {
    assert.is(parseHttpDate(text, NOW), undefined)
  })
}

test('what is written can be read', () => {
  for (const ms of [0, 784_111_777_000, NOW, -1000, 253_402_300_799_000]) {
    assert.is(parseHttpDate(formatHttpDate(ms) as string), ms)
  }
  assert.is(formatHttpDate(784_111_777_999), 'Sun, 06 Nov 1994 08:49:37 GMT')
})

test('a year that does not have four digits has no form', () => {
  for (const ms of [253_402_300_800_000, -62_167_219_200_001, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.is(formatHttpDate(ms), undefined)
  }
})

test.run()
