import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as layout from '#brink/exchange/layout.js'
import { get } from './messages.js'
import { type NativeApp, type NativeEvent, natively } from './native_app.js'
import { connect } from './raw_client.js'
import { until } from './waiting.js'

const TELLS = { tellsConnections: true }
const LOOPBACK = '00000000000000000000ffff7f000001'

function answers(app: NativeApp, event: NativeEvent): void {
  if (event.kind !== layout.EVENT_REQUEST || event.target === '/waits') return
  app.exchange.raw(event, event.target === '/last' ? layout.FLAG_REPLY_CLOSE : 0, 'ok', undefined)
}

const addressAt = ({ words }: NativeEvent, at: number) =>
  Buffer.from(words.buffer, words.byteOffset + 4 * at, 16).toString('hex')

test('a connection is told when it is accepted, with both of its ends, and when it has ended', () =>
  natively(TELLS, answers, async (app) => {
    const client = await connect(app)
    const [opened] = (await app.told(layout.EVENT_OPENED)) as [NativeEvent]
    assert.is(app.events[0], opened)
    assert.is(addressAt(opened, layout.OPENED_ADDRESS), LOOPBACK)
    assert.is(addressAt(opened, layout.OPENED_LOCAL_ADDRESS), LOOPBACK)
    assert.is(opened.words[layout.OPENED_PORT], client.localPort)
    assert.is(opened.words[layout.OPENED_LOCAL_PORT], app.port)
    assert.is(opened.words[layout.OPENED_FLAGS], layout.FLAG_IPV4)
    client.leave()
    const [closed] = (await app.told(layout.EVENT_CLOSED)) as [NativeEvent]
    assert.is(closed.slot, opened.slot)
    assert.is(closed.generation, opened.generation)
    assert.is(closed.words[layout.CLOSED_CAUSE], layout.CLOSED_BY_CLIENT)
  }))

test('a connection is told before its requests, and its end behind all else of it', () =>
  natively(TELLS, answers, async (app) => {
    const clients = await Promise.all(
      Array.from({ length: 40 }, async () => (await connect(app)).send(get('/'), get('/waits'))),
    )
    await app.told(layout.EVENT_REQUEST, 80)
    for (const client of clients) client.crash()
    await app.told(layout.EVENT_CLOSED, 40)
    const kinds = new Map<string, number[]>()
    for (const { slot, generation, kind } of app.events) {
      const name = `${slot} ${generation}`
      kinds.set(name, [...(kinds.get(name) ?? []), kind])
    }
    assert.is(kinds.size, 40)
    const { EVENT_OPENED, EVENT_REQUEST, EVENT_GONE, EVENT_CLOSED } = layout
    for (const order of kinds.values()) {
      assert.equal(order, [EVENT_OPENED, EVENT_REQUEST, EVENT_REQUEST, EVENT_GONE, EVENT_CLOSED])
    }
  }))

/** It is given time to see why, until it leaves. */
async function isRefused(app: NativeApp, bytes: string): Promise<void> {
  const client = (await connect(app)).send(bytes)
  await until(() => client.ending === 'fin', 'the end')
  client.leave()
}

const CAUSES: readonly [
  string,
  number,
  (app: NativeApp) => Promise<unknown>,
  Readonly<Record<string, number | boolean>>?,
][] = [
  ['the client leaves in order', layout.CLOSED_BY_CLIENT, async (app) => (await connect(app)).leave()],
  [
    'the client leaves with a reset',
    layout.CLOSED_BY_RESET,
    async (app) => {
      const client = (await connect(app)).send(get('/waits'))
      await app.told(layout.EVENT_REQUEST)
      client.crash()
    },
  ],
  ['an idle connection has waited too long', layout.CLOSED_BY_TIMEOUT, connect, { keepAliveTimeout: 1 }],
  ['a head does not come', layout.CLOSED_BY_TIMEOUT, (app) => isRefused(app, 'GET'), { headersTimeout: 1 }],
  ['an answer is the last', layout.CLOSED_BY_SERVER, async (app) => (await connect(app)).send(get('/last'))],
  [
    'the app ends it',
    layout.CLOSED_BY_SERVER,
    async (app) => {
      await connect(app)
      const [opened] = (await app.told(layout.EVENT_OPENED)) as [NativeEvent]
      app.exchange.endConnection(opened.slot, opened.generation, layout.END_BY_RESET)
    },
  ],
  ['what is no request was sent', layout.CLOSED_BY_SERVER, (app) => isRefused(app, 'no\r\n\r\n')],
]

for (const [name, cause, act, options] of CAUSES) {
  test(`why a connection has ended is told: ${name}`, () =>
    natively({ ...TELLS, ...options }, answers, async (app) => {
      await act(app)
      const [closed] = (await app.told(layout.EVENT_CLOSED)) as [NativeEvent]
      assert.is(closed.words[layout.CLOSED_CAUSE], cause)
    }))
}

test('a connection for which there is no room is told to be dropped, and closed without an answer', () =>
  natively({ ...TELLS, maxConnections: 1 }, answers, async (app) => {
    await connect(app)
    await app.told(layout.EVENT_OPENED)
    const second = await connect(app)
    const [dropped] = (await app.told(layout.EVENT_DROPPED)) as [NativeEvent]
    assert.is(dropped.words[layout.OPENED_PORT], second.localPort)
    assert.is(dropped.words[layout.OPENED_LOCAL_PORT], app.port)
    await until(() => second.ending !== undefined, 'the end')
    assert.is(second.arrived.length, 0)
    assert.is(app.of(layout.EVENT_OPENED).length, 1)
    assert.is(app.of(layout.EVENT_CLOSED).length, 0)
  }))

test('nobody is told of connections who does not ask', () =>
  natively({}, answers, async (app) => {
    const client = (await connect(app)).send(get('/last'))
    await until(() => client.ending !== undefined, 'the end')
    assert.equal(
      app.events.map(({ kind }) => kind),
      [layout.EVENT_REQUEST],
    )
  }))

test('expectations are the app’s, which says 100 itself', () =>
  natively(
    { ownsExpectations: true },
    ({ exchange }, event) => {
      const isWhole = (event.flags & layout.FLAG_BODY_FOLLOWS) === 0
      if (event.kind === layout.EVENT_REQUEST && !isWhole) {
        exchange.read(event, 1000)
        if (event.target === '/go') exchange.raw(event, layout.FLAG_REPLY_STREAM, '[100]', undefined)
        if (event.target === '/no') exchange.raw(event, layout.FLAG_REPLY_CLOSE, '[417]', undefined)
      } else if (event.kind === layout.EVENT_REQUEST) exchange.raw(event, 0, '[whole]', undefined)
      else if (event.kind === layout.EVENT_BODY) exchange.rawChunk(event, layout.FLAG_CHUNK_END, event.body, undefined)
    },
    async (app) => {
      const ask = (target: string, expectation: string) =>
        `POST ${target} HTTP/1.1\r\nHost: a\r\nExpect: ${expectation}\r\nContent-Length: 4\r\n\r\n`
      const { FLAG_EXPECTS_CONTINUE, FLAG_EXPECTS_OTHER } = layout
      const mask = FLAG_EXPECTS_CONTINUE | FLAG_EXPECTS_OTHER
      const client = await connect(app)
      client.send(ask('/go', '100-continue'))
      await until(() => client.arrived.toString() === '[100]', 'the app to say 100')
      client.send('body')
      await until(() => client.arrived.toString() === '[100]body', 'the answer')
      client.send(ask('/go', 'something'), 'four')
      await until(() => client.arrived.toString() === '[100]body[whole]', 'the answer')
      client.send(ask('/no', '100-continue'))
      await until(() => client.ending === 'fin', 'the end')
      assert.is(client.arrived.toString(), '[100]body[whole][417]')
      assert.equal(
        app.requests().map(({ flags }) => flags & mask),
        [FLAG_EXPECTS_CONTINUE, FLAG_EXPECTS_OTHER, FLAG_EXPECTS_CONTINUE],
      )
    },
  ))

test.run()
