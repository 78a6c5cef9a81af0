// Answers that are given without JavaScript.
import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post } from './messages.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, until } from './waiting.js'

const app = () =>
  new Router()
    .fixed('/text', 'Hello, World!')
    .fixed('/json', { message: 'Hello' })
    .fixed('/made', reply(201, Buffer.from('made'), { 'x-a': 'b', 'content-type': 'text/x-made' }))
    .fixed('/none', reply(204))
    .get('/other', () => 'other')

test('fixed answers say what their replies say', () =>
  serving(app(), async (server) => {
    const client = (await connect(server)).send(get('/text'), get('/json'), get('/made'), get('/none'), get('/other'))
    const [text, json, made, none, other] = await client.receive(5)
    assert.equal(
      [text?.status, text?.text, text?.header('content-type')],
      [200, 'Hello, World!', 'text/plain; charset=utf-8'],
    )
    assert.equal([json?.text, json?.header('content-type')], ['{"message":"Hello"}', 'application/json'])
    assert.equal(
      [made?.status, made?.text, made?.header('content-type'), made?.header('x-a')],
      [201, 'made', 'text/x-made', 'b'],
    )
    assert.is(none?.status, 204)
    assert.is(other?.text, 'other')
    await counts(server, { requests: 5 })
  }))

test('HEAD, other methods, queries and other spellings are answered alike', () =>
  serving(app(), async (server) => {
    const client = (await connect(server)).send(
      head('HEAD', '/text'),
      get('/text?a'),
      get('/%74ext'),
      post('/text', ''),
    )
    const [headed, query, spelled, refused] = await client.receive(4, ['HEAD'])
    assert.is(headed?.header('content-length'), '13')
    assert.is(query?.text, 'Hello, World!')
    assert.is(spelled?.header('etag'), headed?.header('etag'))
    assert.is(refused?.status, 405)
  }))

test('a client that has it is told so', () =>
  serving(app(), async (server) => {
    const tag = (await ask(server, get('/text'))).header('etag') as string
    assert.match(tag, /^"\w+"$/)
    for (const [target, field, status] of [
      ['/text', `If-None-Match: ${tag}`, 304],
      ['/text', `If-None-Match: "x, y" , W/${tag}`, 304],
      ['/text?a', `if-none-match: ${tag}`, 304],
      ['/text', 'If-None-Match: *', 304],
      ['/text', 'If-None-Match: "x"', 200],
      ['/text', `If-None-Match: ${tag.slice(0, -1)}`, 200],
      ['/text', 'If-Match: "x"', 412],
      ['/text', `If-Match: ${tag}`, 200],
      ['/made', 'If-None-Match: *', 201],
    ] as const) {
      const answer = await ask(server, get(target, field))
      assert.is(answer.status, status, field)
      if (status === 304) assert.is(answer.header('etag'), tag)
    }
  }))

test('a fixed answer can be replaced', () =>
  serving(app(), async (server) => {
    const client = await connect(server)
    const before = await client.send(get('/text')).response()
    server.setFixed('/text', 'another')
    let after = before
    // A loop on a thread of its own hears of it a little later.
    while (after.text === before.text) after = await client.send(get('/text')).response()
    assert.is(after.text, 'another')
    assert.is.not(after.header('etag'), before.header('etag'))
    assert.is((await client.send(get('/text?a')).response()).text, 'another')
    assert.throws(() => server.setFixed('/nowhere', 'x'), /no fixed answer/)
    assert.throws(() => server.setFixed('/text', (function* () {})()), /cannot be a fixed one|stream/)
  }))

test('servers of one router replace their own', () => {
  const shared = app()
  return serving(shared, (one) =>
    serving(shared, async (other) => {
      one.setFixed('/text', 'another')
      for (const target of ['/text', '/text?a']) assert.is.not((await ask(other, get(target))).text, 'another')
      assert.is((await ask(one, get('/text?a'))).text, 'another')
    }),
  )
})

test('fixed answers keep their places behind slow ones', () => {
  const go = gate()
  const slow = app().get('/slow', async () => {
    await go.opened
    return 'slow'
  })
  return serving(slow, async (server) => {
    const client = (await connect(server)).send(get('/slow'), get('/text'), get('/other'), get('/json'))
    await until(() => server.stats().requests === 4, 'all are asked')
    go.open()
    const texts = (await client.receive(4)).map(({ text }) => text)
    assert.equal(texts, ['slow', 'Hello, World!', 'other', '{"message":"Hello"}'])
  })
})

test('many of them are sent within bounds, and none is lost', () => {
  const body = Buffer.alloc(100_000, 'x')
  return serving(new Router().fixed('/', body), async (server) => {
    const client = (await connect(server)).pause().send(get().repeat(500))
    await until(() => server.stats().partialWrites > 0, 'the client takes no more')
    const answers = await client.resume().receive(500)
    assert.ok(answers.every((answer) => answer.body.length === body.length))
  })
})

test('the last request of a connection gets its answer, and the end', () =>
  serving(app(), async (server) => {
    const client = (await connect(server)).send(get('/text', 'Connection: close'), get('/text'))
    assert.is((await client.response()).header('connection'), 'close')
    assert.is(await client.closed(), 'fin')
  }))

test('a connection that is given nothing else lives as long as it asks', () => {
  const keepAliveTimeout = 1_000
  return serving(
    new Router().fixed('/health', 'fine'),
    async (server) => {
      const client = await connect(server)
      const end = performance.now() + 2.5 * keepAliveTimeout
      while (performance.now() < end) assert.is((await client.send(get('/health')).response()).text, 'fine')
      assert.is(client.ending, undefined)
      await counts(server, { idleTimeouts: 0, accepted: 1 })
      // And when it asks no more, it is closed.
      await client.closed()
      await counts(server, { idleTimeouts: 1 })
    },
    { keepAliveTimeout },
  )
})

test('middleware around it is run', () =>
  serving(
    new Router()
      .use(async (_req, next) => {
        const answer = await next()
        answer.headers.set('x-seen', 'yes')
        return answer
      })
      .fixed('/', 'fixed'),
    async (server) => {
      for (let times = 0; times < 2; times += 1) {
        const answer = await ask(server, get())
        assert.equal([answer.text, answer.header('x-seen')], ['fixed', 'yes'])
      }
    },
  ))

test('what cannot be fixed is an error', () => {
  const router = new Router()
  assert.throws(() => router.fixed('/a', (function* () {})()), /fixed|stream|sent/)
  assert.throws(() => router.fixed('/a', Buffer.alloc(2 ** 21)), /1048576 bytes/)
  assert.throws(() => router.fixed('/a', reply(200, 'x', { connection: 'close' })), /connection/)
  assert.throws(() => router.fixed('/:a', 'x'), /one path/)
})

test('an offer to upgrade is not answered by what is fixed on its path, nor HEAD where it has a route', () =>
  serving(
    new Router()
      .fixed('/', 'fixed')
      .upgrade('/', (_, socket) => {
        socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nupgraded')
      })
      .head('/', () => reply(200, undefined, { 'x-own': 'head' })),
    async (server) => {
      assert.is((await ask(server, get('/'))).text, 'fixed')
      const upgraded = (await connect(server)).send(get('/', 'Connection: upgrade', 'Upgrade: raw')).finish()
      assert.match(await upgraded.everything(), /^HTTP\/1\.1 101 .*upgraded$/s)
      const client = (await connect(server)).send(head('HEAD', '/'))
      assert.is((await client.response('HEAD')).header('x-own'), 'head')
    },
  ))

test('a fixed answer is replaced by its path in whatever spelling', () =>
  serving(new Router().fixed('/café', 'closed'), async (server) => {
    for (const [path, text] of [
      ['/café', 'open'],
      ['/caf%C3%A9', 'full'],
    ] as const) {
      server.setFixed(path, text)
      assert.is((await ask(server, get('/caf%C3%A9'))).text, text)
    }
    assert.throws(
      () => server.setFixed('/other', ''),
      (error: { code?: string }) => error.code === 'ERR_INVALID_ARG_VALUE',
    )
  }))

test.run()
