// What an app is told that defines a router in a wrong way: what was expected, what was given, and where.

import * as brink from 'brink'
import { compress, file, files, html, type Middleware, Router, reply } from 'brink'
import * as brinkFetch from 'brink/fetch'
import * as brinkNode from 'brink/node'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { logged } from './logged.js'
import { messageOf } from './message_of.js'

class Controller {
  get() {}
}

const handler = () => 'x'
/** What a handler is given, as JavaScript sees it. */
interface Free {
  (...given: unknown[]): Free
  readonly [name: string]: Free
}

/** A router, as JavaScript sees it. */
type Loose = Record<
  'get' | 'on' | 'use' | 'mount' | 'upgrade' | 'connect' | 'fixed' | 'onError' | 'notFound' | 'request' | 'fetch',
  (...args: unknown[]) => unknown
>
const router = (): Loose => new Router() as unknown as Loose

const wrong: readonly [what: string, define: () => unknown, message: RegExp][] = [
  [
    'use(compress)',
    () => router().use(compress),
    /^The middleware of use\(\) .* function compress .*: call it, compress\(\)\.$/,
  ],
  [
    'a middleware of a route that was not called',
    () => router().get('/', compress, handler),
    /^A middleware of GET '\/' .*compress\(\)/,
  ],
  ['files as a handler', () => router().get('/*', files), /^The handler of GET '\/\*' .* call it, files\(folder\)/],
  ['html as a handler', () => router().get('/', html), /call it in a handler, \(\) => html\(text\)/],
  [
    'a class as a handler',
    () => router().get('/', Controller),
    /^The handler of GET '\/' must be a function, not the class Controller/,
  ],
  ['use(path, router)', () => router().use('/api', new Router()), /^A router is added with mount\('\/api', router\)/],
  ['use(router)', () => router().use(new Router()), /^A router is added with mount\('\/', router\)/],
  ['use(path)', () => router().use('/api'), /^The middleware of use\('\/api'\) must be a function, not undefined\.$/],
  ['use() of nothing', () => router().use(), /^The middleware of use\(\) must be a function, not undefined\.$/],
  [
    'use() of two',
    () => router().use(handler, handler),
    /^use\(\) takes one middleware, and is also given the function handler/,
  ],
  [
    'use() of a path and two',
    () => router().use('/a', handler, handler),
    /^use\('\/a'\) takes one middleware, and is also/,
  ],
  ['use() of a middleware and options', () => router().use(handler, {}), /is also given an empty object/],
  [
    'use() of several paths',
    () => router().use(['/a', '/b'], handler),
    /^A path cannot be the list \['\/a', '\/b'\].*add a route for each/,
  ],
  [
    'use() of a promise',
    () => router().use(Promise.resolve(handler)),
    /must be a function, not a Promise: await it first/,
  ],
  [
    'a list of middleware',
    () => router().get('/', [handler], handler),
    /^A middleware .* the list \[the function handler\]: give each/,
  ],
  [
    'options before the handler',
    () => router().get('/', { bodyLimit: 1 }, handler),
    /an object with the key bodyLimit: options come last/,
  ],
  [
    'a router as a handler',
    () => router().get('/api', new Router()),
    /^The handler of GET '\/api' .* a Router: add .* mount\(/,
  ],
  ['a router after a middleware', () => router().get('/api', handler, new Router()), /a Router: add .* mount\(/],
  [
    'a reply as a handler',
    () => router().get('/', reply(200, 'x')),
    /not a Reply: a handler is called for each request/,
  ],
  ['a file as a handler', () => router().get('/', file('package.json')), /not a FileReply: a handler is called/],
  [
    'text as a handler',
    () => router().get('/', 'hi'),
    /^The handler of GET '\/' must be a function, not 'hi': write \(\) => 'hi'/,
  ],
  ['an app of fetch as a handler', () => router().get('/', { fetch: handler }), /is served by serve\(app\)/],
  [
    'a route without a handler',
    () => router().get('/x'),
    /^The handler of GET '\/x' must be a function, not undefined\.$/,
  ],
  [
    'a route without a path',
    () => router().get(handler),
    /^A path cannot be the function handler: it is a string that begins with '\/'/,
  ],
  ['a pattern as a path', () => router().get(/^\/x/, handler), /^A path cannot be the pattern \/\^\\\/x\/: .*'\/:id'/],
  ['a URL as a path', () => router().get(new URL('http://x/'), handler), /^A path cannot be a URL/],
  ['an absolute path', () => router().get('http://x/y', handler), /begins with '\/', and has neither scheme nor host/],
  ['a path without a slash', () => router().get('users', handler), /^The path 'users' .*: write '\/users'\.$/],
  [
    'an optional param',
    () => router().get('/:id?', handler),
    /':id\?' is not a param: for an optional segment define two/,
  ],
  ['a param in braces', () => router().get('/users/{id}', handler), /a param is written ':id', not '\{id\}'/],
  ['a param in angle brackets', () => router().get('/users/<name>', handler), /a param is written ':name'/],
  ['a param in square brackets', () => router().get('/users/[name]', handler), /a param is written ':name'/],
  ['a method in lower case', () => router().on('get', '/', handler), /'get' is not one: methods are upper case: 'GET'/],
  [
    'a path as a method',
    () => router().on('/x', 'GET', handler),
    /the method comes before the path: on\('GET', '\/x', handler\)/,
  ],
  [
    'several methods',
    () => router().on(['GET', 'POST'], '/', handler),
    /the list \['GET', 'POST'\] is not one: call on\(\) for each/,
  ],
  ['a star as a method', () => router().on('*', '/', handler), /all\(\) adds a route for every method/],
  [
    'an unknown option',
    () => router().get('/x', handler, { bodylimit: 1 }),
    /no option "bodylimit", which GET '\/x' is given: did you mean "bodyLimit"\?$/,
  ],
  [
    'an option of something else',
    () => router().get('/x', handler, { cache: 1 }),
    /"cache".*: the options are bodyLimit, stream/,
  ],
  [
    'an option of another type',
    () => router().get('/x', handler, { bodyLimit: '1mb' }),
    /^The bodyLimit of GET '\/x' must be a whole .*, not '1mb'/,
  ],
  [
    'a list as options',
    () => router().get('/x', handler, []),
    /^The options of GET '\/x' must be an object, not an empty list/,
  ],
  [
    'mount(router)',
    () => router().mount(new Router()),
    /^mount\(\) takes a prefix before the router, such as mount\('\/api', router\)/,
  ],
  [
    'mount() of a handler',
    () => router().mount('/x', handler),
    /^mount\('\/x'\) takes a Router, not the function handler: .*all\('\/x\/\*', handler\)/,
  ],
  [
    'mount() of a promise',
    () => router().mount('/x', Promise.resolve()),
    /^mount\('\/x'\) takes a Router, not a Promise: await it/,
  ],
  [
    'upgrade() of a server',
    () => router().upgrade('/ws', { handleUpgrade() {} }),
    /^The upgrade handler of '\/ws' must be a function, not an object with the key handleUpgrade/,
  ],
  ['connect() of nothing', () => router().connect(), /^The handler of connect\(\) must be a function, not undefined/],
  ['onError() of text', () => router().onError('x'), /^The handler of onError\(\) must be a function, not 'x'/],
  [
    'notFound() of an object',
    () => router().notFound({}),
    /^The handler of notFound\(\) must be a function, not an empty object/,
  ],
  [
    'fixed() of a function',
    () => router().fixed('/x', handler),
    /^The answer of fixed\('\/x'\) is the same for every request: it cannot be the function handler/,
  ],
  [
    'request() of nothing',
    () => router().request(),
    /^request\(path, init\) takes a path, a URL or a Request, not undefined/,
  ],
  ['fetch() of a path', () => router().fetch('/x'), /^fetch\(request\) takes a Request, not '\/x'/],
]

for (const [what, define, message] of wrong) {
  test(`${what} is told`, async () => {
    const [, code, text] = /^(\w+): (.*)$/s.exec(await messageOf(define)) ?? []
    assert.match(text as string, message)
    assert.ok(code === 'ERR_INVALID_ROUTE' || code === 'ERR_INVALID_ARG_TYPE', code)
  })
}

test('every function of brink is told from a handler or a middleware that it makes', async () => {
  for (const [name, given] of Object.entries({ ...brink, ...brinkFetch, ...brinkNode })) {
    for (const define of [() => router().use(given), () => router().get('/', given)]) {
      assert.match(await messageOf(define), new RegExp(`ERR_INVALID_ROUTE: .*the (?:function|class) ${name}`), name)
    }
  }
})

test('a handler that is written for Express is told, but none that only has two arguments', async () => {
  const ofExpress: readonly unknown[] = [
    (_req: Free, res: Free) => res.send('hi'),
    async (_req: Free, res: Free) => void res.status(200).json({}),
    function auth(_req: Free, response: Free, next: Free) {
      response.setHeader('x', 'y')
      next()
    },
  ]
  for (const given of ofExpress) {
    assert.match(await messageOf(() => router().use(given)), /^ERR_INVALID_ROUTE: .* arguments of Express/)
    assert.match(await messageOf(() => router().get('/', given)), /^ERR_INVALID_ROUTE: .* arguments of Express/)
  }
  const own: readonly unknown[] = [
    (_req: Free, next: Free) => next(),
    (_req: Free, res: Free) => res(),
    (req: Free, _res: Free) => req.fetch().then((_res: Free) => _res.json()),
    async (req: Free, _res: Free) => req.path,
  ]
  for (const given of own) router().use(given)
})

test('a factory of an app that was not called is told with the request', async () => {
  function cors(_options: unknown) {
    return () => 'x'
  }
  const error = await logged(new Router().use(cors as never).get('/', handler))
  assert.match(error.message, /^This body cannot be sent\. It is a function\. .*use\(cors\(\)\), not use\(cors\)/)
})

test('a middleware that answers nothing, or calls next() twice, is told by its name', async () => {
  function auth(): undefined {}
  const silent = await logged(new Router().use(auth).get('/', handler))
  assert.match(silent.message, /^A middleware, the function auth, returned nothing and did not call next\(\)/)
  const twice: Middleware = async (_req, next) => {
    await next()
    return next()
  }
  const repeated = await logged(new Router().get('/', twice, handler))
  assert.match(repeated.message, /^A middleware, the function twice, called next\(\) twice/)
})

test('what is added to a router that is served is told', async () => {
  const app = router()
  await (app.request('/') as Promise<Response>)
  assert.match(await messageOf(() => app.get('/x', handler)), /^ERR_ROUTER_SERVED: .*: add GET '\/x' before serve\(\)/)
  assert.match(await messageOf(() => app.use('/x', handler)), /: add use\('\/x'\) before serve\(\)/)
})

test('a router that is returned by a handler is told, not sent as {}', async () => {
  const error = await logged(new Router().get('/', () => new Router()))
  assert.match(error.message, /^This body cannot be sent\. It is a Router/)
})

test.run()
