// The answers that a router gives by itself go through its middleware, as all others do.
import { HttpError, Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post } from './messages.js'
import { ask, connect } from './raw_client.js'
import { serving } from './serving.js'

/** An app that notes its answers, and sets a field on each. */
function noting(seen: string[], name = 'app'): Router {
  return new Router().use(async (req, next) => {
    const answer = await next()
    seen.push(`${name} ${answer.status} ${req.method} ${req.path}`)
    answer.headers.set('x-seen', name)
    return answer
  })
}

const own: [string, string, string][] = [
  ['a path whose escapes are broken', get('/a/%zz?b'), 'app 400 GET /a/%25zz'],
  ['a path whose escapes are no UTF-8', get('/../%ff/%2e%2e/x'), 'app 400 GET /%25ff/%252e%252e/x'],
  ['an unknown path', get('/none'), 'app 404 GET /none'],
  ['a method without a route', post('/', '').toString(), 'app 405 POST /'],
  ['a method that HTTP does not know', head('FOO', '/a'), 'app 501 FOO /a'],
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 'app 501 CONNECT a:1'],
  ['a body that is too large', post('/large', 'x'.repeat(11)).toString(), 'app 413 POST /large'],
  ['a body that is announced too large', head('POST', '/large', 'Content-Length: 99999'), 'app 413 POST /large'],
  [
    'a body that is larger than anybody knew',
    `${head('POST', '/large', 'Transfer-Encoding: chunked')}b\r\n${'x'.repeat(11)}\r\n0\r\n\r\n`,
    'app 413 POST /large',
  ],
]

for (const [what, request, expected] of own) {
  test(`middleware sees the answer to ${what}`, async () => {
    const seen: string[] = []
    const app = noting(seen)
      .get('/', () => 'x')
      .post('/large', (req) => req.text(), { bodyLimit: 10 })
    await serving(app, async (server) => {
      const answer = await ask(server, request)
      assert.is(answer.header('x-seen'), 'app')
      assert.equal(seen, [expected])
    })
  })
}

test('a broken path, as an unknown one, is answered by the router that it would lead to', async () => {
  const seen: string[] = []
  const app = noting(seen).mount('/api', noting(seen, 'api'))
  await serving(app, async (server) => {
    assert.is((await ask(server, get('/api/%zz'))).status, 400)
    assert.equal(seen, ['api 400 GET /api/%25zz', 'app 400 GET /api/%25zz'])
  })
})

test('a request that is too large for its route is told so by the onError of its router', () =>
  serving(
    new Router()
      .onError((error) => ({ sorry: (error as HttpError).status }))
      .post('/', (req) => req.text(), { bodyLimit: 10 }),
    async (server) => {
      const answer = await ask(server, post('/', 'x'.repeat(11)))
      assert.is(`${answer.status} ${answer.text}`, '413 {"sorry":413}')
    },
  ))

test('a method that nobody knows ends the connection, whatever middleware makes of its answer', () =>
  serving(
    new Router().use(() => 'mine'),
    async (server) => {
      const client = (await connect(server)).send(head('FOO', '/'), get('/'))
      assert.is((await client.response()).text, 'mine')
      assert.is(await client.closed(), 'fin')
    },
  ))

test('a connection that is handed over is a 101 to middleware, and a tunnel a 200', async () => {
  const seen: string[] = []
  const app = noting(seen)
    .upgrade('/', (_req, socket) => void socket.end('taken'))
    .connect((_req, socket) => void socket.end('taken'))
  await serving(app, async (server) => {
    for (const request of [
      get('/', 'Connection: Upgrade', 'Upgrade: raw'),
      'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
    ]) {
      assert.is(await (await connect(server)).send(request).finish().everything(), 'taken')
    }
    assert.equal(seen, ['app 101 GET /', 'app 200 CONNECT a:1'])
  })
})

test('the status of a connection that is handed over cannot be set', async () => {
  const logged: unknown[] = []
  const app = new Router()
    .use((_req, next) => {
      const answer = next() as { status: number }
      answer.status = 403
      return answer
    })
    .upgrade('/', (_req, socket) => void socket.end('taken'))
  await serving(
    app,
    async (server) => {
      const answer = await ask(server, get('/', 'Connection: Upgrade', 'Upgrade: raw'))
      assert.is(answer.status, 500)
      assert.is((logged[0] as { code: string }).code, 'ERR_UPGRADE_STATUS')
    },
    { log: (error) => logged.push(error) },
  )
})

test('middleware of one route guards its upgrade', () =>
  serving(
    new Router().upgrade(
      '/chat/:room',
      ({ params, headers }, next) => {
        if (headers.get('user') === null) throw new HttpError(401, params.room)
        return next()
      },
      (req, socket) => void socket.end(`taken ${req.params.room}`),
    ),
    async (server) => {
      const offer = (...fields: string[]) => get('/chat/7', 'Connection: Upgrade', 'Upgrade: raw', ...fields)
      const refused = await ask(server, offer())
      assert.is(`${refused.status} ${refused.text}`, '401 7')
      const taken = (await connect(server)).send(offer('User: ada')).finish()
      assert.is(await taken.everything(), 'taken 7')
    },
  ))

test.run()
