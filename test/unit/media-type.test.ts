import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isJson, type MediaType, parseMediaType } from '#brink/fields/media_type.js'
import { cpuMs } from './cpu_ms.js'

const wellFormed: readonly (readonly [string, string, Record<string, string>])[] = [
  ['text/html', 'text/html', {}],
  ['TEXT/Html', 'text/html', {}],
  ['text/html;charset=utf-8', 'text/html', { charset: 'utf-8' }],
  ['Text/HTML;Charset="utf-8"', 'text/html', { charset: 'utf-8' }],
  ['text/html; charset="utf-8"', 'text/html', { charset: 'utf-8' }],
  ['text/html \t;\t charset=UTF-8', 'text/html', { charset: 'UTF-8' }],
  ['text/html;;; charset=a;', 'text/html', { charset: 'a' }],
  ['text/html; ', 'text/html', {}],
  ['a/b; x=""; y="a\\"b\\\\c"', 'a/b', { x: '', y: 'a"b\\c' }],
  ['a/b; x="; y=z, c/d"', 'a/b', { x: '; y=z, c/d' }],
  ['a/b; __proto__=1; constructor=2', 'a/b', JSON.parse('{"__proto__":"1","constructor":"2"}')],
  ['application/vnd.a+json; v=1', 'application/vnd.a+json', { v: '1' }],
]

for (const [field, essence, parameters] of wellFormed) {
  test(`${JSON.stringify(field)} is ${essence}`, () => {
    const type = parseMediaType(field)
    assert.is(type?.essence, essence)
    assert.equal([...(type?.parameters ?? [])], Object.entries(parameters))
  })
}

const malformed = [
  '',
  ' ',
  'text',
  'text/',
  '/html',
  'text /html',
  'text/ html',
  ' text/html',
  // White space without a parameter, and what hides behind it.
  'text/html ',
  'application/json\t',
  'application/json\ta',
  'application/json x',
  'application/json, text/html',
  'application/json; charset=utf-8, text/html',
  'application/json;charset',
  'application/json;charset=',
  'application/json;charset =utf-8',
  'application/json;charset= utf-8',
  'application/json;charset=utf-8 x',
  'application/json;=utf-8',
  'application/json;charset="utf-8',
  'application/json;charset=utf-8"',
  'application/json;charset="utf-8"x',
  'application/json;charset="a\\"',
  'application/json;charset="\u0000"',
  'application/json;charset=\u00fc',
  'application/json\u00a0;charset=x',
  'application/json\r\n;charset=x',
  'application/json; charset=a; charset=a',
  'multipart/form-data; boundary=a; Boundary=b',
]

for (const field of malformed) {
  test(`${JSON.stringify(field)} is no media type`, () => assert.is(parseMediaType(field), undefined))
}

test('without a field there is no media type', () => assert.is(parseMediaType(null), undefined))

test('JSON is told by its name or its suffix', () => {
  const is = (field: string) => isJson(parseMediaType(field) as MediaType)
  assert.ok(is('application/json; charset=utf-8'))
  assert.ok(is('application/problem+json'))
  for (const other of ['text/json-seq', 'application/jsonx', 'application/xml', 'text/plain']) assert.not(is(other))
})

test('a field as long as a head can be takes no longer than its length', () => {
  const long = 64 * 1024
  for (const field of [
    `a/b${' '.repeat(long)}x`,
    `a/b${';'.repeat(long)}x`,
    `a/b${' ;'.repeat(long / 2)}"`,
    `a/b;x="${'\\"'.repeat(long / 2)}`,
    `a/b;x="${'a'.repeat(long)}`,
    `${'a'.repeat(long)}`,
  ]) {
    const took = cpuMs(() => assert.is(parseMediaType(field), undefined))
    assert.ok(took < 200, field.slice(0, 10))
  }
})

test.run()
