import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parsePartNames } from '#brink/forms/part_names.js'

const utf8 = (text: string) => Buffer.from(text).toString('latin1')

const named: readonly (readonly [string, string, string | undefined])[] = [
  ['form-data; name="a"', 'a', undefined],
  ['Form-Data;NAME=a', 'a', undefined],
  ['form-data; name=""', '', undefined],
  ['form-data; name="a"; filename="b.txt"', 'a', 'b.txt'],
  ['form-data; filename="b.txt";name="a";', 'a', 'b.txt'],
  ['form-data; name="a"; filename=""', 'a', ''],
  ['form-data; name="a"; foo=bar', 'a', undefined],
  [utf8('form-data; name="ü"; filename="日本.txt"'), 'ü', '日本.txt'],
  ['form-data; name="a%22b%0D%0Ac%20"', 'a"b\r\nc%20', undefined],
  ['form-data; name="a\\"b\\\\c\\d"', 'a"b\\c\\d', undefined],
  ['form-data; name="; name=x"', '; name=x', undefined],
  ['form-data; name="__proto__"; filename="constructor"', '__proto__', 'constructor'],
  // Where a file lay is nobody's business.
  ['form-data; name="a"; filename="/etc/passwd"', 'a', 'passwd'],
  ['form-data; name="a"; filename="..\\..\\x.exe"', 'a', 'x.exe'],
  ['form-data; name="a"; filename="../.."', 'a', ''],
  ['form-data; name="a"; filename="."', 'a', ''],
  ['form-data; name="a"; filename="x/"', 'a', ''],
  ['form-data; name="a"; filename*=UTF-8\'\'%e2%82%ac.txt', 'a', '€.txt'],
  ['form-data; name="a"; filename*=utf-8\'en\'..%2F..%5Cx; foo=1', 'a', 'x'],
  ['form-data; name="a"; filename="b"; filename*=UTF-8\'\'c', 'a', 'b'],
  ['form-data; name="a"; filename*=UTF-8\'\'%ff', 'a', undefined],
  ['form-data; name="a"; filename*=UTF-8\'\'a%00', 'a', undefined],
  ['form-data; name="a"; filename*=x', 'a', undefined],
]

for (const [value, name, filename] of named) {
  test(value, () => assert.equal(parsePartNames(value), { name, filename }))
}

const unnamed = [
  '',
  'form-data',
  'form-data; filename="x"',
  'attachment; name="a"',
  'form-datax; name="a"',
  'form-data name="a"',
  'form-data; name="a',
  'form-data; name=a b',
  'form-data; name="a" x',
  'form-data; name="a"; name="b"',
  'form-data; name="a"; filename="b"; FileName="c"',
  'form-data; name="a\0"',
  'form-data; name="a\\\0"',
  'form-data; name',
  'form-data; name=',
  'form-data; name ="a"',
  'form-data, form-data; name="a"',
]

for (const value of unnamed) test(`not ${JSON.stringify(value)}`, () => assert.is(parsePartNames(value), undefined))

test('a header as long as it may be takes no longer than its length', () => {
  const long = 64 * 1024
  for (const value of [
    `form-data; name="${'\\"'.repeat(long)}`,
    `form-data${' '.repeat(long)}x`,
    `form-data; name="a"${'; '.repeat(long)}"`,
    `form-data; name="${'\\'.repeat(long + 1)}"`,
  ]) {
    const begin = process.cpuUsage()
    assert.is(parsePartNames(value), undefined)
    assert.ok(process.cpuUsage(begin).user < 200_000)
  }
})

test.run()
