// However a request is cut into segments, it is the same request.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, inChunks, post, postChunked } from './messages.js'
import { connect } from './raw_client.js'
import { serving } from './serving.js'
import { until } from './waiting.js'

/** Answers with everything that a request is made of. */
const app = new Router().all('/*', async (req) => {
  const { method, path, query, headers } = req
  return [method, path, query.get('q'), headers.get('x-one'), headers.get('cookie'), await req.text()].join(' ')
})

const fields = ['X-One:  first value ', 'Cookie: a=1', 'x-one: second', 'cookie: b=2']
const read = (method: string, body: string) => `${method} /path 7 first value, second a=1; b=2 ${body}`

const cases: [string, string | Buffer, string[]][] = [
  ['a request without a body', get('/path?q=7', ...fields), [read('GET', '')]],
  ['a body of announced length', post('/path?q=7', 'the body', ...fields), [read('POST', 'the body')]],
  [
    'a body behind a field without a value',
    post('/path?q=7', 'the body', ...fields, 'A: '),
    [read('POST', 'the body')],
  ],
  ['a body in chunks', postChunked('/path?q=7', ['the', ' ', 'body'], ...fields), [read('POST', 'the body')]],
  [
    'chunks with extensions and trailers',
    head('POST', '/path?q=7', 'Transfer-Encoding: chunked', ...fields) +
      '4;a=b;c="d"\r\nthe \r\n04\r\nbody\r\n0;e\r\nX-One: trailer\r\n\r\n',
    [read('POST', 'the body')],
  ],
  [
    'three pipelined requests',
    Buffer.concat([
      post('/path?q=7', 'one', ...fields),
      postChunked('/path?q=7', ['two'], ...fields),
      Buffer.from(`\r\n${get('/path?q=7', ...fields)}`),
    ]),
    [read('POST', 'one'), read('POST', 'two'), read('GET', '')],
  ],
]

/** How many bytes two requests begin with in common. */
function inCommon(one: Buffer, other: Buffer): number {
  const differs = one.findIndex((byte, at) => byte !== other[at])
  return differs === -1 ? one.length : differs
}

for (const [n, [what, bytes, expected]] of cases.entries()) {
  const whole = Buffer.from(bytes)
  // Behind fewer bytes than that, another case is cut.
  const cutBefore = Math.max(0, ...cases.slice(0, n).map(([, earlier]) => inCommon(whole, Buffer.from(earlier))))

  test(`${what}, a byte at a time`, () =>
    serving(app, async (server) => {
      const client = await connect(server)
      for (const byte of whole) await client.sendSeen(server, Buffer.of(byte))
      const answers = await client.receive(expected.length)
      assert.equal(
        answers.map(({ text }) => text),
        expected,
      )
    }))

  test(`${what}, cut in two at every byte`, () =>
    serving(app, async (server) => {
      const client = await connect(server)
      for (let cut = cutBefore + 1; cut < whole.length; cut += 1) {
        await client.sendSeen(server, whole.subarray(0, cut))
        client.send(whole.subarray(cut))
        const answers = await client.receive(expected.length)
        assert.equal(
          answers.map(({ text }) => text),
          expected,
          `cut at ${cut}`,
        )
      }
    }))
}

test('many clients that each send a byte at a time', () =>
  serving(app, async (server) => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect(server)))
    const requests = clients.map((_, n) => postChunked('/path?q=7', [`body ${n}`], ...fields))
    const longest = Math.max(...requests.map(({ length }) => length))
    let sent = server.stats().bytesIn
    for (let at = 0; at < longest; at += 1) {
      for (const [n, client] of clients.entries()) {
        const byte = (requests[n] as Buffer).subarray(at, at + 1)
        client.send(byte)
        sent += byte.length
      }
      await until(() => server.stats().bytesIn >= sent, 'the server has read a byte of each')
    }
    const answers = await Promise.all(clients.map((client) => client.response()))
    assert.equal(
      answers.map(({ text }) => text),
      clients.map((_, n) => read('POST', `body ${n}`)),
    )
  }))

test('a head in many segments, with a large body behind it', () =>
  serving(
    async (req) => `${req.headers.get('x-long')?.length} ${(await req.bytes()).length}`,
    async (server) => {
      const client = await connect(server)
      const start = head('POST', '/', `X-Long: ${'x'.repeat(8000)}`, 'Transfer-Encoding: chunked')
      for (let at = 0; at < start.length; at += 1000) await client.sendSeen(server, start.slice(at, at + 1000))
      client.send(inChunks(Array.from({ length: 100 }, () => Buffer.alloc(3000))))
      assert.is((await client.response()).text, '8000 300000')
    },
  ))

test.run()
