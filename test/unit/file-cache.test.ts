import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Cache } from '#brink/files/cache.js'

function keysOf(cache: Cache<object>, keys: string): string {
  return [...keys].filter((key) => cache.get(key) !== undefined).join('')
}

test('what is heavier than all may be is not kept', () => {
  const cache = new Cache<object>(10)
  cache.set('a', {}, 11)
  assert.is(cache.get('a'), undefined)
  cache.set('a', {}, 10)
  assert.ok(cache.get('a'))
  assert.is(cache.weight, 10)
})

test('the oldest goes first', () => {
  const cache = new Cache<object>(3)
  for (const key of 'abcde') cache.set(key, {}, 1)
  assert.is(cache.weight, 3)
  assert.is(keysOf(cache, 'abcde'), 'cde')
})

test('what was asked for stays, once', () => {
  const cache = new Cache<object>(3)
  for (const key of 'abc') cache.set(key, {}, 1)
  cache.get('a')
  cache.set('d', {}, 1)
  cache.set('e', {}, 1)
  assert.is(keysOf(cache, 'abcde'), 'ade')
})

test('when all were asked for, the newcomer finds no place, but the next one does', () => {
  const cache = new Cache<object>(2)
  for (const key of 'ab') cache.set(key, {}, 1)
  for (const key of 'ab') cache.get(key)
  cache.set('c', {}, 1)
  assert.is(cache.weight, 2)
  cache.set('d', {}, 1)
  assert.ok(cache.get('d'))
  assert.is(cache.weight, 2)
})

test('a value is replaced with its weight', () => {
  const cache = new Cache<object>(10)
  cache.set('a', {}, 8)
  cache.set('a', {}, 3)
  assert.is(cache.weight, 3)
  cache.set('a', {}, 11)
  assert.is(cache.get('a'), undefined)
  assert.is(cache.weight, 0)
  cache.delete('a')
  assert.is(cache.weight, 0)
})

test('one that is heavy puts out as many as it must', () => {
  const cache = new Cache<object>(10)
  for (const key of 'abcdefghij') cache.set(key, {}, 1)
  cache.set('k', {}, 7)
  assert.is(cache.weight, 10)
  assert.is(keysOf(cache, 'abcdefghijk'), 'hijk')
})

test.run()
