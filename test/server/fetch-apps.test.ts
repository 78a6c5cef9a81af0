// Apps of fetch: what their fetch() is told, and what becomes of what it answers.
import { getConnInfo as connInfoOfNode } from '@hono/node-server/conninfo'
import { type FetchInfo, Router, serve } from 'brink'
import { getConnInfo, serve as serveLikeSrvx, toFetchHandler } from 'brink/fetch'
import { Hono } from 'hono'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { apart, type Fetch, json, nativeFetch, servingFetch } from './fetch_serving.js'
import { connect } from './raw_client.js'
import { turn, within } from './waiting.js'

test('info tells of the client and of the server, in the shapes that helpers look for', () =>
  apart(
    (_request, info, context) =>
      Response.json({
        same: info === context,
        remoteAddress: info.remoteAddress,
        isPort: info.port > 0 && info.port !== info.server.port,
        url: info.server.url,
        deno: info.remoteAddr.hostname,
        incoming: [info.incoming.method, info.incoming.url, info.incoming.headers.host, info.incoming.httpVersion],
        family: info.incoming.socket.remoteFamily,
        helpers: [getConnInfo, connInfoOfNode].map((helper) => helper({ env: info } as never).remote.address),
      }),
    async ({ url, port }) => {
      assert.equal(await json(`${url}/a?b`), {
        same: true,
        remoteAddress: '127.0.0.1',
        isPort: true,
        url,
        deno: '127.0.0.1',
        incoming: ['GET', '/a?b', `127.0.0.1:${port}`, '1.1'],
        family: 'IPv4',
        helpers: ['127.0.0.1', '127.0.0.1'],
      })
    },
  ))

test("info is no fetch init, for which GraphQL Yoga's adapter would take it", () =>
  apart(
    (_request, info) => {
      const names = ['body', 'cache', 'credentials', 'headers', 'integrity', 'method', 'mode', 'redirect', 'signal']
      return Response.json(names.filter((name) => name in info))
    },
    async ({ url }) => assert.equal(await json(url), []),
  ))

test('what is thrown is 500 and is logged; error() answers instead', async () => {
  const failing: Fetch = (request) => {
    if (request.url.endsWith('/late')) return Promise.reject(new Error('late'))
    if (request.url.endsWith('/status')) throw Object.assign(new Error('gone'), { status: 410 })
    if (request.url.endsWith('/response')) throw new Response('thrown', { status: 402 })
    throw new Error('at once')
  }
  const statuses = async (url: string) => {
    const answers: string[] = []
    for (const path of ['/', '/late', '/status', '/response']) {
      const response = await nativeFetch(url + path)
      answers.push(`${response.status} ${await response.text()}`)
    }
    return answers
  }
  const logged = await servingFetch(failing, async ({ url }) => {
    const plain = '500 Internal Server Error'
    assert.equal(await statuses(url), [plain, plain, '410 gone', '402 thrown'])
  })
  assert.equal(logged, ['Error: at once', 'Error: late'])
  const quiet = await servingFetch(
    failing,
    async ({ url }) => {
      const expected = ['503 at once', '503 late', '503 gone', '402 thrown']
      assert.equal(await statuses(url), expected)
    },
    { error: (error) => new Response((error as Error).message, { status: 503 }) },
  )
  assert.equal(quiet, [])
  const twice = await servingFetch(failing, async ({ url }) => assert.is((await nativeFetch(url)).status, 500), {
    error: () => {
      throw new Error('in error()')
    },
  })
  assert.equal(twice, ['Error: in error()'])
})

test('what is no Response is 500, and the log says so', async () => {
  for (const [value, name] of [
    [undefined, 'undefined'],
    ['text', 'string'],
    [{ a: 1 }, 'object'],
    [null, 'null'],
  ] as const) {
    const logged = await servingFetch(
      () => value,
      async ({ url }) => assert.is((await nativeFetch(url)).status, 500),
    )
    assert.equal(logged, [
      `TypeError: The fetch() of the app answered ${name}, which is no Response: return one, or a promise of one.`,
    ])
  }
})

test('a ponyfill of Response is taken for what it is', () =>
  apart(
    () => ({
      status: 201,
      headers: new Map([['x-a', '1']]),
      bodyUsed: false,
      body: new Blob(['ponyfill']).stream(),
      arrayBuffer() {},
    }),
    async ({ url }) => {
      const response = await nativeFetch(url)
      assert.equal([response.status, response.headers.get('x-a'), await response.text()], [201, '1', 'ponyfill'])
    },
  ))

test('close() waits for what waitUntil() was given, and a rejection is logged', async () => {
  let finish = () => {}
  let isDone = false
  const work = new Promise<void>((resolve) => {
    finish = () => {
      isDone = true
      resolve()
    }
  })
  const logged: string[] = []
  const server = await serve({
    port: 0,
    log: (error) => logged.push(String(error)),
    fetch(request: Request, info: FetchInfo) {
      info.waitUntil(work)
      info.waitUntil(Promise.reject(new Error('in the background')))
      ;(request as unknown as FetchInfo).waitUntil(work)
      return new Response('answered')
    },
  })
  assert.is(await (await nativeFetch(server.url)).text(), 'answered')
  const closed = server.close().then(() => isDone)
  await turn()
  finish()
  assert.is(await within(closed, 'the server to close'), true)
  assert.equal(logged, ['Error: in the background'])
})

test('a body above bodyLimit is 413, of whatever framing, and so it is for Hono', async () => {
  const app = new Hono().post('/', async (c) => c.text(`${(await c.req.text()).length}`))
  const server = await serve(app, { port: 0, bodyLimit: 10 })
  try {
    const chunked = new Blob(['x'.repeat(20)]).stream()
    const stream = { method: 'POST', body: chunked, duplex: 'half' } as unknown as RequestInit
    const statuses = [
      await nativeFetch(server.url, { method: 'POST', body: 'x'.repeat(20) }),
      await nativeFetch(server.url, stream),
      await nativeFetch(server.url, { method: 'POST', body: 'x'.repeat(10) }),
    ]
    assert.equal(
      statuses.map(({ status }) => status),
      [413, 413, 200],
    )
  } finally {
    await server.close({ force: 0 })
  }
})

test('what cannot be served is told', async () => {
  const app = new Hono()
  const refused = async (given: unknown, options?: object) => {
    try {
      const server = await serve(given as never, { port: 0, ...options } as never)
      await server.close()
      return 'served'
    } catch (error) {
      return `${(error as { code: string }).code} ${(error as Error).message}`
    }
  }
  assert.match(await refused(app.fetch), /^ERR_INVALID_ARG_TYPE This looks like the fetch\(\) of an app/)
  assert.match(await refused((_request: unknown, _info: unknown) => ''), /^ERR_INVALID_ARG_TYPE/)
  assert.match(await refused({}), /^ERR_INVALID_ARG_TYPE serve\(\) takes a Router/)
  assert.match(await refused({ fetch: app.fetch, prot: 1 }), /^ERR_INVALID_ARG_VALUE.*"prot"/)
  assert.match(await refused(app, { error: 1 }), /^ERR_INVALID_ARG_TYPE.*"error"/)
  assert.match(await refused(app, { overrideGlobals: 1 }), /^ERR_INVALID_ARG_TYPE.*"overrideGlobals"/)
  assert.is(await refused({ fetch: app.fetch, hostname: '127.0.0.1' }), 'served')
  // What a worker of Cloudflare exports.
  assert.is(await refused({ fetch: app.fetch, scheduled() {}, queue() {} }), 'served')
  // The properties of an instance are no options.
  class App {
    port = 'none'
    fetch() {
      return new Response()
    }
  }
  assert.is(await refused(new App()), 'served')
  for (const options of [null, 8080]) {
    const complaint = await serve(app, options as never).catch((error) => error.code)
    assert.is(complaint, 'ERR_INVALID_ARG_TYPE')
  }
})

test('a function with a method fetch() is an app', async () => {
  const App = class {}
  Object.assign(App, { fetch: () => new Response('static') })
  const adapter = Object.assign(() => 'a handler', { fetch: () => new Response('adapter') })
  for (const [app, body] of [
    [App, 'static'],
    [adapter, 'adapter'],
  ] as const) {
    const server = await serve(app as never, { port: 0 })
    assert.is(await (await nativeFetch(server.url)).text(), body)
    await server.close()
  }
})

test('CONNECT is 501, and TRACE reaches the app', () =>
  apart(
    (request) => new Response(`${request.method} ${request.clone().method}`),
    async ({ port }) => {
      const ask = async (line: string) => {
        const client = await connect({ port })
        client.send(`${line} HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n`)
        return (await client.everything()).replace(/\r\n[\s\S]*\r\n\r\n/, ' ')
      }
      assert.match(await ask('CONNECT a:80'), /^HTTP\/1.1 501/)
      assert.match(await ask('TRACE /'), /TRACE TRACE$/)
    },
  ))

test('serve of brink/fetch is like that of srvx', async () => {
  const seen: string[] = []
  const server = serveLikeSrvx({
    port: 0,
    hostname: '127.0.0.1',
    plugins: [(made) => void seen.push(made.runtime)],
    middleware: [
      async (request, next) => {
        const response = await next()
        response.headers.set('x-path', new URL(request.url).pathname)
        return response
      },
    ],
    error: (error) => new Response(String(error), { status: 500 }),
    fetch(request) {
      const { ip, runtime, waitUntil } = request as Request & {
        ip: string
        runtime: { name: string }
        waitUntil: unknown
      }
      if (request.url.endsWith('/throw')) throw new Error('thrown')
      return Response.json([ip, runtime.name, typeof waitUntil])
    },
  })
  assert.is(await server.ready(), server)
  const response = await nativeFetch(`${server.url}a`)
  assert.is(response.headers.get('x-path'), '/a')
  assert.equal(await response.json(), ['127.0.0.1', 'node', 'function'])
  assert.is(await (await nativeFetch(`${server.url}throw`)).text(), 'Error: thrown')
  assert.equal(seen, ['node'])
  server.node.server.on('upgrade', (_req, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nhanded over'))
  const client = await connect({ port: Number(new URL(String(server.url)).port) })
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
  assert.match(await client.everything(), /handed over$/)
  await within(server.close(true), 'the server to close')
  assert.throws(() => serveLikeSrvx({ fetch: () => new Response(), tls: {} } as never), /"tls" is not supported/)
})

test('toFetchHandler makes a fetch handler of a router', async () => {
  const handler = toFetchHandler(new Router().get('/', () => 'from a router'))
  await servingFetch(handler as never, async ({ url }) => {
    assert.is(await (await nativeFetch(url)).text(), 'from a router')
  })
})

test.run()
