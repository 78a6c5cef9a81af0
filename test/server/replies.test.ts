// What a handler gives is what a client gets.
import { HttpError, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, noise } from './messages.js'
import { ask, connect } from './raw_client.js'
import { serving } from './serving.js'
import { turn } from './waiting.js'

const TEXT = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json'
const BYTES = 'application/octet-stream'
const MIB = 1024 * 1024
const large = noise(5 * MIB)
const unicode = 'Grüße, 世界! 🌊 '

interface Case {
  what: string
  give: () => unknown
  status?: number
  type?: string | undefined
  body: string | Buffer
  fields?: Record<string, string>
}

const cases: Case[] = [
  { what: 'a string', give: () => 'Hello', type: TEXT, body: 'Hello' },
  { what: 'an empty string', give: () => '', type: TEXT, body: '' },
  { what: 'a string that is not ASCII', give: () => unicode, type: TEXT, body: unicode },
  { what: 'a string of just one that is not', give: () => 'ü', type: TEXT, body: 'ü' },
  {
    what: 'a string of 48 and one that is not',
    give: () => `${'a'.repeat(48)}ü`,
    type: TEXT,
    body: `${'a'.repeat(48)}ü`,
  },
  {
    what: 'a string that could be copied',
    give: () => '世'.repeat(32 * 1024),
    type: TEXT,
    body: '世'.repeat(32 * 1024),
  },
  { what: 'a string above that', give: () => '世'.repeat(32 * 1024 + 1), type: TEXT, body: '世'.repeat(32 * 1024 + 1) },
  { what: 'a string of megabytes', give: () => unicode.repeat(200_000), type: TEXT, body: unicode.repeat(200_000) },
  { what: 'half of a character', give: () => 'a\ud83cb', type: TEXT, body: 'a\ufffdb' },
  { what: 'an object', give: () => ({ a: [1, 'ü', null] }), type: JSON_TYPE, body: '{"a":[1,"ü",null]}' },
  { what: 'a list', give: () => [1, 2], type: JSON_TYPE, body: '[1,2]' },
  { what: 'a number', give: () => 42, type: JSON_TYPE, body: '42' },
  { what: 'false', give: () => false, type: JSON_TYPE, body: 'false' },
  { what: 'bytes', give: () => Uint8Array.of(0, 255, 10, 13), type: BYTES, body: Buffer.of(0, 255, 10, 13) },
  { what: 'no bytes', give: () => new Uint8Array(), type: BYTES, body: '' },
  { what: 'an ArrayBuffer', give: () => Uint8Array.of(1, 2).buffer, type: BYTES, body: Buffer.of(1, 2) },
  { what: 'part of a buffer', give: () => large.subarray(7, 107), type: BYTES, body: large.subarray(7, 107) },
  {
    what: 'bytes that are copied',
    give: () => large.subarray(0, 32_768),
    type: BYTES,
    body: large.subarray(0, 32_768),
  },
  { what: 'bytes by reference', give: () => large.subarray(3, 32_772), type: BYTES, body: large.subarray(3, 32_772) },
  { what: 'bytes of megabytes', give: () => large, type: BYTES, body: large },
  { what: 'nothing', give: () => undefined, status: 204, body: '' },
  { what: 'null', give: () => null, status: 204, body: '' },
  { what: 'reply()', give: () => reply(), body: '' },
  {
    what: 'reply() with all',
    give: () => reply(201, 'made', { location: '/7' }),
    status: 201,
    type: TEXT,
    body: 'made',
  },
  { what: 'reply() of JSON', give: () => reply(200, { a: 1 }), type: JSON_TYPE, body: '{"a":1}' },
  { what: 'reply() of null', give: () => reply(200, null), body: '' },
  {
    what: 'a content type of its own',
    give: () => reply(200, '<p>', { 'Content-Type': 'text/html' }),
    type: 'text/html',
    body: '<p>',
  },
  {
    what: 'fields',
    give: () => reply(200, 'x', { 'X-One': '1', vary: ['a', 'b'], latin: 'é' }),
    type: TEXT,
    body: 'x',
    fields: { 'x-one': '1', vary: 'a, b', latin: 'é' },
  },
  {
    what: 'a length that is right',
    give: () => reply(200, 'ü', { 'content-length': 2 }),
    type: TEXT,
    body: 'ü',
    fields: { 'content-length': '2' },
  },
  { what: 'a status without a phrase', give: () => reply(299, 'odd'), status: 299, type: TEXT, body: 'odd' },
  {
    what: 'a Response',
    give: () => new Response(unicode, { status: 202, headers: { 'x-one': '1' } }),
    status: 202,
    type: 'text/plain;charset=UTF-8',
    body: unicode,
    fields: { 'x-one': '1' },
  },
  { what: 'a Response of JSON', give: () => Response.json({ a: 1 }), type: JSON_TYPE, body: '{"a":1}' },
  { what: 'a Response without a body', give: () => new Response(null, { status: 304 }), status: 304, body: '' },
  { what: 'a large Response, which names no type', give: () => new Response(large), body: large },
  {
    what: 'an HttpError',
    give: () => {
      throw new HttpError(418, 'short and stout', { headers: { 'x-one': '1' } })
    },
    status: 418,
    type: TEXT,
    body: 'short and stout',
    fields: { 'x-one': '1' },
  },
]

const ways: [string, (give: () => unknown) => (...args: never[]) => unknown][] = [
  ['at once', (give) => () => give()],
  ['by a handler that sees the request', (give) => (_req: never) => give()],
  ['from an async handler', (give) => async () => give()],
  [
    'later',
    (give) => async () => {
      await turn()
      return give()
    },
  ],
]

for (const { what, give, status = 200, type, body, fields = {} } of cases) {
  for (const [when, made] of ways) {
    test(`${what}, ${when}`, () =>
      serving(made(give) as never, async (server) => {
        const client = await connect(server)
        // Several at once, so that one's end is the next one's beginning.
        for (const answer of await client.send(get() + get() + get()).receive(3)) {
          assert.is(answer.status, status)
          assert.is(answer.header('content-type'), type)
          assert.ok(answer.body.equals(Buffer.from(body)), `${answer.body.length} bytes`)
          for (const [name, value] of Object.entries(fields)) assert.is(answer.header(name), value)
        }
      }))
  }
}

test('cookies are fields of their own, in order', () =>
  serving(
    new Router()
      .get('/reply', () => reply(200, 'x', { 'set-cookie': ['a=1; Path=/', 'b=2'] }))
      .get('/response', (_req) => {
        const response = new Response('x')
        response.headers.append('set-cookie', 'a=1; Path=/')
        response.headers.append('set-cookie', 'b=2')
        return response
      }),
    async (server) => {
      for (const target of ['/reply', '/response']) {
        assert.is((await ask(server, get(target))).header('set-cookie'), 'a=1; Path=/|b=2')
      }
    },
  ))

test('middleware changes status, fields and body', () =>
  serving(
    new Router()
      .use(async (_req, next) => {
        const answer = await next()
        answer.status = 202
        answer.headers.set('x-powered', 'edges')
        answer.body = { was: answer.body }
        return answer
      })
      .get('/', () => 'hello'),
    async (server) => {
      const answer = await ask(server, get())
      assert.is(answer.status, 202)
      assert.is(answer.header('x-powered'), 'edges')
      assert.is(answer.text, '{"was":"hello"}')
    },
  ))

test('405 names what is allowed, OPTIONS and HEAD are answered', () =>
  serving(
    new Router()
      .get('/a', () => 'a')
      .post('/a', () => 'b')
      .delete('/b', () => {}),
    async (server) => {
      const client = await connect(server)
      const refused = await client.send(head('PUT', '/a')).response()
      assert.is(`${refused.status} ${refused.header('allow')}`, '405 GET, HEAD, POST, OPTIONS')
      const options = await client.send(head('OPTIONS', '/a')).response()
      assert.is(`${options.status} ${options.header('allow')}`, '204 GET, HEAD, POST, OPTIONS')
      const everything = await client.send(head('OPTIONS', '*')).response()
      assert.is(`${everything.status} ${everything.header('allow')}`, '204 GET, HEAD, POST, DELETE, OPTIONS')
      const headed = await client.send(head('HEAD', '/a')).response('HEAD')
      assert.is(`${headed.status} ${headed.header('content-length')}`, '200 1')
      assert.is((await client.send(head('HEAD', '/b')).response('HEAD')).status, 405)
      assert.is((await client.send(head('PROPFIND', '/a')).response()).status, 405)
      assert.is((await client.send(get('/c')).response()).status, 404)
      assert.is((await client.send(get('/%zz')).response()).status, 400)
      assert.is((await client.send(head('CONNECT', 'brink:80')).response()).status, 501)
    },
  ))

test('many large answers at once are not mixed up', () =>
  serving(
    new Router().get('/:n', ({ params }) => noise(Number(params.n) * 1000, Number(params.n))),
    async (server) => {
      const clients = await Promise.all(Array.from({ length: 10 }, () => connect(server)))
      const numbers = Array.from({ length: 60 }, (_, n) => n)
      await Promise.all(
        clients.map(async (client) => {
          const answers = await client.send(numbers.map((n) => get(`/${n}`)).join('')).receive(60)
          answers.forEach((answer, n) => {
            assert.ok(answer.body.equals(noise(n * 1000, n)), `answer ${n}`)
          })
        }),
      )
    },
  ))

test('a body that is sent by reference is let go of when it is written', () =>
  serving(
    () => new Uint8Array(MIB),
    async (server) => {
      const client = await connect(server)
      const external = () => process.memoryUsage().arrayBuffers
      const round = async () => {
        for (let count = 0; count < 100; count += 1) await client.send(get()).response()
      }
      await round()
      const before = external()
      for (let rounds = 0; rounds < 5; rounds += 1) await round()
      // 500 MiB went by.
      assert.ok(external() - before < 250 * MIB, `${(external() - before) / MIB} MiB more`)
    },
  ))

test('to HEAD, a route that gives no content says no length, since it need not be the one of GET', () =>
  serving(
    new Router()
      .get('/', () => 'abc')
      .head('/', () => reply(200, undefined, { 'x-own': 'head' }))
      .get('/same', () => 'abc'),
    async (server) => {
      const client = (await connect(server)).send(head('HEAD', '/'))
      const own = await client.response('HEAD')
      assert.equal([own.header('x-own'), own.header('content-length')], ['head', undefined])
      const same = await client.send(head('HEAD', '/same')).response('HEAD')
      assert.is(same.header('content-length'), '3')
    },
  ))

test.run()
