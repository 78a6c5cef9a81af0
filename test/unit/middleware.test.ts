import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HttpError } from '#brink/fields/http_error.js'
import { Reply, reply } from '#brink/reply/reply.js'
import type { Middleware } from '#brink/routing/handler.js'
import { compileRouter, Router } from '#brink/routing/router.js'
import { answerOf, ask } from './asked.js'
import { codeThrownBy } from './code_thrown_by.js'

/** A middleware that writes its name around the body. */
function wrap(name: string): Middleware {
  return async (_, next) => {
    const answer = await next()
    answer.body = `${name}(${answer.body ?? answer.status})`
    return answer
  }
}

test('middleware stands around handlers as an onion, whenever it was said', async () => {
  const app = new Router()
    .use(wrap('a'))
    .get('/', () => 'x')
    .use(wrap('b'))
  assert.is(await answerOf(app, 'GET', '/'), '200 a(b(x))')
})

test('middleware stands around 404, 405 and OPTIONS as well', async () => {
  const app = new Router().use(wrap('a')).get('/', () => 'x')
  assert.is(await answerOf(app, 'GET', '/none'), '404 a(Not Found)')
  assert.is(await answerOf(app, 'POST', '/'), '405 a(Method Not Allowed)')
  assert.is(await answerOf(app, 'OPTIONS', '/'), '204 a(204)')
  assert.is(await answerOf(app, 'OPTIONS', '*'), '204 a(204)')
})

test('middleware with a prefix sees the path of the request, in whatever spelling', async () => {
  const app = new Router()
    .use('/admin', () => reply(401, 'who are you?'))
    .get('/admin', () => 'secret')
    .get('/:section/users', () => 'users')
    .get('/*', () => 'rest')
  for (const target of [
    '/admin',
    '/%61dmin',
    '/x/../admin/users',
    '/admin/',
    '/admin//x',
    '/admin/y',
    'http://h/admin',
  ]) {
    assert.is(await answerOf(app, 'GET', target), '401 who are you?', target)
  }
  assert.is(await answerOf(app, 'DELETE', '/admin'), '401 who are you?')
  for (const target of ['/administer', '/a%64mi', '//admin', '/Admin', '/x/admin']) {
    assert.is(await answerOf(app, 'GET', target), '200 rest', target)
  }
  assert.is(await answerOf(app, 'GET', '/x/users'), '200 users')
})

test('a mounted router keeps its middleware to itself, and takes that of its parent', async () => {
  const api = new Router()
    .use(wrap('api'))
    .get('/', () => 'x')
    .use('/deep', wrap('deep'))
    .get('/deep/y', () => 'y')
  const app = new Router()
    .mount('/api', api)
    .use(wrap('app'))
    .get('/', () => 'home')
  assert.is(await answerOf(app, 'GET', '/'), '200 app(home)')
  assert.is(await answerOf(app, 'GET', '/api'), '200 app(api(x))')
  assert.is(await answerOf(app, 'GET', '/api/deep/y'), '200 app(api(deep(y)))')
  assert.is(await answerOf(app, 'GET', '/api/deep/none'), '404 app(api(deep(Not Found)))')
  assert.is(await answerOf(app, 'GET', '/api/none'), '404 app(api(Not Found))')
  assert.is(await answerOf(app, 'GET', '/none'), '404 app(Not Found)')
  assert.is(await answerOf(app, 'OPTIONS', '/api'), '204 app(api(204))')
})

test('an unknown path below two routers at one prefix belongs to neither', async () => {
  const one = new Router().use(wrap('one')).get('/one', () => '1')
  const two = new Router().use(wrap('two')).get('/two', () => '2')
  const app = new Router().mount('/', one).mount('/', two)
  assert.is(await answerOf(app, 'GET', '/none'), '404 Not Found')
  assert.is(await answerOf(app, 'POST', '/two'), '405 two(Method Not Allowed)')
})

test('notFound answers 404, or what its reply says', async () => {
  const app = new Router()
    .notFound(({ path }) => ({ missing: path }))
    .mount(
      '/in',
      new Router().notFound(() => reply(410)),
    )
  assert.is(await answerOf(app, 'GET', '/x'), '404 {"missing":"/x"}')
  assert.is(await answerOf(app, 'GET', '/in/x'), '410')
  const silent = new Router().notFound(async () => {})
  assert.is(await answerOf(silent, 'GET', '/x'), '404')
})

test('middleware that returns nothing leaves the inner answer, if it called next', async () => {
  const app = new Router()
    .use((_, next) => void next())
    .use(async (_, next) => void (await next()))
    .get('/', () => 'x')
  assert.is(await answerOf(app, 'GET', '/'), '200 x')
  const { answer, logged } = await ask(
    new Router().use(() => {}).get('/', () => 'x'),
    'GET',
    '/',
  )
  assert.is(answer.status, 500)
  assert.is((logged[0] as { code: string }).code, 'ERR_NEXT_NOT_CALLED')
  assert.is(
    await answerOf(
      new Router().use(() => null),
      'GET',
      '/',
    ),
    '204',
  )
})

test('next called twice is an error', async () => {
  const app = new Router()
    .use(async (_, next) => {
      await next()
      return next()
    })
    .get('/', () => 'x')
  const { answer, logged } = await ask(app, 'GET', '/')
  assert.is(answer.status, 500)
  assert.is((logged[0] as { code: string }).code, 'ERR_NEXT_CALLED_TWICE')
})

test('a synchronous app stays synchronous', () => {
  const app = new Router()
    .use((_, next) => {
      const answer = next()
      assert.instance(answer, Reply)
      return answer
    })
    .mount(
      '/in',
      new Router().onError(() => 'never').get('/', () => 'x'),
    )
  assert.instance(
    compileRouter(app)
      .find('GET', '/in')
      .route.run({} as never),
    Reply,
  )
})

test('middleware sees what handlers throw or reject with as an answer, and the error with it', async () => {
  const seen: unknown[] = []
  const app = new Router()
    .use(async (_, next) => {
      const answer = await next()
      seen.push(`${answer.status} ${(answer.error as Error).message}`)
      answer.headers.set('x-seen', 'yes')
      return answer
    })
    .get('/throws', () => {
      throw new Error('a')
    })
    .get('/rejects', async () => {
      throw new HttpError(409, 'b')
    })
    .get('/unsendable', () => new FormData())
  for (const path of ['/throws', '/rejects', '/unsendable']) {
    assert.is((await ask(app, 'GET', path)).answer.headers.get('x-seen'), 'yes', path)
  }
  assert.equal(seen.slice(0, 2), ['500 a', '409 b'])
  assert.match(seen[2] as string, /^500 This body cannot be sent/)
})

test('an error that middleware does not wait for ends nothing', async () => {
  const app = new Router()
    .use((_, next) => {
      next()
      return 'early'
    })
    .get('/', async () => {
      throw new Error('late')
    })
  assert.is(await answerOf(app, 'GET', '/'), '200 early')
  await new Promise((resolve) => setImmediate(resolve))
})

test('without onError an HttpError is its status, and all else is 500 without its message, and logged', async () => {
  const boom = new Error('secret')
  const app = new Router()
    .get('/teapot', () => {
      throw new HttpError(418, 'short and stout', { headers: { 'x-tea': 'green' } })
    })
    .get('/busy', () => {
      throw new HttpError(503, 'the database at 10.0.0.7 is gone')
    })
    .get('/boom', () => {
      throw boom
    })
    .get('/nothing', () => Promise.reject(undefined))
    .get('/header', () => {
      throw new HttpError(400, '', { headers: { 'x-bad': 'a\nb' } })
    })
  const teapot = await ask(app, 'GET', '/teapot')
  assert.equal([teapot.answer.status, teapot.answer.body, teapot.logged], [418, 'short and stout', []])
  assert.is(teapot.answer.headers.get('x-tea'), 'green')
  const busy = await ask(app, 'GET', '/busy')
  assert.equal([busy.answer.status, busy.answer.body, busy.logged.length], [503, 'Service Unavailable', 1])
  const failed = await ask(app, 'GET', '/boom')
  assert.equal([failed.answer.status, failed.answer.body], [500, 'Internal Server Error'])
  assert.is(failed.logged[0], boom)
  assert.is(await answerOf(app, 'GET', '/nothing'), '500 Internal Server Error')
  assert.is(await answerOf(app, 'GET', '/header'), '500 Internal Server Error')
})

test('onError answers with the status of the error, or its own, or hands it on', async () => {
  const app = new Router()
    .onError((error) => {
      if (error instanceof TypeError) return reply(422, 'mine')
      if (error instanceof RangeError) return
      if (error instanceof SyntaxError) throw new Error('worse')
      return { error: (error as Error).message }
    })
    .get('/:name', ({ params }) => {
      const errors: Record<string, Error> = {
        http: new HttpError(409, 'taken'),
        plain: new Error('plain'),
        type: new TypeError(),
        range: new RangeError('range'),
        syntax: new SyntaxError(),
      }
      throw errors[params.name]
    })
  assert.is(await answerOf(app, 'GET', '/http'), '409 {"error":"taken"}')
  assert.is(await answerOf(app, 'GET', '/plain'), '500 {"error":"plain"}')
  assert.is(await answerOf(app, 'GET', '/type'), '422 mine')
  assert.is(((await ask(app, 'GET', '/range')).logged[0] as Error).message, 'range')
  const worse = await ask(app, 'GET', '/syntax')
  assert.is(worse.answer.body, 'Internal Server Error')
  assert.is((worse.logged[0] as Error).message, 'worse')
})

test('an error goes to the innermost onError that takes it, inside the middleware further out', async () => {
  const inner = new Router()
    .onError((error) => ((error as Error).message === 'mine' ? 'inner' : undefined))
    .get('/:message', async ({ params }) => {
      throw new Error(params.message)
    })
    .get('/stream/x', () => new FormData())
  const app = new Router()
    .use(wrap('app'))
    .onError(async () => 'outer')
    .mount('/in', inner)
  assert.is(await answerOf(app, 'GET', '/in/mine'), '500 app(inner)')
  assert.is(await answerOf(app, 'GET', '/in/other'), '500 app(outer)')
  assert.is(await answerOf(app, 'GET', '/in/stream/x'), '500 app(outer)')
})

test('a middleware is a function', () => {
  assert.is(
    codeThrownBy(() => new Router().use({} as never)),
    'ERR_INVALID_ROUTE',
  )
  assert.is(
    codeThrownBy(() => new Router().onError('x' as never)),
    'ERR_INVALID_ROUTE',
  )
})

test('what fails further in, and nobody waits for, does not end the process', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  try {
    const ways: Middleware[] = [
      (_, next) => {
        next()
        throw new HttpError(418)
      },
      (_, next) => {
        next()
        return reply(418)
      },
      async (_, next) => {
        await turn()
        next()
        throw new HttpError(418)
      },
      async (_, next) => {
        const answer = next()
        await turn()
        await Promise.resolve(answer).catch(() => {})
        return reply(418)
      },
    ]
    for (const way of ways) {
      const app = new Router().use(way).get('/', async () => {
        throw new HttpError(500)
      })
      assert.match(await answerOf(app, 'GET', '/'), /^418/)
      await turn()
    }
  } finally {
    process.off('unhandledRejection', note)
  }
  assert.equal(unhandled, [])
})

test.run()
