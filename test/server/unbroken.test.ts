// No handler of an app makes the server send bytes that are no answer: whatever it returns, throws, writes or changes.
import { HttpError, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from './messages.js'
import { connect } from './raw_client.js'
import { serving } from './serving.js'

/** Calls whatever it is given to write with. */
class Written {
  write(writing: { exchange?: { raw(...args: unknown[]): void } } | undefined): void {
    writing?.exchange?.raw(this, 0, 'HTTP/1.1 two hundred\r\n\r\n', undefined)
  }
}

const BAD = ['a\r\nb: c', 'a\nb', 'a\0', '\r\n\r\nHTTP/1.1 200 OK', 'é\u0100']
const NAMES = [
  'a b',
  'a:',
  '',
  'a\r\nb',
  'content-length\r\n',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'trailer',
]

/** Properties of replies and their fields, set in whatever way the language has. */
const hacked: (() => unknown)[] = [
  () => Object.assign(reply(200, 'x'), { flags: 4096, fields: 'a\r\n\r\n', length: 1 }),
  () => Object.assign(Object.create(reply(200, 'x')), { status: 99 }),
  () => Object.defineProperty(reply(200, 'x'), 'status', { value: 7 }),
  () => Object.defineProperty(reply(200, 'x'), 'status', { value: 'OK\r\n' }),
  () =>
    Object.defineProperty(reply(200, 'x'), 'headers', {
      value: { flat: () => ['a', 'b\r\nc: d', 'a\r\n'], get: () => null },
    }),
  () =>
    Object.defineProperty(reply(200, 'x'), 'headers', {
      value: { flat: () => ['content-length', '3', 'content-length'], get: () => null },
    }),
  () => Object.assign(reply(200, 'x'), { forRequest: () => new Written() }),
  () => Object.assign(reply(200, 'x'), { copy: () => new Written(), context: { request: 1 } }),
  () => new Written(),
  () => Object.create(Written.prototype, { status: { value: 200 }, fields: { value: 'a\r\n' } }),
  () => ({ status: 200, flags: 4096, fields: 'a\r\n\r\n', body: 'x', length: undefined }),
  () => Object.fromEntries([['then', (resolve: (value: unknown) => void) => resolve(new Written())]]),
]

const given: (() => unknown)[] = [
  ...hacked,
  ...BAD.flatMap((value) => [
    () => reply(200, 'x', { a: value }),
    () => reply(200, 'x', [['a', value]]),
    () => new Response('x', { headers: { a: value } }),
    () => new Response('x', { statusText: value }),
    () => {
      throw new HttpError(400, value, { headers: { a: value } })
    },
    () => Object.assign(reply(200, [value].values()), { trailers: { a: value } }),
    () => Object.assign(reply(200, [value].values()), { trailers: () => ({ [value]: 'a' }) }),
  ]),
  ...NAMES.flatMap((name) => [
    () => reply(200, 'x', { [name]: 'a' }),
    () => {
      const answer = reply(200, 'x')
      answer.headers.append(name, 'chunked')
      return answer
    },
    () => Object.assign(reply(200, ['x'].values()), { trailers: { [name]: 'a' } }),
  ]),
  ...[0, 99, 101, 600, 1e9, Number.NaN, '200 OK\r\n'].map((status) => () => reply(status as number, 'x')),
  ...['0', '5', '-1', '1e3', '1, 1', '99999999999999999999'].flatMap((length) => [
    () => reply(200, 'x', { 'content-length': length }),
    () => reply(200, ['x'].values(), { 'content-length': length }),
    () => reply(204, 'x', { 'content-length': length }),
  ]),
]

test('whatever a handler gives, what is sent is a valid answer, or less than one', async () => {
  const app = new Router()
  for (const [index, give] of given.entries()) app.get(`/${index}`, () => give() as never)
  let whole = 0
  await serving(
    app,
    async (server) => {
      for (const index of given.keys()) {
        const client = await connect(server)
        client.send(get(`/${index}`))
        // The client throws for what is not valid.
        const answer = await client.response().catch((error: Error) => error)
        if (answer instanceof Error) assert.match(answer.message, /^(fin|reset) after 0 of 1/, `${index}`)
        else {
          whole += 1
          assert.ok(answer.status >= 200 && answer.status <= 599, `${index}: ${answer.status}`)
        }
        client.leave()
      }
    },
    { log: () => {} },
  )
  assert.ok(whole > given.length / 2, `${whole} of ${given.length}`)
})

test.run()
