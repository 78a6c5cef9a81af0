import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as layout from '#brink/exchange/layout.js'
import { get } from './messages.js'
import { type NativeApp, type NativeEvent, natively } from './native_app.js'
import { connect } from './raw_client.js'
import { until } from './waiting.js'

const ANY = { takesAnyUpgrade: true }
const OFFER = 'Host: a\r\nConnection: upgrade\r\nUpgrade: other\r\n'

const offers: readonly [string, string, string][] = [
  ['without a body', `GET / HTTP/1.1\r\n${OFFER}\r\n`, 'raw'],
  ['with a body of a length', `POST / HTTP/1.1\r\n${OFFER}Content-Length: 4\r\n\r\n`, 'body and raw'],
  ['with a body in chunks', `POST / HTTP/1.1\r\n${OFFER}Transfer-Encoding: chunked\r\n\r\n`, '4\r\nbody\r\nraw'],
  ['that asks for close', `GET / HTTP/1.1\r\n${OFFER}Connection: close\r\n\r\n`, 'raw'],
  ['of HTTP/1.0', `GET / HTTP/1.0\r\n${OFFER}\r\n`, 'raw'],
  ['by CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', 'raw'],
]

const isRequest = (event: NativeEvent) => event.kind === layout.EVENT_REQUEST
const told = (app: NativeApp) =>
  app
    .of(layout.EVENT_BODY)
    .map(({ body }) => body)
    .join('')

for (const [name, head, behind] of offers) {
  for (const together of [true, false]) {
    test(`an offer ${name} is taken, and what is behind its head is raw${together ? ', also at once' : ''}`, () =>
      natively(
        ANY,
        ({ exchange }, event) => {
          if (!isRequest(event)) return
          exchange.takeOver(event)
          exchange.rawChunk(event, 0, '', '[101]')
        },
        async (app) => {
          const client = await connect(app)
          client.send(head + (together ? behind : ''))
          await until(() => client.arrived.toString() === '[101]', 'the answer')
          if (!together) client.send(behind)
          await until(() => told(app) === behind, 'what is behind')
          const [request] = app.requests() as [NativeEvent]
          assert.ok((request.flags & layout.FLAG_UPGRADE) !== 0)
          assert.is(request.body, '')
          app.exchange.rawChunk(request, layout.FLAG_CHUNK_END, '', 'end')
          await until(() => client.ending === 'fin', 'the end')
          assert.is(client.arrived.toString(), '[101]end')
        },
      ))
  }
}

test('an offer with a body that is declined is a plain request', () =>
  natively(
    ANY,
    ({ exchange }, event) => {
      if (isRequest(event) && (event.flags & layout.FLAG_BODY_FOLLOWS) !== 0) exchange.read(event, 1000)
      else if (isRequest(event)) exchange.raw(event, 0, '[next]', undefined)
      else if (event.kind === layout.EVENT_BODY && (event.flags & layout.BODY_END) !== 0) {
        exchange.raw(event, 0, '[plain]', undefined)
      }
    },
    async (app) => {
      const client = await connect(app)
      client.send(`POST / HTTP/1.1\r\n${OFFER}Content-Length: 4\r\n\r\nbody`, get('/'))
      await until(() => client.arrived.toString() === '[plain][next]', 'both answers')
      assert.is(told(app), 'body')
      assert.is(client.ending, undefined)
    },
  ))

test('an answer declines an offer, and what it says of the connection holds', () =>
  natively(
    ANY,
    ({ exchange }, event) => {
      if (isRequest(event)) exchange.raw(event, 0, `[${event.target}]`, undefined)
    },
    async (app) => {
      const client = await connect(app)
      client.send(`POST /a HTTP/1.1\r\n${OFFER}Content-Length: 4\r\n\r\nbody`)
      client.send(`GET /b HTTP/1.1\r\n${OFFER}\r\n`, `GET /c HTTP/1.1\r\n${OFFER}Connection: close\r\n\r\n`, get('/d'))
      await until(() => client.ending === 'fin', 'the end')
      assert.is(client.arrived.toString(), '[/a][/b][/c]')
      const tunnel = await connect(app)
      tunnel.send('CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', get('/d'))
      await until(() => tunnel.ending === 'fin', 'the end')
      assert.is(tunnel.arrived.toString(), '[a:80]')
    },
  ))

for (const [name, head] of [...offers.slice(0, 2), ['', get('/')]] as const) {
  test(`a connection is taken over while a raw answer is open${name && `, to an offer ${name}`}`, () =>
    natively(
      ANY,
      ({ exchange }, event) => {
        if (isRequest(event)) exchange.raw(event, layout.FLAG_REPLY_STREAM, 'answered, ', undefined)
      },
      async (app) => {
        const client = await connect(app)
        client.send(head)
        await until(() => client.arrived.toString() === 'answered, ', 'the answer')
        const [request] = app.requests() as [NativeEvent]
        app.exchange.rawChunk(request, 0, 'more, ', undefined)
        app.exchange.takeOver(request)
        app.exchange.rawChunk(request, 0, 'raw', undefined)
        await until(() => client.arrived.toString() === 'answered, more, raw', 'what was said')
        client.send('GET is nothing')
        await until(() => told(app) === 'GET is nothing', 'what the client says')
        app.exchange.rawChunk(request, layout.FLAG_CHUNK_END, '', undefined)
        await until(() => client.ending === 'fin', 'the end')
      },
    ))
}

test('a torn head behind a request that is taken over is raw, too', () =>
  natively(
    ANY,
    () => {},
    async (app) => {
      const client = await connect(app)
      client.send(get('/'), 'GET /torn HT')
      const [request] = (await app.told(layout.EVENT_REQUEST)) as [NativeEvent]
      await until(() => app.stats.bytesIn >= get('/').length + 12, 'all was read')
      app.exchange.takeOver(request)
      client.send('TP')
      await until(() => told(app) === 'GET /torn HTTP', 'all of it')
    },
  ))

test('a request that others are behind cannot be taken over', () =>
  natively(
    ANY,
    () => {},
    async (app) => {
      const client = await connect(app)
      client.send(get('/a'), get('/b'))
      const [first] = (await app.told(layout.EVENT_REQUEST, 2)) as [NativeEvent]
      app.exchange.takeOver(first)
      await until(() => client.ending === 'fin', 'the end')
      assert.match(client.arrived.toString(), /^HTTP\/1\.1 500 /)
    },
  ))

test.run()
