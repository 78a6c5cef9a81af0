import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { rangesOf } from '#brink/files/ranges.js'

/** Of 1,000 bytes: the ranges, none where there is nothing, or that the field is ignored. */
const cases: readonly (readonly [string, string])[] = [
  ['bytes=0-0', '0-0'],
  ['bytes=0-499', '0-499'],
  ['bytes=500-999', '500-999'],
  ['bytes=500-', '500-999'],
  ['bytes=0-', '0-999'],
  ['bytes=999-', '999-999'],
  ['bytes=-1', '999-999'],
  ['bytes=-500', '500-999'],
  ['bytes=-1000', '0-999'],
  ['bytes=-5000', '0-999'],
  ['bytes=900-5000', '900-999'],
  ['Bytes=0-1', '0-1'],
  ['bytes= 0-1 ,\t5-6', '0-1 5-6'],
  ['bytes=,,0-1,,5-6,', '0-1 5-6'],
  ['bytes=0-0,-1', '0-0 999-999'],
  // The order is the client's, unless it asks for a byte twice.
  ['bytes=500-600,0-10', '500-600 0-10'],
  ['bytes=0-10,11-20', '0-10 11-20'],
  ['bytes=0-10,5-20', '0-20'],
  ['bytes=500-600,0-10,5-20', '0-20 500-600'],
  ['bytes=0-10,0-10', '0-10'],
  ['bytes=0-,0-,0-', '0-999'],
  ['bytes=0-10,20-30,21-', '0-10 20-999'],
  ['bytes=1000-', 'none'],
  ['bytes=1000-2000,5000-', 'none'],
  ['bytes=-0', 'none'],
  ['bytes=0-1,1000-', '0-1'],
  [`bytes=${'9'.repeat(400)}-`, 'none'],
  [`bytes=0-${'9'.repeat(400)}`, '0-999'],
  [`bytes=-${'9'.repeat(400)}`, '0-999'],
  ['bytes=', 'ignored'],
  ['bytes=,', 'ignored'],
  ['bytes', 'ignored'],
  ['bytes 0-1', 'ignored'],
  ['lines=0-1', 'ignored'],
  ['bytes=1-0', 'ignored'],
  ['bytes=0-1,5-4', 'ignored'],
  ['bytes=a-b', 'ignored'],
  ['bytes=0-1x', 'ignored'],
  ['bytes=0x0-1', 'ignored'],
  ['bytes=+0-1', 'ignored'],
  ['bytes=0-1;5-6', 'ignored'],
  ['bytes=--1', 'ignored'],
  ['bytes=-', 'ignored'],
  ['bytes=0 - 1', 'ignored'],
  ['bytes=0-1 5-6', 'ignored'],
]

for (const [field, expected] of cases) {
  test(`${field.slice(0, 60)}: ${expected}`, () => {
    const ranges = rangesOf(field, 1000)
    const text = ranges?.map(({ first, last }) => `${first}-${last}`).join(' ')
    assert.is(text === '' ? 'none' : (text ?? 'ignored'), expected)
  })
}

test('of nothing there is no part', () => {
  for (const field of ['bytes=0-', 'bytes=-5', 'bytes=0-0']) assert.is(rangesOf(field, 0), undefined)
})

test('who asks for very many gets all of it', () => {
  const many = (count: number) => `bytes=${Array.from({ length: count }, (_, at) => `${at * 10}-${at * 10}`).join()}`
  assert.is(rangesOf(many(32), 1000)?.length, 32)
  assert.is(rangesOf(many(33), 1000), undefined)
})

test('a long field of white space is read in no time', () => {
  assert.is(rangesOf(`bytes=0-1,${' '.repeat(1_000_000)}x`, 10), undefined)
  assert.equal(rangesOf(`bytes=0-1,${' \t'.repeat(100_000)}, 3-3${' '.repeat(100_000)}`, 10), [
    { first: 0, last: 1 },
    { first: 3, last: 3 },
  ])
})

test.run()
