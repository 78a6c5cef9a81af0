// What an answer says about itself and its connection.
import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from './messages.js'
import { ask, connect, type RawClient } from './raw_client.js'
import { counts, serving } from './serving.js'
import { until } from './waiting.js'

const app = new Router()
  .get('/', () => 'Hello, World!')
  .get('/bytes', () => new Uint8Array(100_000))
  .get('/nothing', () => {})
  .get('/unchanged', () => reply(304, undefined, { etag: '"1"' }))
  .get('/unchanged/known', () => reply(304, undefined, { etag: '"1"', 'content-length': 1234 }))
  .get('/said', () => reply(204, 'is not sent'))
  .get('/bye', () => reply(200, 'bye', { connection: 'close' }))
  .get('/dated', () => reply(200, 'old', { date: 'Sun, 06 Nov 1994 08:49:37 GMT' }))
  .head('/size', () => reply(200, undefined, { 'content-length': 1_000_000 }))

async function staysOpen(client: RawClient): Promise<void> {
  assert.is((await client.send(get()).response()).text, 'Hello, World!')
}

async function isClosed(client: RawClient): Promise<void> {
  assert.is(await client.closed(), 'fin')
}

const http10 = (...fields: string[]) => ['GET / HTTP/1.0', ...fields, '', ''].join('\r\n')

const keeping: [string, string, string, typeof staysOpen][] = [
  ['HTTP/1.1', get(), 'keep-alive', staysOpen],
  ['HTTP/1.1 with keep-alive', get('/', 'Connection: keep-alive'), 'keep-alive', staysOpen],
  ['HTTP/1.1 with close', get('/', 'Connection: close'), 'close', isClosed],
  ['HTTP/1.1 with CLOSE', get('/', 'Connection: CLOSE'), 'close', isClosed],
  ['HTTP/1.1 with close among other options', get('/', 'Connection: x, close , y'), 'close', isClosed],
  ['HTTP/1.1 with close in a second field', get('/', 'Connection: x', 'Connection: close'), 'close', isClosed],
  ['HTTP/1.0', http10(), 'close', isClosed],
  ['HTTP/1.0 with a Host', http10('Host: a'), 'close', isClosed],
  ['HTTP/1.0 with keep-alive', http10('Connection: keep-alive'), 'keep-alive', staysOpen],
  ['HTTP/1.0 with Keep-Alive', http10('Connection: Keep-Alive'), 'keep-alive', staysOpen],
  ['HTTP/1.0 with close', http10('Connection: close'), 'close', isClosed],
  ['an answer that asks for it', get('/bye'), 'close', isClosed],
]

for (const [what, bytes, connection, then] of keeping) {
  test(`${what}: the connection ${then === staysOpen ? 'stays open' : 'is closed'}, and the answer says so`, () =>
    serving(app, async (server) => {
      const client = (await connect(server)).send(bytes)
      const answer = await client.response()
      assert.is(answer.status, 200)
      assert.is(answer.header('connection'), connection)
      await then(client)
    }))
}

test('a thousand requests, one after the other, on one connection', () =>
  serving(app, async (server) => {
    const client = await connect(server)
    for (let count = 0; count < 1000; count += 1) await staysOpen(client)
    await counts(server, { accepted: 1, requests: 1000 })
  }))

// Each is followed by another request on the same connection: nothing but the head may have been sent.
const silent: [string, string, string, number, string | undefined][] = [
  ['HEAD of a text', 'HEAD', '/', 200, '13'],
  ['HEAD of large bytes', 'HEAD', '/bytes', 200, '100000'],
  ['HEAD of what only says its length', 'HEAD', '/size', 200, '1000000'],
  ['HEAD of nothing', 'HEAD', '/nothing', 204, undefined],
  ['HEAD of what is not there', 'HEAD', '/nowhere', 404, '9'],
  ['204', 'GET', '/nothing', 204, undefined],
  ['204 with a body', 'GET', '/said', 204, undefined],
  ['304', 'GET', '/unchanged', 304, undefined],
  ['304 that says the length', 'GET', '/unchanged/known', 304, '1234'],
  ['HEAD of a 304', 'HEAD', '/unchanged', 304, undefined],
]

for (const [what, method, target, status, length] of silent) {
  test(`${what} has no body, and the next answer follows`, () =>
    serving(app, async (server) => {
      const client = (await connect(server)).send(head(method, target), get())
      const [first, second] = await client.receive(2, [method])
      assert.is(first?.status, status)
      assert.is(first?.header('content-length'), length)
      assert.is(second?.text, 'Hello, World!')
      await staysOpen(client)
    }))
}

test('HEAD has the fields that GET has', () =>
  serving(app, async (server) => {
    const client = await connect(server)
    for (const target of ['/', '/bytes', '/nowhere']) {
      const [got, headed] = await client.send(get(target), head('HEAD', target)).receive(2, ['GET', 'HEAD'])
      const but = (fields = got?.fields) => fields?.filter(([name]) => name !== 'date')
      assert.equal(but(headed?.fields), but())
    }
  }))

test('Date is now, in the form that HTTP wants', () =>
  serving(app, async (server) => {
    const before = Math.floor(Date.now() / 1000) * 1000
    const date = (await ask(server, get())).header('date') as string
    assert.is(new Date(date).toUTCString(), date)
    assert.ok(Date.parse(date) >= before && Date.parse(date) <= Date.now(), date)
  }))

test('Date goes on, also on a connection that stays open', () =>
  serving(app, async (server) => {
    const client = await connect(server)
    const first = (await client.send(get()).response()).header('date')
    await until(async () => (await client.send(get()).response()).header('date') !== first, 'the date has changed')
  }))

test('a handler may give its own date', () =>
  serving(app, async (server) => {
    assert.is((await ask(server, get('/dated'))).header('date'), 'Sun, 06 Nov 1994 08:49:37 GMT')
  }))

test('empty lines before a request are passed over', () =>
  serving(app, async (server) => {
    await staysOpen((await connect(server)).send('\r\n\r\n'))
  }))

test('stats count what went over the wire', () =>
  serving(app, async (server) => {
    const client = await connect(server)
    const bytes = get() + head('HEAD', '/')
    const answers = await client.send(bytes).receive(2, ['GET', 'HEAD'])
    const size = (fields: readonly (readonly [string, string])[]) =>
      fields.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 'HTTP/1.1 200 OK\r\n\r\n'.length)
    const bytesOut = answers.reduce((sum, { fields, body }) => sum + size(fields) + body.length, 0)
    await counts(server, { accepted: 1, open: 1, requests: 2, bytesIn: bytes.length, bytesOut })
    await counts(server, { partialWrites: 0, refused: 0, timeouts: 0 })
    const { batches } = server.stats()
    assert.ok(batches >= 1 && batches <= 2, `${batches} batches`)
  }))

test('a client that goes on sending behind its last request has its answer all the same', () => {
  let client: RawClient | undefined
  const app = new Router().get('/', () => {
    // It lies before the server, unread, when the answer is sent and the connection ends.
    client?.send('\r\n')
    return 'the last'
  })
  return serving(app, async (server) => {
    client = await connect(server)
    assert.is((await client.send(get('/', 'Connection: close')).response()).text, 'the last')
  })
})

test.run()
