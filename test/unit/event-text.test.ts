import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { eventText, type ServerEvent } from '#brink/events/event_text.js'
import { Random } from '../peers/random.js'
import { codeThrownBy } from './code_thrown_by.js'
import { EventReader } from './event_reader.js'

const sent: readonly (readonly [string | ServerEvent, string])[] = [
  ['hello', 'data: hello\n\n'],
  ['', 'data: \n\n'],
  [' a', 'data:  a\n\n'],
  ['a\nb\r\nc\rd', 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
  ['a\n', 'data: a\ndata: \n\n'],
  ['a\n\nevent: x', 'data: a\ndata: \ndata: event: x\n\n'],
  [{ data: { a: 1 } }, 'data: {"a":1}\n\n'],
  [{ data: null }, 'data: null\n\n'],
  [{ data: 0, event: 'n', id: '7' }, 'event: n\nid: 7\ndata: 0\n\n'],
  [{ data: 'x', id: '' }, 'id: \ndata: x\n\n'],
  [{ retry: 0 }, 'retry: 0\n\n'],
  [{ comment: 'a\nb' }, ': a\n: b\n\n'],
  [{ comment: '\r\ndata: no', retry: 5, data: 'x' }, ': \n: data: no\nretry: 5\ndata: x\n\n'],
  [{ id: 'ü;:' }, 'id: ü;:\n\n'],
]

for (const [event, text] of sent) {
  test(`${JSON.stringify(event)} is sent as ${JSON.stringify(text)}`, () => assert.is(eventText(event), text))
}

const refused: readonly unknown[] = [
  {},
  { data: undefined },
  { date: 'x' },
  { id: 7 },
  { id: 'a\nb' },
  { id: 'a\rdata: b' },
  { id: 'a\0' },
  { event: 'a\nb' },
  { event: 'a\r' },
  { event: null },
  { retry: 1.5 },
  { retry: -1 },
  { retry: '5\ndata: x' },
  { comment: 5 },
  { data: () => {} },
  7,
  null,
  undefined,
  ['a'],
]

for (const event of refused) {
  test(`${JSON.stringify(event)} is no event`, () => {
    assert.is(
      codeThrownBy(() => eventText(event as ServerEvent)),
      'ERR_INVALID_EVENT',
    )
  })
}

test('whatever an event says, one event arrives, and says it', () => {
  const random = new Random(11)
  const parts = ['a', 'ü', ' ', ':', '\n', '\r', '\r\n', 'data: x', 'event: y', 'id: 9', '\n\n', '\ufeff', '\u2028']
  const any = () => Array.from({ length: random.whole(0, 8) }, () => random.one(parts)).join('')
  const oneLine = () => any().replaceAll(/[\r\n]/g, '')
  const reader = new EventReader()
  for (let round = 0; round < 2000; round += 1) {
    const data = any()
    const event = random.chance(0.5) ? { event: oneLine() } : {}
    const id = random.chance(0.5) ? { id: oneLine() } : {}
    const comment = random.chance(0.3) ? { comment: any() } : {}
    const [received, ...others] = reader.push(eventText({ data, ...event, ...id, ...comment }))
    assert.equal(others, [])
    assert.is(received?.data, data.replaceAll(/\r\n|\r/g, '\n'))
    assert.is(received?.event, event.event || 'message')
    if (id.id !== undefined) assert.is(received?.id, id.id)
  }
})

test.run()
