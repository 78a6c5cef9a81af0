// Middleware of one route.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { reply } from '#brink/reply/reply.js'
import type { Middleware } from '#brink/routing/handler.js'
import { Router } from '#brink/routing/router.js'
import { answerOf, ask } from './asked.js'
import { codeThrownBy } from './code_thrown_by.js'

function wrap(name: string): Middleware {
  return async (_, next) => {
    const answer = await next()
    answer.body = `${name}(${answer.body})`
    return answer
  }
}

test('middleware of a route stands around its handler alone, within that of the router', async () => {
  const app = new Router()
    .use(wrap('app'))
    .get('/x', wrap('a'), wrap('b'), () => 'x')
    .get('/y', () => 'y')
    .post('/x', () => 'posted')
  assert.is(await answerOf(app, 'GET', '/x'), '200 app(a(b(x)))')
  assert.is(await answerOf(app, 'HEAD', '/x'), '200 app(a(b(x)))')
  assert.is(await answerOf(app, 'GET', '/y'), '200 app(y)')
  assert.is(await answerOf(app, 'POST', '/x'), '200 app(posted)')
  assert.is(await answerOf(app, 'PUT', '/x'), '405 app(Method Not Allowed)')
})

test('each way to define a route takes middleware and options', async () => {
  const options = { bodyLimit: 7 }
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(wrap) as [Middleware, Middleware, Middleware, Middleware]
  for (const name of ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'all'] as const) {
    const method = name === 'all' ? 'GET' : name.toUpperCase()
    const app = new Router()[name]('/1', a, () => 'x', options)[name]('/4', a, b, c, d, () => 'x', options)
    assert.is(await answerOf(app, method, '/1'), '200 a(x)', name)
    assert.is(await answerOf(app, method, '/4'), '200 a(b(c(d(x))))', name)
  }
  const app = new Router().on('PROPFIND', '/', a, () => 'x', options).on('PURGE', '/', a, b, () => 'y')
  assert.is(await answerOf(app, 'PROPFIND', '/'), '200 a(x)')
  assert.is(await answerOf(app, 'PURGE', '/'), '200 a(b(y))')
})

test('middleware of a route may answer in the place of its handler', async () => {
  const auth: Middleware = (req, next) => (req.headers.get('user') === null ? reply(401, 'who?') : next())
  const app = new Router().get('/:id', auth, ({ params }) => params.id)
  assert.is(await answerOf(app, 'GET', '/7'), '401 who?')
  assert.is((await ask(app, 'GET', '/7', { user: 'ada' })).answer.body, '7')
})

test('what is neither a function nor options is no route', () => {
  const app = new Router() as unknown as { get(...all: unknown[]): void }
  const handler = () => 'x'
  for (const wrong of [[], [{}], [{}, handler], [handler, {}, handler], [handler, 'x'], [handler, handler, { a: 1 }]]) {
    assert.is(
      codeThrownBy(() => app.get('/', ...wrong)),
      'ERR_INVALID_ROUTE',
      JSON.stringify(wrong),
    )
  }
})

test.run()
