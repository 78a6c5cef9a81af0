// What becomes of what is thrown: by the conventions of others, and with what middleware sets on answers.
import { setImmediate as turn } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HttpError } from '#brink/fields/http_error.js'
import { reply } from '#brink/reply/reply.js'
import type { Middleware } from '#brink/routing/handler.js'
import { Router } from '#brink/routing/router.js'
import { answerOf, ask } from './asked.js'

/** As most middleware for CORS is written. */
const cors: Middleware = async (_, next) => {
  const answer = await next()
  answer.headers.set('access-control-allow-origin', '*')
  return answer
}

const error = (fields: object) => Object.assign(new Error('short and stout'), fields)

const conventions: [string, unknown, string][] = [
  ['status', error({ status: 418 }), '418 short and stout'],
  ['statusCode', error({ statusCode: 418 }), '418 short and stout'],
  ['both', error({ status: 409, statusCode: 418 }), '409 short and stout'],
  ['a status that is none, and a statusCode', error({ status: '418', statusCode: 418 }), '418 short and stout'],
  ['a message that is not exposed', error({ status: 418, expose: false }), "418 I'm a Teapot"],
  ['a status above 500', error({ status: 503 }), '503 Service Unavailable'],
  ['a message above 500 that is exposed', error({ status: 503, expose: true }), '503 short and stout'],
  ['a status that is no error', error({ status: 200 }), '500 Internal Server Error'],
  ['a status beyond all', error({ status: 600 }), '500 Internal Server Error'],
  ['a status that is no whole number', error({ status: 404.5 }), '500 Internal Server Error'],
  ['a status, but is no Error', { status: 404, message: 'secret' }, '500 Internal Server Error'],
  ['a status, of another realm', runInNewContext(`Object.assign(new Error('x'), { status: 404 })`), '404 x'],
]

for (const [what, thrown, expected] of conventions) {
  test(`an error that has ${what} is answered with ${expected}`, async () => {
    const app = new Router()
      .get('/throws', () => {
        throw thrown
      })
      .get('/rejects', () => Promise.reject(thrown))
    assert.is(await answerOf(app, 'GET', '/throws'), expected)
    assert.is(await answerOf(app, 'GET', '/rejects'), expected)
    const { logged } = await ask(app, 'GET', '/throws')
    assert.equal(logged, expected < '5' ? [] : [thrown])
  })
}

test("an error's header fields are sent when it is one of http-errors, and not those of somebody else's answer", async () => {
  const headers = { 'retry-after': '7' }
  const app = new Router().get('/:expose', ({ params: { expose } }) => {
    throw error({ status: 429, headers, ...(expose === 'yes' && { expose: true }) })
  })
  assert.is((await ask(app, 'GET', '/yes')).answer.headers.get('retry-after'), '7')
  assert.is((await ask(app, 'GET', '/no')).answer.headers.get('retry-after'), null)
})

test('a reply or a Response that is thrown is the answer, whatever the onError', async () => {
  const thrown = {
    reply: () => reply(201, 'made', { location: '/1' }),
    response: () => new Response('made', { status: 201, headers: { location: '/1' } }),
  }
  for (const app of [new Router(), new Router().use(cors), new Router().onError(() => 'never')]) {
    app
      .get('/throws/:what', ({ params }) => {
        throw thrown[params.what as 'reply']()
      })
      .get('/rejects/:what', async ({ params }) => {
        throw thrown[params.what as 'reply']()
      })
    for (const target of ['/throws/reply', '/throws/response', '/rejects/reply', '/rejects/response']) {
      const { answer, logged } = await ask(app, 'GET', target)
      assert.is(`${answer.status} ${answer.headers.get('location')}`, '201 /1', target)
      assert.equal([answer.error, logged], [undefined, []], target)
      assert.is(Buffer.from(answer.body as string).toString(), 'made')
    }
  }
})

test('an onError may throw its answer', async () => {
  const app = new Router()
    .onError(() => {
      throw reply(422, 'mine')
    })
    .get('/', () => {
      throw new Error()
    })
  assert.is(await answerOf(app, 'GET', '/'), '422 mine')
})

test('a reply that is kept and thrown again does not keep what middleware did to it', async () => {
  const kept = reply(403, 'no')
  const app = new Router().use(cors).get('/', () => {
    throw kept
  })
  await ask(app, 'GET', '/')
  assert.is(kept.headers.has('access-control-allow-origin'), false)
})

/** Where something throws: in the handler, in middleware before or behind `next()`, in other routers. */
const fails = (_?: unknown) => {
  throw new HttpError(409, 'taken')
}
const failing: [string, (app: Router) => Router][] = [
  ['a handler', (app) => app.get('/', fails)],
  ['an async handler', (app) => app.get('/', async () => fails())],
  ['a handler, later', (app) => app.get('/', () => turn().then(fails))],
  ['a middleware', (app) => app.use(fails).get('/', () => 'x')],
  ['an async middleware', (app) => app.use(async () => fails()).get('/', () => 'x')],
  ['a middleware behind next()', (app) => app.use(async (_, next) => fails(await next())).get('/', () => 'x')],
  ['a middleware with a prefix', (app) => app.use('/:any', fails).get('/', () => 'x')],
  ['the middleware of a route', (app) => app.get('/', fails, () => 'x')],
  ['a handler with middleware of its own', (app) => app.get('/', (_, next) => next(), fails)],
  ['a mounted router', (app) => app.mount('/', new Router().get('/', fails))],
  [
    'the middleware of a mounted router',
    (app) =>
      app.mount(
        '/',
        new Router().use(fails).get('/', () => 'x'),
      ),
  ],
  [
    'a mounted router with an onError',
    (app) =>
      app.mount(
        '/',
        new Router().get('/', fails).onError(() => {}),
      ),
  ],
  ['notFound', (app) => app.notFound(fails)],
]

for (const [where, define] of failing) {
  test(`fields that middleware sets behind next() are on the answer to an error of ${where}`, async () => {
    const target = where === 'a middleware with a prefix' ? '/x' : '/'
    const plain = await ask(define(new Router().use(cors)), 'GET', target)
    assert.is(`${plain.answer.status} ${plain.answer.body}`, '409 taken')
    assert.is(plain.answer.headers.get('access-control-allow-origin'), '*')
    const app = new Router().use(cors).onError(async (thrown) => ({ sorry: (thrown as Error).message }))
    const handled = await ask(define(app), 'GET', target)
    assert.equal([handled.answer.status, handled.answer.body], [409, { sorry: 'taken' }])
    assert.is(handled.answer.headers.get('access-control-allow-origin'), '*')
  })
}

test("a mounted router's onError goes before those further out, for its middleware as well", async () => {
  const inner = (name: string) => new Router().onError(() => name)
  const app = new Router()
    .onError(() => 'outer')
    .use((_, next) => next())
    .mount('/handler', inner('one').get('/', fails))
    .mount(
      '/middleware',
      inner('two')
        .use(fails)
        .get('/', () => 'x'),
    )
    .mount('/passed', new Router().onError(fails).get('/', fails))
  assert.is(await answerOf(app, 'GET', '/handler'), '409 one')
  assert.is(await answerOf(app, 'GET', '/middleware'), '409 two')
  assert.is(await answerOf(app, 'GET', '/passed'), '409 outer')
})

test("a plain value of onError has the error's status and header fields, but for those of its content", async () => {
  const app = new Router()
    .onError((thrown) => ({ sorry: (thrown as Error).message }))
    .get('/http', () => {
      const headers = { 'WWW-Authenticate': 'Basic', 'retry-after': 7, 'content-type': 'text/html' }
      throw new HttpError(401, 'who?', { headers })
    })
    .get('/other', async () => {
      throw error({ status: 429, expose: true, headers: { 'retry-after': '7' } })
    })
  const http = (await ask(app, 'GET', '/http')).answer
  assert.is(http.status, 401)
  assert.equal(Object.fromEntries(http.headers), { 'www-authenticate': 'Basic', 'retry-after': '7' })
  const other = (await ask(app, 'GET', '/other')).answer
  assert.equal([other.status, other.headers.get('retry-after')], [429, '7'])
})

test("a reply of onError has its own fields, and not the error's", async () => {
  const app = new Router()
    .onError(() => reply(400, 'x', { a: 'b' }))
    .get('/', () => {
      throw new HttpError(401, 'who?', { headers: { 'www-authenticate': 'Basic' } })
    })
  assert.equal(Object.fromEntries((await ask(app, 'GET', '/')).answer.headers), { a: 'b' })
})

test.run()
