import { reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { describe } from '#brink/runtime/describe.js'
import { nearest } from '#brink/runtime/did_you_mean.js'

class Controller {}

const described: readonly [value: unknown, text: string][] = [
  ['a', "'a'"],
  ['it\'s "x"\n', `'it\\'s "x"\\n'`],
  ['x'.repeat(100), `'${'x'.repeat(80)}…'`],
  [1.5, '1.5'],
  [5n, 'the bigint 5n'],
  [Number.NaN, 'NaN'],
  [true, 'true'],
  [null, 'null'],
  [undefined, 'undefined'],
  [Symbol('s'), 'Symbol(s)'],
  [describe, 'the function describe'],
  [(() => () => {})(), 'a function'],
  [Controller, 'the class Controller'],
  [new Controller(), 'a Controller'],
  [new Error('x'), 'an Error'],
  [new URL('http://x/'), 'a URL'],
  [new Uint8Array(3), 'a Uint8Array'],
  [Promise.resolve(), 'a Promise'],
  [reply(), 'a Reply'],
  [/a/i, 'the pattern /a/i'],
  [[], 'an empty list'],
  [['a', 1], "the list ['a', 1]"],
  [[{}], 'a list of 1'],
  [{}, 'an empty object'],
  [{ a: 1 }, 'an object with the key a'],
  [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, 'an object with the keys a, b, c, d, e, …'],
  [Object.create(null), 'an empty object'],
]

for (const [value, text] of described) {
  test(`a message has ${text}`, () => assert.is(describe(value), text))
}

test('a value that throws when it is read has a description', () => {
  const trap = (): never => {
    throw new Error('read')
  }
  const hostile = new Proxy({}, { get: trap, ownKeys: trap, getPrototypeOf: trap })
  assert.is(describe(hostile), 'a value of type object')
  assert.is(describe([{ toString: trap }]), 'a list of 1')
})

const KNOWN = ['port', 'host', 'backend', 'bodyLimit', 'maxHeaders', 'maxHeaderSize', 'keepAliveTimeout']
const meant: readonly [given: string, name: string | undefined][] = [
  ['prot', 'port'],
  ['Port', 'port'],
  ['hots', 'host'],
  ['bodylimit', 'bodyLimit'],
  ['body-limit', 'bodyLimit'],
  ['max_headers', 'maxHeaders'],
  ['maxHeadersSize', 'maxHeaderSize'],
  ['keepAlive', undefined],
  ['keepaliveTimout', 'keepAliveTimeout'],
  ['x', undefined],
  ['', undefined],
  ['toString', undefined],
]

for (const [given, name] of meant) {
  test(`'${given}' is meant to be ${name}`, () => assert.is(nearest(given, KNOWN), name))
}

test.run()
