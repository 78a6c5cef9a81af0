import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { evaluateConditions, rangeApplies } from '#brink/fields/conditions.js'

const ETAG = '"abc"'
const LAST = 'Sun, 06 Nov 1994 08:49:37 GMT'
const BEFORE = 'Sun, 06 Nov 1994 08:49:36 GMT'
const AFTER = 'Sun, 06 Nov 1994 08:49:38 GMT'
const LAST_MS = Date.UTC(1994, 10, 6, 8, 49, 37)

type Fields = Record<string, string>

function asking(fields: Fields) {
  return { method: 'GET', headers: { get: (name: string) => fields[name] ?? null } }
}

const verdicts: readonly (readonly [Fields, string])[] = [
  [{}, 'send'],
  [{ 'if-match': ETAG }, 'send'],
  [{ 'if-match': '*' }, 'send'],
  [{ 'if-match': '"x", "abc"' }, 'send'],
  [{ 'if-match': '"x"' }, 'failed'],
  [{ 'if-match': 'W/"abc"' }, 'failed'],
  [{ 'if-match': 'abc' }, 'failed'],
  [{ 'if-match': '' }, 'failed'],
  [{ 'if-unmodified-since': LAST }, 'send'],
  [{ 'if-unmodified-since': AFTER }, 'send'],
  [{ 'if-unmodified-since': BEFORE }, 'failed'],
  [{ 'if-unmodified-since': 'yesterday' }, 'send'],
  [{ 'if-none-match': ETAG }, 'unchanged'],
  [{ 'if-none-match': 'W/"abc"' }, 'unchanged'],
  [{ 'if-none-match': '*' }, 'unchanged'],
  [{ 'if-none-match': ' * ' }, 'unchanged'],
  [{ 'if-none-match': '"x" , ,W/"y",\t"abc"' }, 'unchanged'],
  [{ 'if-none-match': '"x"' }, 'send'],
  [{ 'if-none-match': '"ABC"' }, 'send'],
  [{ 'if-none-match': 'w/"abc"' }, 'send'],
  [{ 'if-none-match': 'abc' }, 'send'],
  [{ 'if-none-match': '"x, "abc"' }, 'send'],
  // A tag may hold a comma, and what looks like another tag.
  [{ 'if-none-match': '"x,y", "abc"' }, 'unchanged'],
  [{ 'if-modified-since': LAST }, 'unchanged'],
  [{ 'if-modified-since': AFTER }, 'unchanged'],
  [{ 'if-modified-since': BEFORE }, 'send'],
  [{ 'if-modified-since': 'Sunday, 06-Nov-94 08:49:37 GMT' }, 'unchanged'],
  [{ 'if-modified-since': 'Sun Nov  6 08:49:37 1994' }, 'unchanged'],
  [{ 'if-modified-since': '1994-11-06' }, 'send'],
  // Which counts where there are several (RFC 9110 §13.2.2).
  [{ 'if-match': ETAG, 'if-unmodified-since': BEFORE }, 'send'],
  [{ 'if-match': ETAG, 'if-none-match': ETAG }, 'unchanged'],
  [{ 'if-match': '"x"', 'if-none-match': ETAG }, 'failed'],
  [{ 'if-unmodified-since': BEFORE, 'if-none-match': ETAG }, 'failed'],
  [{ 'if-none-match': '"x"', 'if-modified-since': LAST }, 'send'],
  [{ 'if-none-match': ETAG, 'if-modified-since': BEFORE }, 'unchanged'],
]

for (const [fields, verdict] of verdicts) {
  test(`${JSON.stringify(fields)}: ${verdict}`, () => {
    assert.is(evaluateConditions(asking(fields), { etag: ETAG, lastModified: LAST_MS }), verdict)
  })
}

test('a file whose last change is not known has no conditions of dates', () => {
  for (const name of ['if-unmodified-since', 'if-modified-since']) {
    assert.is(evaluateConditions(asking({ [name]: BEFORE }), { etag: ETAG, lastModified: undefined }), 'send')
    assert.is(evaluateConditions(asking({ [name]: AFTER }), { etag: ETAG, lastModified: undefined }), 'send')
  }
})

const parts: readonly (readonly [Fields, boolean])[] = [
  [{}, true],
  [{ 'if-range': ETAG }, true],
  [{ 'if-range': 'W/"abc"' }, false],
  [{ 'if-range': '"x"' }, false],
  [{ 'if-range': '"abc", "x"' }, false],
  [{ 'if-range': '*' }, false],
  [{ 'if-range': LAST }, true],
  [{ 'if-range': AFTER }, false],
  [{ 'if-range': BEFORE }, false],
  [{ 'if-range': 'abc' }, false],
]

for (const [fields, expected] of parts) {
  test(`${JSON.stringify(fields)}: ${expected ? 'parts' : 'all of it'}`, () => {
    assert.is(rangeApplies(asking(fields), { etag: ETAG, lastModified: LAST_MS }), expected)
  })
}

test('a date that is not over tells nothing of the bytes', () => {
  const validators = { etag: ETAG, lastModified: LAST_MS }
  assert.is(rangeApplies(asking({ 'if-range': LAST }), validators, LAST_MS + 999), false)
  assert.is(rangeApplies(asking({ 'if-range': LAST }), validators, LAST_MS + 1000), true)
  assert.is(rangeApplies(asking({ 'if-range': LAST }), { etag: ETAG, lastModified: undefined }), false)
})

test('a long field of white space is read in no time', () => {
  const validators = { etag: ETAG, lastModified: LAST_MS }
  const spaces = ' '.repeat(1_000_000)
  assert.is(
    evaluateConditions(asking({ 'if-none-match': `"a",${spaces}x` }), validators),
    evaluateConditions(asking({ 'if-none-match': '"a"' }), validators),
  )
  assert.is(
    evaluateConditions(asking({ 'if-match': `"a",${spaces}${ETAG}${spaces}` }), validators),
    evaluateConditions(asking({ 'if-match': ETAG }), validators),
  )
})

test.run()
