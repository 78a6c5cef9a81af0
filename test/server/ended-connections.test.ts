import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as layout from '#brink/exchange/layout.js'
import { get } from './messages.js'
import { type NativeApp, type NativeEvent, natively } from './native_app.js'
import { connect } from './raw_client.js'
import { until } from './waiting.js'

const ENDINGS = [
  { name: 'in order', how: layout.END_IN_ORDER, ending: 'fin' },
  { name: 'at once', how: layout.END_AT_ONCE, ending: 'fin' },
  { name: 'by a reset', how: layout.END_BY_RESET, ending: 'reset' },
] as const

const answer = ({ exchange }: NativeApp, to: NativeEvent) => exchange.raw(to, 0, `[${to.target}]`, undefined)
const endOf = (app: NativeApp, { slot, generation }: NativeEvent, how: number, bytes?: string) =>
  app.exchange.endConnection(slot, generation, how, bytes)

for (const { name, how, ending } of ENDINGS) {
  test(`an unanswered connection ends ${name}, and its requests are told to be gone`, () =>
    natively(
      {},
      (app, event) => {
        if (event.target === '/end') endOf(app, event, how)
      },
      async (app) => {
        const client = await connect(app)
        client.send(get('/waits'), get('/end'), get('/behind'))
        await until(() => client.ending === ending, `${ending}`)
        await app.told(layout.EVENT_GONE)
        assert.is(client.arrived.length, 0)
        assert.is(app.of(layout.EVENT_GONE).length, 1)
      },
    ))

  test(`an idle connection ends ${name}`, () =>
    natively(
      {},
      (app, event) => {
        if (event.kind === layout.EVENT_REQUEST) answer(app, event)
      },
      async (app) => {
        const client = await connect(app)
        client.send(get('/a'))
        await until(() => client.arrived.toString() === '[/a]', 'the answer')
        endOf(app, app.requests()[0] as NativeEvent, how)
        await until(() => client.ending === ending, `${ending}`)
        assert.is(app.of(layout.EVENT_GONE).length, 0)
        // Whoever is there is somebody else.
        endOf(app, app.requests()[0] as NativeEvent, how)
        const next = await connect(app)
        next.send(get('/next'))
        await until(() => next.arrived.toString() === '[/next]', 'the answer')
        assert.is(next.ending, undefined)
      },
    ))

  test(`a connection ends ${name} in the middle of an answer and of a body`, () =>
    natively(
      {},
      ({ exchange }, event) => {
        if (event.kind === layout.EVENT_REQUEST) exchange.raw(event, layout.FLAG_REPLY_STREAM, 'begun', undefined)
      },
      async (app) => {
        const client = await connect(app)
        client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 400\r\n\r\nbegun')
        await until(() => client.arrived.toString() === 'begun', 'what there is of the answer')
        endOf(app, app.requests()[0] as NativeEvent, how)
        await until(() => client.ending === ending, `${ending}`)
        await app.told(layout.EVENT_GONE)
        client.leave()
        await until(() => app.stats.open === 0, 'nobody is left')
      },
    ))
}

test('an end in order comes when all that was said is out, with bytes of its own', () =>
  natively(
    {},
    (app, event) => {
      if (event.target === '/large') app.exchange.raw(event, 0, '', Buffer.alloc(8_000_000, 'x'))
      if (event.target !== '/end') return
      answer(app, event)
      endOf(app, event, layout.END_IN_ORDER, 'last words')
    },
    async (app) => {
      const client = await connect(app)
      client.send(get('/large'), get('/end')).pause()
      await app.told(layout.EVENT_REQUEST, 2)
      await until(() => app.stats.partialWrites > 0, 'the system takes no more')
      client.resume()
      await until(() => client.ending === 'fin', 'the end')
      const all = client.arrived.toString('latin1')
      assert.ok(all === `${'x'.repeat(8_000_000)}[/end]last words`, `${all.length} bytes: …${all.slice(-30)}`)
    },
  ))

test('a connection that does not take its answer can be ended at once', () =>
  natively(
    {},
    (app, event) => {
      if (event.kind === layout.EVENT_REQUEST) app.exchange.raw(event, 0, '', Buffer.alloc(8_000_000, 'x'))
    },
    async (app) => {
      const client = await connect(app)
      client.send(get('/large')).pause()
      await until(() => app.stats.partialWrites > 0, 'the system takes no more')
      endOf(app, app.requests()[0] as NativeEvent, layout.END_AT_ONCE)
      await until(() => app.stats.open === 0, 'the end')
      client.resume()
      await until(() => client.ending !== undefined, 'the end, for the client')
      assert.ok(client.arrived.length < 8_000_000)
    },
  ))

test('an end that is none costs the connection nothing', () =>
  natively(
    {},
    (app, event) => {
      if (event.kind !== layout.EVENT_REQUEST) return
      endOf(app, { ...event, generation: event.generation + 1 }, layout.END_BY_RESET)
      app.exchange.endConnection(event.slot + 1, event.generation, layout.END_BY_RESET)
      answer(app, event)
    },
    async (app) => {
      const client = await connect(app)
      client.send(get('/a'))
      await until(() => client.arrived.toString() === '[/a]', 'the answer')
      endOf(app, app.requests()[0] as NativeEvent, 3)
      endOf(app, app.requests()[0] as NativeEvent, -1)
      client.send(get('/b'))
      await until(() => client.arrived.toString() === '[/a][/b]', 'the answer')
    },
  ))

test.run()
