import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { canonicalPath, decodeParams, parseTarget } from '#brink/fields/path.js'

const canonical: [string, string][] = [
  ['/', '/'],
  ['/a/b', '/a/b'],
  ['/%61dmin', '/admin'],
  ['/%7Euser/%2d%2E%5f', '/~user/-._'],
  ['/caf%c3%a9', '/caf%C3%A9'],
  ['/café', '/caf%C3%A9'],
  ['/Kelvin-\u212a', '/Kelvin-%E2%84%AA'],
  ['/%40%3a', '/%40%3A'],
  ['/a%2fb', '/a%2Fb'],
  ['/a%5cb', '/a%5Cb'],
  ['/a\\b', '/a%5Cb'],
  ['/a b|c', '/a%20b%7Cc'],
  ['/a/./b', '/a/b'],
  ['/a/../b', '/b'],
  ['/a/%2e%2E/b', '/b'],
  ['/a/.%2e/b', '/b'],
  ['/../../etc', '/etc'],
  ['/a/b/..', '/a/'],
  ['/a/.', '/a/'],
  ['/..', '/'],
  ['/a/...', '/a/...'],
  ['/.well-known', '/.well-known'],
  ['/a%2f..%2fb', '/a%2F..%2Fb'],
  ['/a//b', '/a//b'],
  ['//', '//'],
  ['/a//../b', '/a/b'],
  ['/a/', '/a/'],
]

for (const [raw, expected] of canonical) {
  test(`the path ${raw} is ${expected}`, () => {
    assert.is(canonicalPath(raw), expected)
    assert.is(canonicalPath(expected), expected, 'and stays so')
    assert.is(parseTarget(`${raw}?q`)?.path, expected, 'and is so in a target')
  })
}

for (const raw of ['/%', '/%4', '/%zz', '/%ff', '/%c0%af', '/%ed%a0%80', '/%00', '/a\0', '/%c3', '/\ud800']) {
  test(`the path ${JSON.stringify(raw)} is refused`, () => {
    assert.is(canonicalPath(raw), undefined)
    assert.is(parseTarget(raw), undefined)
  })
}

test('the query is what follows the first question mark, as it was sent', () => {
  assert.equal(parseTarget('/a?b=%zz?c'), { path: '/a', search: 'b=%zz?c' })
  assert.equal(parseTarget('/a?'), { path: '/a', search: '' })
  assert.equal(parseTarget('/%61?x'), { path: '/a', search: 'x' })
})

test('an absolute target is its path', () => {
  assert.equal(parseTarget('http://host:80/a/../b?c'), { path: '/b', search: 'c' })
  assert.equal(parseTarget('HTTPS://host'), { path: '/', search: '' })
  assert.equal(parseTarget('http://host?c/d'), { path: '/', search: 'c/d' })
})

test('a target without a path is refused', () => {
  for (const target of ['*', 'host:443', 'a/b', '']) assert.is(parseTarget(target), undefined, target)
})

test('params are decoded, and one called __proto__ is one more', () => {
  const params = decodeParams(['id', '__proto__'], ['a%2Fb%C3%A9', 'x'])
  assert.is(params.id, 'a/bé')
  assert.equal(Object.keys(params), ['id', '__proto__'])
  for (const inherited of ['toString', 'constructor', 'valueOf']) assert.is(inherited in params, false)
})

test.run()
