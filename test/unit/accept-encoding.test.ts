import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseEncoding } from '#brink/fields/accept_encoding.js'
import { cpuMs } from './cpu_ms.js'

const AVAILABLE = ['br', 'gzip', 'identity']

const cases: readonly (readonly [string | null, string | undefined])[] = [
  // [Accept-Encoding, chosen of br, gzip and identity]
  [null, 'identity'],
  ['', 'identity'],
  ['gzip', 'gzip'],
  ['GZip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip,br', 'br'],
  ['gzip;q=1.0, br;q=0.5', 'gzip'],
  ['gzip ; q=0.8\t,\tbr;Q=0.80', 'br'],
  ['gzip;q=0.001', 'gzip'],
  ['gzip;q=0', 'identity'],
  ['gzip;q=0.000', 'identity'],
  ['deflate', 'identity'],
  ['identity', 'identity'],
  ['identity, gzip', 'gzip'],
  ['identity, gzip;q=0.9', 'identity'],
  ['*', 'br'],
  ['*;q=0.5', 'br'],
  ['*, br;q=0', 'gzip'],
  ['gzip, *;q=0', 'gzip'],
  ['gzip, *;q=0.1', 'gzip'],
  ['br;q=0.2, *;q=0.4', 'gzip'],
  ['identity;q=0', undefined],
  ['*;q=0', undefined],
  ['*;q=0, identity', 'identity'],
  ['*;q=0, identity;q=0.1', 'identity'],
  ['identity;q=0, gzip', 'gzip'],
  // Empty elements are none (RFC 9110 §5.6.1.2).
  [', ,gzip,,', 'gzip'],
  // What is not of the grammar counts for nothing, and costs no other element its weight.
  ['gzip;q=2', 'identity'],
  ['gzip;q=-1', 'identity'],
  ['gzip;q=0.1234', 'identity'],
  ['gzip;q=1.5', 'identity'],
  ['gzip;q=', 'identity'],
  ['gzip;q', 'identity'],
  ['gzip;q =1', 'identity'],
  ['gzip;level=9', 'identity'],
  ['gzip;q=1;x', 'identity'],
  ['gzip br', 'identity'],
  ['"gzip"', 'identity'],
  ['gzip;q=NaN, br;q=0.1', 'br'],
  ['b@d, gzip', 'gzip'],
  ['gzip\u00a0, br;q=0.1', 'br'],
  ['__proto__, constructor;q=0.5, gzip;q=0.1', 'gzip'],
]

for (const [field, chosen] of cases) {
  test(`Accept-Encoding: ${field} gets ${chosen ?? 'nothing'}`, () => {
    assert.is(chooseEncoding(field, AVAILABLE), chosen)
  })
}

test('identity is chosen only where it is named', () => {
  assert.is(chooseEncoding('deflate', ['br', 'gzip']), undefined)
  assert.is(chooseEncoding(null, ['br']), undefined)
  assert.is(chooseEncoding('', []), undefined)
})

test('a field as long as a head can be takes no longer than its length', () => {
  const long = 64 * 1024
  for (const field of [
    ' '.repeat(long),
    `gzip${' '.repeat(long)}x`,
    'a'.repeat(long),
    ','.repeat(long),
    'a;'.repeat(long / 2),
    'a;q=0.'.repeat(long / 6),
    ` ;${'\t'.repeat(long)}`,
  ]) {
    const took = cpuMs(() => assert.is(chooseEncoding(`${field},br`, ['br']), 'br'))
    assert.ok(took < 200, field.slice(0, 10))
  }
})

test.run()
