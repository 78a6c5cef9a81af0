import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compileRouter, Router } from '#brink/routing/router.js'
import { answerOf, ask } from './asked.js'
import { codeThrownBy } from './code_thrown_by.js'
import { cpuMs } from './cpu_ms.js'

/** Routes, and what they answer: the pattern with the params as JSON. */
const cases: [routes: string[], asked: Record<string, string>][] = [
  [
    ['/', '/a', '/a/b'],
    {
      '/': '/ {}',
      '/a': '/a {}',
      '/a?x=1': '/a {}',
      '/%61': '/a {}',
      '/a/../a/b': '/a/b {}',
      'http://host/a/b?c': '/a/b {}',
      '/a/': '404',
      '/A': '404',
      '//': '404',
      '/a//b': '404',
      '/constructor': '404',
      '/__proto__': '404',
    },
  ],
  [
    ['/users/:id', '/users/me', '/users/:id/posts/:post', '/:section/new', '/*rest'],
    {
      '/users/7': '/users/:id {"id":"7"}',
      '/users/me': '/users/me {}',
      '/users/a%2Fb%20c': '/users/:id {"id":"a/b c"}',
      '/users/caf%C3%A9': '/users/:id {"id":"café"}',
      '/users/': '/*rest {"rest":"users/"}',
      '/users/7/posts/8': '/users/:id/posts/:post {"id":"7","post":"8"}',
      '/users/7/posts': '/*rest {"rest":"users/7/posts"}',
      '/users/new': '/users/:id {"id":"new"}',
      '/posts/new': '/:section/new {"section":"posts"}',
      '/': '/*rest {"rest":""}',
      '/a//b': '/*rest {"rest":"a//b"}',
    },
  ],
  [
    ['/a/b/c', '/a/:x/d', '/:y/b/*'],
    { '/a/b/c': '/a/b/c {}', '/a/b/d': '/a/:x/d {"x":"b"}', '/a/b/e': '/:y/b/* {"y":"a","*":"e"}', '/a/c/e': '404' },
  ],
  [
    ['/files/*path'],
    { '/files/': '/files/*path {"path":""}', '/files/a/b%2Fc': '/files/*path {"path":"a/b/c"}', '/files': '404' },
  ],
  [
    ['/café', '/:__proto__/x'],
    { '/caf%c3%a9': '/caf%C3%A9 {}', '/café': '/caf%C3%A9 {}', '/p/x': '/:__proto__/x {"__proto__":"p"}' },
  ],
  [
    ['/books/:id', '/books\\:batch', '/\\:id', '/\\*/x', '/a\\:b/:c', '/:any/:other'],
    {
      '/books:batch': '/books\\:batch {}',
      '/books:batch?a': '/books\\:batch {}',
      '/books/:id': '/books/:id {"id":":id"}',
      '/:id': '/\\:id {}',
      '/7': '404',
      '/books\\:batch': '404',
      '/*/x': '/\\*/x {}',
      '/y/x': '/:any/:other {"any":"y","other":"x"}',
      '/a:b/d': '/a\\:b/:c {"c":"d"}',
    },
  ],
  [['/*'], { '/%': '400', '/%ff': '400', '/a%00b': '400', '*': '400', 'host:1': '400', '/%2e%2e/a': '/* {"*":"a"}' }],
]

for (const [routes, asked] of cases) {
  for (const [order, patterns] of [
    ['', routes],
    [', defined backwards', [...routes].reverse()],
  ] as const) {
    test(`${routes.join(' ')}${order}`, async () => {
      const router = new Router()
      for (const pattern of patterns) router.get(pattern, ({ params }) => `${JSON.stringify(params)}`)
      for (const [target, expected] of Object.entries(asked)) {
        const { pattern } = compileRouter(router).find('GET', target).route
        const { answer } = await ask(router, 'GET', target)
        assert.is(answer.status === 200 ? `${pattern} ${answer.body}` : String(answer.status), expected, target)
      }
    })
  }
}

test('a fixed answer, a prefix and the types of params know colons that are text', async () => {
  const router = new Router()
    .fixed('/a\\:b', 'fixed')
    .use('/c\\:d', () => 'within')
    .get('/\\:e/:f', ({ params }) => {
      // @ts-expect-error there is no such param
      return `${params.e} ${params.f}`
    })
  assert.is(await answerOf(router, 'GET', '/a:b'), '200 fixed')
  assert.equal([...compileRouter(router).fixed.keys()], ['/a:b'])
  assert.is(await answerOf(router, 'GET', '/c:d/e'), '200 within')
  assert.is(await answerOf(router, 'GET', '/:e/x'), '200 undefined x')
})

test('params are typed by the path', () => {
  new Router()
    .get('/users/:id/posts/:post', ({ params }) => {
      const both: { readonly id: string; readonly post: string } = params
      // @ts-expect-error there is no such param
      return both.id + params.other
    })
    .get('/files/*path', ({ params }) => params.path)
    .get('/any/*', ({ params }) => params['*'])
})

test('HEAD is answered by the route for GET, unless it has its own', async () => {
  const router = new Router().get('/a', () => 'got').get('/b', () => 'got')
  router.head('/b', () => 'headed')
  assert.is(await answerOf(router, 'HEAD', '/a'), '200 got')
  assert.is(await answerOf(router, 'HEAD', '/b'), '200 headed')
})

test('another method on a known path is 405 with Allow', async () => {
  const router = new Router()
    .get('/a', () => '')
    .post('/a', () => '')
    .put('/:x', () => '')
  const { answer } = await ask(router, 'DELETE', '/a')
  assert.is(answer.status, 405)
  assert.is(answer.headers.get('allow'), 'GET, HEAD, POST, PUT, OPTIONS')
  assert.is(await answerOf(router, 'PUT', '/a'), '200 ', 'the less specific route has the method')
  assert.is(await answerOf(router, 'PROPFIND', '/a'), '405 Method Not Allowed')
})

test('OPTIONS is answered with the methods of a path, and * with those of the app', async () => {
  const router = new Router().get('/a', () => '').delete('/b', () => '')
  const one = (await ask(router, 'OPTIONS', '/a')).answer
  assert.equal([one.status, one.headers.get('allow')], [204, 'GET, HEAD, OPTIONS'])
  const all = (await ask(router, 'OPTIONS', '*')).answer
  assert.equal([all.status, all.headers.get('allow')], [204, 'GET, HEAD, DELETE, OPTIONS'])
  assert.is(await answerOf(router, 'OPTIONS', '/c'), '404 Not Found')
})

test('a route for all methods leaves a method its own', async () => {
  const router = new Router().all('/a', ({ method }) => `all ${method}`).post('/a', () => 'posted')
  assert.is(await answerOf(router, 'POST', '/a'), '200 posted')
  assert.is(await answerOf(router, 'PROPFIND', '/a'), '200 all PROPFIND')
  assert.is(await answerOf(router, 'OPTIONS', '/a'), '200 all OPTIONS')
})

test('a method that nobody knows is 501, whatever the path has', async () => {
  const router = new Router().get('/a', () => '').on('BREW', '/pot', () => 'brewed')
  assert.is(await answerOf(router, 'FOO', '/a'), '501 Not Implemented')
  assert.is(await answerOf(router, 'FOO', '/nowhere'), '501 Not Implemented')
  assert.is(await answerOf(router, 'BREW', '/pot'), '200 brewed')
  assert.is(await answerOf(router, 'BREW', '/a'), '405 Method Not Allowed')
  assert.is(await answerOf(router, 'BREW', '/nowhere'), '404 Not Found')
})

test('a method that cannot be asked for is refused where its route is defined', () => {
  for (const method of ['PRI', 'A'.repeat(33), 'CONNECT', 'get', 'GET ', '']) {
    assert.throws(
      () => new Router().on(method, '/', () => ''),
      (error: NodeJS.ErrnoException) => error.code === 'ERR_INVALID_ROUTE' && error.message.includes(method),
    )
  }
  new Router().on('A'.repeat(32), '/', () => '')
})

test('CONNECT is not implemented', async () => {
  assert.is(
    await answerOf(
      new Router().all('/*', () => ''),
      'CONNECT',
      'host:443',
    ),
    '501 Not Implemented',
  )
})

test('one static target always gives the same match, and a request is built only for who can see it', () => {
  const router = new Router()
    .get('/none', () => 'a')
    .get('/async', async () => 'a')
    .get('/some', (req) => req.method)
    .get('/bound', ((req: { method: string }) => req.method).bind(undefined))
  const dispatcher = compileRouter(router)
  assert.is(dispatcher.find('GET', '/none'), dispatcher.find('GET', '/none'))
  const needs = (path: string) => dispatcher.find('GET', path).route.needsRequest
  assert.equal(['/none', '/async', '/some', '/bound'].map(needs), [false, false, true, true])
  const surrounded = new Router().use((_, next) => next()).get('/', () => '')
  assert.is(compileRouter(surrounded).find('GET', '/').route.needsRequest, true)
})

test('a path that cannot be a route is an error that says why', () => {
  const wrong = [
    '',
    'a',
    '/a/:',
    '/:id.json',
    '/:a-b',
    '/a*',
    '/a:b',
    '/*/b',
    '/*a-b',
    '/a?',
    '/:a/:a',
    '/%zz',
    '/a/..',
  ]
  for (const path of [...wrong, undefined as never]) {
    assert.is(
      codeThrownBy(() => new Router().get(path, () => '')),
      'ERR_INVALID_ROUTE',
      path,
    )
  }
  const router = new Router()
  assert.is(
    codeThrownBy(() => router.get('/', undefined as never)),
    'ERR_INVALID_ROUTE',
  )
  assert.is(
    codeThrownBy(() => router.on('get' as string, '/', () => '')),
    'ERR_INVALID_ROUTE',
  )
  assert.is(
    codeThrownBy(() => router.mount('/a/*rest', new Router())),
    'ERR_INVALID_ROUTE',
  )
  assert.is(
    codeThrownBy(() => router.use('/a', undefined as never)),
    'ERR_INVALID_ROUTE',
  )
})

test('the same route twice is an error that names both', () => {
  const router = new Router().get('/users/:id', () => '')
  assert.throws(() => router.get('/users/:name', () => ''), /'\/users\/:id'.*'\/users\/:name'/)
  router.post('/users/:name', ({ params }) => params.name)
  const mounted = new Router().mount('/users', router).get('/users/users/:x', () => '')
  assert.throws(() => compileRouter(mounted), /two routes for GET/)
})

test('a mounted router answers below its prefix, with its / as the prefix itself', async () => {
  const users = new Router().get('/', () => 'list').get('/:id', ({ params }) => params)
  const app = new Router()
    .mount('/users', users)
    .mount('/orgs/:org/', users)
    .mount(
      '/',
      new Router().get('/x', () => 'x'),
    )
  assert.is(await answerOf(app, 'GET', '/users'), '200 list')
  assert.is(await answerOf(app, 'GET', '/users/'), '404 Not Found')
  assert.is(await answerOf(app, 'GET', '/users/7'), '200 {"id":"7"}')
  assert.is(await answerOf(app, 'GET', '/orgs/acme/7'), '200 {"org":"acme","id":"7"}')
  assert.is(await answerOf(app, 'GET', '/x'), '200 x')
})

test('a router that is served, or mounted in itself, says so', () => {
  const inner = new Router().get('/', () => '')
  const app = new Router().mount('/a', inner)
  compileRouter(app)
  for (const router of [app, inner]) {
    assert.is(
      codeThrownBy(() => router.get('/late', () => '')),
      'ERR_ROUTER_SERVED',
    )
  }
  const loop = new Router()
  assert.is(
    codeThrownBy(() => compileRouter(loop.mount('/a', loop))),
    'ERR_INVALID_ROUTE',
  )
})

test('a hostile target costs no more than the routes there are', () => {
  const router = new Router().get('/*', () => 'rest')
  for (let depth = 1; depth <= 12; depth += 1) {
    router.get(`${'/a'.repeat(depth)}/x`, () => '')
    router.get(`${Array.from({ length: depth }, (_, index) => `/:p${index}`).join('')}/x`, () => '')
  }
  const dispatcher = compileRouter(router)
  const took = cpuMs(() => {
    for (const segment of ['/a', '/..', '/%61', '//', '/\\', '/a/%2e%2e']) {
      assert.is(dispatcher.find('GET', segment.repeat(100_000)).route.pattern, '/*')
    }
  })
  assert.ok(took < 2000)
})

test.run()
