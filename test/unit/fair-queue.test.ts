import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FairQueue } from '#brink/server/fair_queue.js'

/** Takes all there is. */
function all(queue: FairQueue<string>, most = 1): string {
  const taken: string[] = []
  for (let item = queue.take(most); item !== undefined; item = queue.take(most)) taken.push(item)
  assert.is(queue.size, 0)
  return taken.join(' ')
}

/** Items such as `a1 b1 a2`: the letter is the connection. */
function queueOf(items: string): FairQueue<string> {
  const queue = new FairQueue<string>()
  for (const item of items.split(' ')) queue.add(item.charCodeAt(0) - 97, 0, item)
  return queue
}

test('connections have their turns in the order of their first items, one item a round', () => {
  assert.is(all(queueOf('a1 a2 a3 b1 c1 c2')), 'a1 b1 c1 a2 c2 a3')
})

test('a connection may have more than one item a turn', () => {
  assert.is(all(queueOf('a1 a2 a3 b1 c1 c2 c3 c4'), 2), 'a1 a2 b1 c1 c2 a3 c3 c4')
})

test('a turn that has become too long is over', () => {
  const queue = queueOf('a1 a2 a3 b1')
  assert.equal([queue.take(3), queue.take(3), queue.take(1), queue.take(1)], ['a1', 'a2', 'b1', 'a3'])
})

test('what joins comes last in the round, and behind what waits of its connection', () => {
  const queue = queueOf('a1 a2 b1')
  assert.is(queue.take(1), 'a1')
  queue.add(2, 0, 'c1')
  queue.add(0, 0, 'a3')
  assert.is(queue.size, 4)
  assert.is(all(queue), 'b1 c1 a2 a3')
  queue.add(0, 0, 'a4')
  assert.is(all(queue), 'a4')
})

test('a connection is taken out with all of it, at any place', () => {
  for (const [slot, taken, left] of [
    [0, 'a1 a2', 'b1 c1'],
    [1, 'b1', 'a1 c1 a2'],
    [2, 'c1', 'a1 b1 a2'],
  ] as const) {
    const queue = queueOf('a1 a2 b1 c1')
    assert.equal(queue.remove(slot, 1), [])
    assert.is(queue.remove(slot, 0).join(' '), taken)
    assert.equal(queue.remove(slot, 0), [])
    assert.is(all(queue), left)
  }
})

test('a connection that was there before in the same slot is another one', () => {
  const queue = queueOf('a1 a2')
  queue.add(0, 1, 'A1')
  queue.add(0, 1, 'A2')
  assert.is(all(queue), 'a1 A1 a2 A2')
  queue.add(0, 1, 'A3')
  assert.equal(queue.remove(0, 0), [])
  assert.equal(queue.remove(0, 1), ['A3'])
  assert.is(queue.take(1), undefined)
})

test('it can be emptied', () => {
  const queue = queueOf('a1 b1')
  queue.clear()
  assert.is(queue.take(1), undefined)
  queue.add(1, 0, 'b2')
  assert.is(all(queue), 'b2')
})

test.run()
