import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ReplyHeaders } from '#brink/fields/headers.js'
import { codeThrownBy } from './code_thrown_by.js'

test('names do not care about case and come back in lower case', () => {
  const headers = new ReplyHeaders({ 'X-One': 1 })
  assert.is(headers.get('x-ONE'), '1')
  assert.ok(headers.has('X-one'))
  assert.equal([...headers], [['x-one', '1']])
  headers.delete('X-ONE')
  assert.is(headers.get('x-one'), null)
})

test('names are sent as they were written', () => {
  // What the encoder takes is no part of the types.
  const fields = (headers: object) => (headers as { flat(): string[] }).flat()
  const written = (headers: ReplyHeaders) => fields(headers).filter((_, at) => at % 3 === 2)
  const headers = new ReplyHeaders({ 'X-One': 1, etag: '"a"', 'X-TWO': ['a', 'b'] })
  headers.append('x-one', 2)
  assert.equal(written(headers), ['X-One', 'etag', 'X-TWO'], 'what is added leaves the name')
  const copy = new ReplyHeaders(headers)
  copy.set('x-ONE', 3)
  copy.delete('etag')
  copy.set('ETag', '"b"')
  copy.append('Set-Cookie', 'a=1')
  copy.append('SET-COOKIE', 'b=2')
  assert.equal(written(copy), ['x-ONE', 'X-TWO', 'ETag', 'Set-Cookie', 'SET-COOKIE'])
  assert.equal(written(headers), ['X-One', 'etag', 'X-TWO'], 'the original is as it was')
})

test('values of one name are joined, cookies stay apart', () => {
  const headers = new ReplyHeaders({ vary: ['accept', 'origin'], 'set-cookie': ['a=1', 'b=2'] })
  headers.append('vary', 'cookie')
  headers.append('set-cookie', 'c=3')
  assert.is(headers.get('vary'), 'accept, origin, cookie')
  assert.equal(headers.getSetCookie(), ['a=1', 'b=2', 'c=3'])
  assert.equal([...headers].flat(), [
    ...['vary', 'accept, origin, cookie'],
    ...['set-cookie', 'a=1', 'set-cookie', 'b=2', 'set-cookie', 'c=3'],
  ])
  headers.set('set-cookie', 'd=4')
  assert.equal(headers.getSetCookie(), ['d=4'])
})

test('fields are taken from pairs, from Headers and from ReplyHeaders', () => {
  const standard = new Headers([
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['x-a', 'b'],
  ])
  for (const source of [standard, [...standard], new ReplyHeaders(standard)]) {
    const headers = new ReplyHeaders(source)
    assert.equal(headers.getSetCookie(), ['a=1', 'b=2'])
    assert.is(headers.get('x-a'), 'b')
  }
})

test('fields that are taken from others are changed alone', () => {
  const base = new ReplyHeaders({ a: '1', b: '2', 'set-cookie': ['c=1', 'd=2'] })
  const others = Array.from({ length: 5 }, () => new ReplyHeaders(base))
  others[0]?.set('a', 'other')
  others[1]?.append('b', '3')
  others[2]?.delete('set-cookie')
  others[3]?.append('set-cookie', 'e=3')
  assert.equal(
    others.map((headers) => [...headers].flat().join(' ')),
    [
      'a other b 2 set-cookie c=1 set-cookie d=2',
      'a 1 b 2, 3 set-cookie c=1 set-cookie d=2',
      'a 1 b 2',
      'a 1 b 2 set-cookie c=1 set-cookie d=2 set-cookie e=3',
      'a 1 b 2 set-cookie c=1 set-cookie d=2',
    ],
  )
  base.set('a', 'changed')
  assert.is(others[4]?.get('a'), '1')
  assert.equal([...new ReplyHeaders(new ReplyHeaders())], [])
})

test('white space around a value is not sent, bytes above ASCII are', () => {
  const headers = new ReplyHeaders({ a: ' \tb c\t ', latin: '\u00a0é\u00a0' })
  assert.is(headers.get('a'), 'b c')
  assert.is(headers.get('latin'), '\u00a0é\u00a0')
})

for (const value of ['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b', '\x01', '\x7f', '€', '\u0100', '\r']) {
  test(`the value ${JSON.stringify(value)} is refused by name`, () => {
    for (const name of ['x-name', 'set-cookie']) {
      assert.is(
        codeThrownBy(() => new ReplyHeaders({ [name]: value })),
        'ERR_INVALID_HEADER_VALUE',
      )
      assert.throws(() => new ReplyHeaders().append(name, value), new RegExp(name))
    }
  })
}

test('a value that is neither text nor a number is refused', () => {
  for (const value of [undefined, null, true, {}]) {
    assert.is(
      codeThrownBy(() => new ReplyHeaders().set('a', value as never)),
      'ERR_INVALID_HEADER_VALUE',
    )
  }
})

for (const name of ['', 'a b', 'a:', 'é', 'a\r\n', 'a\0']) {
  test(`the name ${JSON.stringify(name)} is refused`, () => {
    assert.is(
      codeThrownBy(() => new ReplyHeaders({ [name]: 'x' })),
      'ERR_INVALID_HEADER_NAME',
    )
  })
}

test('the framing is out of reach, but for asking to close', () => {
  for (const name of ['Transfer-Encoding', 'keep-alive', 'upgrade', 'trailer', 'connection']) {
    assert.is(
      codeThrownBy(() => new ReplyHeaders({ [name]: 'chunked' })),
      'ERR_FRAMING_HEADER',
    )
  }
  assert.is(new ReplyHeaders({ connection: 'Close' }).get('connection'), 'Close')
})

test('content-length is one number', () => {
  assert.is(new ReplyHeaders({ 'content-length': 5 }).get('content-length'), '5')
  for (const length of ['-1', '5, 5', '1.5', '', '0x5', Number.NaN, '9'.repeat(16)]) {
    assert.is(
      codeThrownBy(() => new ReplyHeaders({ 'content-length': length })),
      'ERR_INVALID_HEADER_VALUE',
    )
  }
  const headers = new ReplyHeaders({ 'content-length': 5 })
  assert.is(
    codeThrownBy(() => headers.append('content-length', 5)),
    'ERR_INVALID_HEADER_VALUE',
  )
})

test('what is empty adds no element to a field that has others', () => {
  const headers = new ReplyHeaders([
    ['vary', ''],
    ['vary', 'a'],
    ['vary', ''],
    ['vary', 'b'],
    ['x', ''],
    ['x', ''],
  ])
  assert.equal(
    [...headers],
    [
      ['vary', 'a, b'],
      ['x', ''],
    ],
  )
})

test('a list where one value belongs is told how to be given', () => {
  const headers = new ReplyHeaders()
  for (const method of ['set', 'append'] as const) {
    for (const name of ['set-cookie', 'vary']) {
      assert.throws(
        () => headers[method](name, ['a=1', 'b=2'] as never),
        (error: { code?: string; message: string }) =>
          error.code === 'ERR_INVALID_HEADER_VALUE' && /call append\(\) for each/.test(error.message),
      )
    }
  }
})

test.run()
