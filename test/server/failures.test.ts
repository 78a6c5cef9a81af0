// What goes wrong in a handler is answered, and costs neither the connection nor the process.
import { HttpError, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, post } from './messages.js'
import { ask, connect } from './raw_client.js'
import { serving } from './serving.js'
import { turn } from './waiting.js'

const SECRET = 'the password is 1234'

const failing: [string, () => unknown, RegExp][] = [
  [
    'throws an Error',
    () => {
      throw new Error(SECRET)
    },
    /the password/,
  ],
  [
    'throws what is no Error',
    () => {
      throw SECRET
    },
    /the password/,
  ],
  [
    'throws nothing',
    () => {
      throw undefined
    },
    /undefined/,
  ],
  [
    'throws an HttpError above 500',
    () => {
      throw new HttpError(500, SECRET)
    },
    /the password/,
  ],
  ['gives a length that is wrong', () => reply(200, 'four', { 'content-length': 5 }), /content-length/],
  ['gives a length without a body', () => reply(200, undefined, { 'content-length': 5 }), /content-length/],
  ['gives a field with a line break', () => reply(200, 'x', { a: 'b\r\nSet-Cookie: c=d' }), /'a'/],
  ['gives a field with a bare LF', () => reply(200, 'x', { a: 'b\nc' }), /'a'/],
  ['gives a field with NUL', () => reply(200, 'x', { a: 'b\0c' }), /'a'/],
  ['gives a field name with a line break', () => reply(200, 'x', { 'a\r\nb': 'c' }), /name of a header/],
  ['gives a content type with a line break', () => reply(200, 'x', { 'content-type': 'a\r\nb: c' }), /content-type/],
  ['gives the framing', () => reply(200, 'x', { 'transfer-encoding': 'chunked' }), /transfer-encoding/],
  ['gives a status that is none', () => reply(99, 'x'), /99/],
  ['gives a function', () => () => 'x', /function/],
  ['gives a form', () => new FormData(), /FormData/],
  ['gives what has no JSON', () => ({ a: 1n }), /BigInt/],
  [
    'gives a circle',
    () => {
      const circle: { self?: unknown } = {}
      circle.self = circle
      return circle
    },
    /circular/,
  ],
  [
    'gives more fields than fit',
    () => reply(200, 'x', Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`x-${n}`, 'y'.repeat(60_000)]))),
    /do not fit/,
  ],
]

const ways: [string, (give: () => unknown) => (...args: never[]) => unknown][] = [
  ['at once', (give) => () => give()],
  ['with the request', (give) => (_req: never) => give()],
  ['in a promise', (give) => async () => give()],
  [
    'later',
    (give) => async () => {
      await turn()
      return give()
    },
  ],
]

for (const [what, give, complaint] of failing) {
  for (const [when, made] of ways) {
    test(`a handler that ${what}, ${when}, is answered with 500 and logged`, async () => {
      const logged: string[] = []
      const app = new Router().get('/', made(give) as never).get('/fine', () => 'fine')
      await serving(
        app,
        async (server) => {
          const client = (await connect(server)).send(get() + get('/fine'))
          const [failed, fine] = await client.receive(2)
          assert.is(`${failed?.status} ${failed?.text}`, '500 Internal Server Error')
          assert.is(failed?.header('set-cookie'), undefined)
          assert.is(fine?.text, 'fine')
          assert.is(logged.length, 1)
          assert.match(logged[0] ?? '', complaint)
        },
        { log: (error) => logged.push(String(error)) },
      )
    })
  }
}

test('errors below 500 are told to the client and not logged', () =>
  serving(
    new Router().post('/', async (req) => req.json()),
    async (server) => {
      const client = await connect(server)
      for (const body of ['', '{', 'undefined', '{"a":1}x', '\0']) {
        const answer = await client.send(post('/', body)).response()
        assert.is(answer.status, 400)
        assert.match(answer.text, 'not valid JSON')
      }
      assert.is((await client.send(post('/', '\ufeff{"a":1}')).response()).text, '{"a":1}')
    },
  ))

test('onError answers, and an onError that fails is logged', async () => {
  const logged: string[] = []
  const app = new Router()
    .get('/', () => {
      throw new Error('first')
    })
    .get('/twice', async () => {
      throw new Error('twice')
    })
    .onError((error) => {
      if ((error as Error).message === 'twice') throw new Error('second')
      return { said: (error as Error).message }
    })
  await serving(
    app,
    async (server) => {
      const first = await ask(server, get())
      assert.is(`${first.status} ${first.text}`, '500 {"said":"first"}')
      assert.is((await ask(server, get('/twice'))).text, 'Internal Server Error')
      assert.ok(logged.includes('Error: second'), String(logged))
    },
    { log: (error) => logged.push(String(error)) },
  )
})

test('a log that throws costs nothing', async () => {
  const { error: original } = console
  const complaints: unknown[] = []
  console.error = (...all: unknown[]) => complaints.push(all)
  try {
    await serving(
      () => {
        throw new Error('first')
      },
      async (server) => {
        assert.is((await ask(server, get())).status, 500)
        assert.is((await ask(server, get())).status, 500)
      },
      {
        log: () => {
          throw new Error('the disk is full')
        },
      },
    )
  } finally {
    console.error = original
  }
  assert.is(complaints.length, 2)
})

test('the log is told which request it was', async () => {
  const logged: string[] = []
  await serving(
    (req) => {
      throw new Error(req.path)
    },
    async (server) => {
      await ask(server, get('/a?b=c'))
      assert.equal(logged, ['GET /a c'])
    },
    { log: (_error, { method, path, query }) => logged.push(`${method} ${path} ${query.get('b')}`) },
  )
})

test.run()
