import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as layout from '#brink/exchange/layout.js'
import { get } from './messages.js'
import { type NativeApp, type NativeEvent, natively } from './native_app.js'
import { connect } from './raw_client.js'
import { until } from './waiting.js'

const HEAD = 'HTTP/1.1 299 As It Likes\r\nx-ODD: 1\r\nx-ODD: 2\r\nContent-Length: 2\r\n\r\n'
const onRequest = (answer: (app: NativeApp, event: NativeEvent) => void) => (app: NativeApp, event: NativeEvent) => {
  if (event.kind === layout.EVENT_REQUEST) answer(app, event)
}

/** What a client has got when it was sent so many bytes. */
async function arrived(client: { readonly arrived: Buffer }, length: number): Promise<string> {
  await until(() => client.arrived.length >= length, `${length} bytes arrive`)
  return client.arrived.toString('latin1')
}

test('a raw answer is sent as it is, and the connection stays', () =>
  natively(
    {},
    onRequest(({ exchange }, event) => exchange.raw(event, 0, HEAD, 'ok')),
    async (app) => {
      const client = await connect(app)
      client.send(get('/a'))
      assert.is(await arrived(client, HEAD.length + 2), `${HEAD}ok`)
      client.send(get('/b'), get('/c'))
      assert.is(await arrived(client, 3 * (HEAD.length + 2)), `${HEAD}ok`.repeat(3))
      assert.is(client.ending, undefined)
    },
  ))

test('HEAD, HTTP/1.0 and statuses without content change nothing of a raw answer', () =>
  natively(
    {},
    onRequest(({ exchange }, event) => exchange.raw(event, 0, 'HTTP/1.1 204 None\r\n\r\n', 'body')),
    async (app) => {
      const expected = 'HTTP/1.1 204 None\r\n\r\nbody'
      const client = await connect(app)
      client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
      assert.is(await arrived(client, expected.length), expected)
      const old = await connect(app)
      old.send('GET / HTTP/1.0\r\n\r\n')
      assert.is(await arrived(old, expected.length), expected)
      await until(() => old.ending === 'fin', 'the end that HTTP/1.0 asks for')
      assert.is(client.ending, undefined)
    },
  ))

test('FLAG_REPLY_CLOSE ends the connection behind a raw answer, whatever was asked behind it', () =>
  natively(
    {},
    onRequest(({ exchange }, event) =>
      exchange.raw(event, event.target === '/last' ? layout.FLAG_REPLY_CLOSE : 0, HEAD, 'ok'),
    ),
    async (app) => {
      const client = await connect(app)
      client.send(get('/first'), get('/last'), get('/behind'))
      await until(() => client.ending === 'fin', 'the end')
      assert.is(client.arrived.toString('latin1'), `${HEAD}ok`.repeat(2))
    },
  ))

test('raw answers leave in the order of their requests, whole or streamed', async () => {
  const held: NativeEvent[] = []
  await natively(
    {},
    onRequest((_app, event) => held.push(event)),
    async (app) => {
      const { exchange } = app
      const client = await connect(app)
      client.send(get('/0'), get('/1'), get('/2'), get('/3'))
      await until(() => held.length === 4, 'four requests')
      const [first, second, third, fourth] = held as [NativeEvent, NativeEvent, NativeEvent, NativeEvent]
      exchange.raw(fourth, 0, '[3:', 'whole]')
      exchange.raw(third, layout.FLAG_REPLY_STREAM, '[2:', 'begin ')
      exchange.rawChunk(third, 0, 'more ', 'of it ')
      exchange.raw(second, layout.FLAG_REPLY_STREAM, '[1:', undefined)
      exchange.raw(first, 0, '[0]', undefined)
      assert.is(await arrived(client, 6), '[0][1:')
      exchange.rawChunk(second, layout.FLAG_CHUNK_END, '', 'end]')
      assert.is(await arrived(client, 29), '[0][1:end][2:begin more of it ')
      exchange.rawChunk(third, layout.FLAG_CHUNK_END, ']', undefined)
      assert.is(await arrived(client, 39), '[0][1:end][2:begin more of it ][3:whole]')
      assert.is(client.ending, undefined)
    },
  )
})

test('interim answers are the first pieces of a raw stream, and the body comes meanwhile', () =>
  natively(
    {},
    ({ exchange }, event) => {
      if (event.kind === layout.EVENT_REQUEST) {
        exchange.raw(event, layout.FLAG_REPLY_STREAM, 'HTTP/1.1 102 Processing\r\n\r\n', undefined)
      }
      const isLast = event.kind === layout.EVENT_BODY && (event.flags & layout.BODY_END) !== 0
      if (isLast) exchange.rawChunk(event, layout.FLAG_CHUNK_END, HEAD, 'ok')
    },
    async (app) => {
      const client = await connect(app)
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab')
      const interim = 'HTTP/1.1 102 Processing\r\n\r\n'
      assert.is(await arrived(client, interim.length), interim)
      client.send('cd', get('/'))
      await until(() => client.arrived.toString('latin1').startsWith(`${interim}${HEAD}ok${interim}`), 'both answers')
    },
  ))

test('large raw answers arrive whole, behind their heads', () =>
  natively(
    {},
    onRequest(({ exchange }, event) => {
      const size = Number(event.target.slice(2))
      const body = Buffer.alloc(size, event.target.slice(1, 2))
      const head = `HTTP/1.1 200 OK\r\ncontent-length: ${2 * size}\r\n\r\n`
      exchange.raw(event, layout.FLAG_REPLY_STREAM, head, body)
      exchange.rawChunk(event, 0, '', body.subarray(0, size / 2))
      exchange.rawChunk(event, layout.FLAG_CHUNK_END, body.toString('latin1', 0, size / 2), undefined)
    }),
    async (app) => {
      const client = await connect(app)
      client.send(get('/a400000'), get('/b100000'), get('/c2'))
      const expected = [...'abc'].map((letter, place) => {
        const size = [800_000, 200_000, 4][place] as number
        return `HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n${letter.repeat(size)}`
      })
      const all = expected.join('')
      assert.ok((await arrived(client, all.length)) === all)
    },
  ))

test('a large whole raw answer is one body behind its head', () =>
  natively(
    {},
    onRequest(({ exchange }, event) => {
      const body = Buffer.alloc(3_000_000, 'x')
      exchange.raw(event, layout.FLAG_REPLY_CLOSE, `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`, body)
    }),
    async (app) => {
      const client = await connect(app)
      client.send(get('/'))
      await until(() => client.ending === 'fin', 'the end')
      const head = 'HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n'
      assert.ok(client.arrived.equals(Buffer.from(head + 'x'.repeat(3_000_000))))
    },
  ))

test('a raw stream that asks is told when the client has taken it all', async () => {
  let request: NativeEvent | undefined
  await natively(
    {},
    onRequest((_app, event) => {
      request = event
    }),
    async (app) => {
      const client = await connect(app)
      client.send(get('/')).pause()
      await until(() => request !== undefined, 'the request')
      const to = request as NativeEvent
      app.exchange.raw(to, layout.FLAG_REPLY_STREAM | layout.FLAG_CHUNK_ASKS, '', 'first')
      await app.told(layout.EVENT_DRAINED, 1)
      const large = Buffer.alloc(20_000_000, 'y')
      for (let at = 0; at < large.length; at += 200_000) {
        app.exchange.rawChunk(to, 0, '', large.subarray(at, at + 200_000))
      }
      app.exchange.rawChunk(to, layout.FLAG_CHUNK_ASKS, '', 'z')
      await until(() => app.stats.partialWrites > 0, 'the system takes no more')
      assert.is(app.of(layout.EVENT_DRAINED).length, 1)
      client.resume()
      await app.told(layout.EVENT_DRAINED, 2)
      app.exchange.rawChunk(to, layout.FLAG_CHUNK_END | layout.FLAG_REPLY_CLOSE, '', undefined)
      await until(() => client.ending === 'fin', 'the end')
      assert.is(client.arrived.length, 5 + large.length + 1)
    },
  )
})

test('flags tell whether a request ends its connection, and how its body is framed', () =>
  natively(
    {},
    onRequest(({ exchange }, event) => exchange.raw(event, 0, HEAD, 'ok')),
    async (app) => {
      const cases: [string, number][] = [
        ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 0],
        ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', layout.FLAG_CLOSES],
        ['GET / HTTP/1.0\r\n\r\n', layout.FLAG_CLOSES | layout.FLAG_HTTP_1_0],
        ['GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', layout.FLAG_HTTP_1_0],
        ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx', layout.FLAG_BODY],
        [
          'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
          layout.FLAG_BODY | layout.FLAG_CHUNKED,
        ],
      ]
      const mask =
        layout.FLAG_CLOSES | layout.FLAG_HTTP_1_0 | layout.FLAG_CHUNKED | layout.FLAG_BODY | layout.FLAG_EXPECTS_OTHER
      for (const [bytes, expected] of cases) {
        // Again and again: heads, and then fields, are known from before.
        for (let times = 0; times < 4; times += 1) {
          for (const target of ['/', `/${times}`]) {
            const before = app.requests().length
            const client = await connect(app)
            client.send(bytes.replace(' / ', ` ${target} `))
            const requests = await app.told(layout.EVENT_REQUEST, before + 1)
            assert.is((requests.at(-1)?.flags ?? -1) & mask, expected, bytes)
            client.leave()
          }
        }
      }
    },
  ))

test.run()
