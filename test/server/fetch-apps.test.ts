// Apps of fetch: what their fetch() is given, and what becomes of what it answers.
import { once } from 'node:events'
import { getConnInfo as connInfoOfNode } from '@hono/node-server/conninfo'
import { type FetchInfo, type FetchServeOptions, Router, type Server, serve } from 'brink'
import { getConnInfo, serve as serveLikeSrvx, toFetchHandler, webSocketHelper } from 'brink/fetch'
import { Hono } from 'hono'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket, WebSocketServer } from 'ws'
import { connect } from './raw_client.js'
import { serving } from './serving.js'
import { turn, until, within } from './waiting.js'

const NativeRequest = Request
const nativeFetch = fetch

type Fetch = (request: Request, info: FetchInfo, context: FetchInfo) => unknown

/** Serves a fetch(), and tells what was logged. */
async function servingFetch(
  app: Fetch,
  use: (server: Server, logged: string[]) => Promise<void>,
  options: FetchServeOptions = {},
): Promise<string[]> {
  const logged: string[] = []
  const log = (error: unknown) => {
    logged.push(String(error))
  }
  const server = await serve({ fetch: app as never }, { port: 0, log, ...options })
  try {
    await use(server, logged)
  } finally {
    await within(server.close({ force: 0 }), 'the server to close')
  }
  return logged
}

/** The same, where nothing is logged. */
async function apart(...given: Parameters<typeof servingFetch>): Promise<void> {
  assert.equal(await servingFetch(...given), [])
}

const json = async (url: string, init?: RequestInit) => (await nativeFetch(url, init)).json()

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
      assert.equal(await json(`http://127.0.0.1:${port}/a?b`), {
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

test('a request has all that a Request has', () => {
  const rest = ['destination', 'referrer', 'referrerPolicy', 'mode', 'credentials', 'cache', 'redirect', 'integrity']
  const names = [...rest, 'keepalive', 'isReloadNavigation', 'isHistoryNavigation', 'duplex', 'bodyUsed', 'body']
  const read = (request: Request) => names.map((name) => `${name}: ${(request as never)[name]}`)
  return apart(
    (request) => {
      assert.equal(read(request), read(new NativeRequest(request.url)))
      const own = new Set(Object.getOwnPropertyNames(Object.getPrototypeOf(request)))
      const inherited = Object.getOwnPropertyNames(NativeRequest.prototype).filter((name) => !own.has(name))
      class Mine extends Request {}
      return Response.json({
        inherited: inherited.filter((name) => name !== 'attribute'),
        instances: [request instanceof Request, request instanceof NativeRequest, request instanceof Mine],
        mine: new Mine('http://a.example/') instanceof Mine,
        native: new NativeRequest('http://a.example/') instanceof Request,
        constructor: request.constructor === Request,
        tag: String(request),
        headers: request.headers instanceof Headers,
        keys: [...request.headers.keys()].includes('x-b'),
        written: (() => {
          request.headers.set('x-b', '2')
          request.headers.delete('x-a')
          return [request.headers.get('x-a'), request.headers.get('X-B')]
        })(),
      })
    },
    async ({ url }) => {
      assert.equal(await json(url, { headers: { 'x-a': '1', 'x-b': '1' } }), {
        inherited: [],
        instances: [true, true, false],
        mine: true,
        native: true,
        constructor: true,
        tag: '[object Request]',
        headers: true,
        keys: true,
        written: [null, '2'],
      })
    },
  )
})

const targets = [
  '/',
  '/a/b?c=d&e',
  '/a/../b/./c',
  '/%2e%2e/x',
  '/a%2Fb%C3%A9',
  '//twice//x',
  "/quote'?q='",
  '/%zz',
  '/..',
  '/?a=/../b',
  'http://HOST/absolute/../x?y',
]
test('the URL of a request is as URL writes it', () =>
  apart(
    (request) => new Response(request.url),
    async ({ port }) => {
      for (const host of [`127.0.0.1:${port}`, 'Example.COM', 'a.example:80', '[::1]:99', 'xn--bcher-kva.example']) {
        for (const target of targets.map((written) => written.replace('HOST', host))) {
          const client = await connect({ port })
          client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
          const [, body] = (await client.everything()).split('\r\n\r\n')
          const expected = target.startsWith('http') ? target : `http://${host}${target}`
          assert.is(body, new URL(expected).href, `${host} ${target}`)
        }
      }
    },
  ))

test('a host that no URL can have is 400, and is not logged', () =>
  apart(
    (request) => new Response(new URL(request.url).host),
    async ({ port }) => {
      const client = await connect({ port })
      client.send('GET / HTTP/1.1\r\nHost: 1.2.3.999\r\nConnection: close\r\n\r\n')
      assert.match(await client.everything(), /^HTTP\/1.1 400/)
    },
  ))

test('a request is readable behind its answer', async () => {
  let kept: Request | undefined
  let info: FetchInfo | undefined
  await servingFetch(
    (request, given) => {
      kept ??= request
      info ??= given
      return new Response('answered')
    },
    async ({ url }) => {
      await nativeFetch(`${url}/first`, { method: 'POST', body: 'the body', headers: { 'x-a': 'first' } })
      // Their heads lie where the first one did.
      for (let count = 0; count < 20; count += 1) {
        await nativeFetch(`${url}/other`, { method: 'PUT', body: 'another', headers: { 'x-a': 'other' } })
      }
      const { method, url: asked, headers } = kept as Request
      assert.equal([method, asked, headers.get('x-a')], ['POST', `${url}/first`, 'first'])
      assert.is(await kept?.text(), 'the body')
      assert.is(info?.incoming.headers['x-a'], 'first')
      assert.is(typeof info?.remoteAddress, 'string')
      assert.not.ok(kept?.signal.aborted)
    },
  )
})

test('a body is read as a stream of bytes, also by a reader with a buffer of its own', () =>
  apart(
    async (request) => {
      const reader = (request.body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' })
      let text = ''
      for (;;) {
        const { done, value } = await reader.read(new Uint8Array(3))
        if (done) return new Response(`${text} ${request.bodyUsed}`)
        text += Buffer.from(value)
      }
    },
    async ({ url }) => {
      const response = await nativeFetch(url, { method: 'POST', body: '12345678' })
      assert.is(await response.text(), '12345678 true')
    },
  ))

test('a body is taken once, however it is taken', () =>
  apart(
    async (request) => {
      const taken = await request.text()
      const failed: string[] = []
      for (const again of ['text', 'json', 'arrayBuffer', 'blob', 'formData'] as const) {
        await request[again]().catch(({ name }) => failed.push(name))
      }
      assert.throws(() => request.clone(), /consumed/)
      assert.throws(() => new Request(request), /used/)
      assert.ok(request.body?.locked)
      const replaced = new Request(request, { body: 'another' })
      return Response.json([taken, failed.length, new Set(failed).size, await replaced.text(), replaced.method])
    },
    async ({ url }) => {
      assert.equal(await json(url, { method: 'POST', body: 'once' }), ['once', 5, 1, 'another', 'POST'])
    },
  ))

test('a body that was read is a locked stream, also where it was looked at before', async () => {
  const reads = ['text', 'arrayBuffer', 'blob', 'new Request'] as const
  const failure = (use: () => unknown) => {
    try {
      use()
    } catch (error) {
      return (error as Error).name
    }
    return 'none'
  }
  await apart(
    async (request) => {
      const looked = request.body as ReadableStream
      const read = decodeURIComponent(new URL(request.url).pathname.slice(1)) as (typeof reads)[number]
      if (read === 'new Request') new Request(request)
      else await request[read]()
      return Response.json([
        looked === request.body,
        looked.locked,
        request.bodyUsed,
        failure(() => new Response(looked)),
        failure(() => looked.getReader()),
        failure(() => looked.tee()),
        failure(() => new Request(request.url, request)),
        await looked.cancel().catch((error) => error.name),
      ])
    },
    async ({ url }) => {
      for (const read of reads) {
        const answer = await json(`${url}/${read}`, { method: 'POST', body: 'body' })
        assert.equal(answer, [true, true, true, ...Array(5).fill('TypeError')], read)
      }
    },
  )
})

test('a Request that cannot be made of another one leaves it its body', () =>
  apart(
    async (request) => {
      assert.throws(() => new Request(request, { method: 'get' }), TypeError)
      return new Response(await request.text())
    },
    async ({ url }) => {
      assert.is(await (await nativeFetch(url, { method: 'POST', body: 'body' })).text(), 'body')
    },
  ))

test('an empty body is a stream of nothing where it was announced, and null where it was not', () =>
  apart(
    async (request) => Response.json([request.body === null, await request.text()]),
    async ({ port }) => {
      const ask = async (head: string) => {
        const client = await connect({ port })
        client.send(`${head} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`)
        client.send(head.startsWith('POST /length') ? 'Content-Length: 0\r\n\r\n' : '\r\n')
        return (await client.everything()).split('\r\n\r\n')[1]
      }
      assert.is(await ask('POST /length'), '[false,""]')
      assert.is(await ask('POST /'), '[true,""]')
      assert.is(await ask('GET /'), '[true,""]')
    },
  ))

test('a request can be handed to fetch(), with its body', async () => {
  const upstream = new Router().post('/x', async (req) => `${req.headers.get('x-a')} ${await req.text()}`)
  await serving(upstream, (inner) =>
    apart(
      (request) => fetch(new Request(inner.url + new URL(request.url).pathname, request)),
      async ({ url }) => {
        const init = { method: 'POST', body: 'through', headers: { 'x-a': '1' } }
        assert.is(await (await nativeFetch(`${url}/x`, init)).text(), '1 through')
      },
    ),
  )
})

test('signal aborts with an AbortError when the client leaves, and nothing is logged', async () => {
  let reason: unknown
  let aborted = () => {}
  const done = new Promise<void>((resolve) => {
    aborted = resolve
  })
  const logged = await servingFetch(
    (request) =>
      new Promise((_resolve, reject) => {
        request.signal.addEventListener('abort', () => {
          reason = request.signal.reason
          reject(reason)
          aborted()
        })
      }),
    async ({ port }) => {
      const client = await connect({ port })
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await turn()
      client.leave()
      await within(done, 'the signal')
    },
  )
  assert.is((reason as Error).name, 'AbortError')
  assert.equal(logged, [])
})

test('a client that leaves while its body is read, before the app awaits it, does not end the process', async () => {
  const failures: unknown[] = []
  let begun = () => {}
  let failed = () => {}
  const done = new Promise<void>((resolve) => {
    failed = resolve
  })
  const reads = ['text', 'json', 'arrayBuffer', 'blob', 'formData'] as const
  const logged = await servingFetch(
    async (request) => {
      const read = request[reads[Number(new URL(request.url).searchParams.get('by'))] ?? 'text']()
      const gone = new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      begun()
      await gone
      await turn()
      await turn()
      await read.catch(({ name }) => failures.push(name))
      if (failures.length === reads.length) failed()
      return new Response()
    },
    async ({ port }) => {
      for (const by of reads.keys()) {
        const client = await connect({ port })
        const isRead = new Promise<void>((resolve) => {
          begun = resolve
        })
        client.send(`POST /?by=${by} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome of it`)
        await within(isRead, 'the handler')
        client.crash()
      }
      await within(done, 'the bodies to fail')
    },
  )
  assert.equal(
    failures,
    reads.map(() => 'AbortError'),
  )
  assert.equal(logged, [])
})

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

test('info.upgrade hands the connection over, and an answer of 400 or above refuses it', async () => {
  const sockets = new WebSocketServer({ noServer: true })
  await servingFetch(
    (request, info) => {
      if (!info.offersUpgrade) return new Response('no offer', { status: 426 })
      const response = info.upgrade((req, socket, head) => {
        sockets.handleUpgrade(req, socket, head, (webSocket) => {
          webSocket.on('message', (message) => webSocket.send(`echo ${message}`))
        })
      })
      return request.url.endsWith('/refused') ? new Response('no', { status: 403 }) : response
    },
    async ({ url }) => {
      assert.is((await nativeFetch(url)).status, 426)
      const webSocket = new WebSocket(url.replace('http', 'ws'))
      await once(webSocket, 'open')
      webSocket.send('a')
      const [message] = await once(webSocket, 'message')
      assert.is(String(message), 'echo a')
      webSocket.close()
      await once(webSocket, 'close')
      const refused = new WebSocket(`${url.replace('http', 'ws')}/refused`)
      const [error] = await once(refused, 'error')
      assert.match(String(error), /403/)
    },
  )
})

test("Hono's upgradeWebSocket works over ws, with the fields of middleware", async () => {
  const upgradeWebSocket = webSocketHelper(new WebSocketServer({ noServer: true }))
  const heard: string[] = []
  const app = new Hono()
    .use(async (c, next) => {
      await next()
      c.header('x-late', 'yes')
    })
    .get(
      '/ws',
      upgradeWebSocket((c) => ({
        onOpen: (_event, socket) => socket.send(`hello ${c.req.query('name')}`),
        onMessage: (event, socket) => {
          heard.push(typeof event.data === 'string' ? event.data : `${(event.data as ArrayBuffer).byteLength} bytes`)
          if (heard.length === 2) socket.close(1000, 'enough')
        },
        onClose: (event) => heard.push(`closed ${event.code} ${event.reason}`),
      })),
      (c) => c.text('no WebSocket'),
    )
  const server = await serve(app, { port: 0 })
  try {
    assert.is(await (await nativeFetch(`${server.url}/ws`)).text(), 'no WebSocket')
    const webSocket = new WebSocket(`${server.url.replace('http', 'ws')}/ws?name=Ada`)
    const [[response], [message]] = await Promise.all([once(webSocket, 'upgrade'), once(webSocket, 'message')])
    assert.is(response.headers['x-late'], 'yes')
    assert.is(String(message), 'hello Ada')
    webSocket.send('text')
    webSocket.send(Buffer.from([1, 2, 3]))
    await once(webSocket, 'close')
    while (heard.length < 3) await turn()
    assert.equal(heard, ['text', '3 bytes', 'closed 1000 enough'])
  } finally {
    await server.close({ force: 0 })
  }
})

test('what listeners of upgradeWebSocket throw or reject is logged, and the connection goes on', async () => {
  const upgradeWebSocket = webSocketHelper(new WebSocketServer({ noServer: true }))
  const failing = (name: string) => (event: Event) => {
    const error = new Error(`${name} ${event.type}`)
    if (name === 'throws') throw error
    return Promise.reject(error)
  }
  const app = new Hono()
  for (const name of ['throws', 'rejects']) {
    const fail = failing(name)
    const events = { onOpen: fail, onClose: fail, onError: fail }
    const create = () => ({
      ...events,
      onMessage: (event: Event, socket: { send(text: string): void }) => {
        socket.send('seen')
        return fail(event)
      },
    })
    app.get(`/${name}`, upgradeWebSocket(create as never))
  }
  for (const name of ['throws', 'rejects']) {
    const expected = ['open', 'message', 'message', 'error', 'close'].map((type) => `Error: ${name} ${type}`)
    const logged = await servingFetch(app.fetch as never, async ({ url }, errors) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/${name}`)
      await within(once(socket, 'open'), 'the WebSocket')
      for (const text of ['one', 'two']) {
        const seen = once(socket, 'message')
        socket.send(text)
        await within(seen, 'the message')
      }
      // No frame begins like this.
      const closed = once(socket, 'close')
      ;(socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(new Uint8Array(3).fill(255))
      await within(closed, 'the end')
      await until(() => errors.length === expected.length, 'the errors')
    })
    assert.equal(logged, expected)
  }
})

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

test('characters of a URL that browsers do not escape reach a fetch app, and no route of brink', async () => {
  const targets = ['/{a|b}^`?q={a}|b^`', '/?query={hello}', 'http://brink/a|b']
  const others = ['/a"b', '/a<b', '/?q=a>b', '/a\\b', '/?q=\\', '/a#b', '/\u00e9']
  const status = async (port: number, target: string): Promise<number | undefined> => {
    const client = (await connect({ port })).send(`GET ${target} HTTP/1.1\r\nHost: brink\r\n\r\n`)
    return (await client.receive(1))[0]?.status
  }
  const urls: string[] = []
  const take: Fetch = ({ url }) => {
    urls.push(url)
    return new Response('taken')
  }
  await apart(take, async ({ port }) => {
    // The second time, all but the target of a head is known.
    for (const target of [...targets, ...targets]) assert.is(await status(port, target), 200, target)
    for (const target of others) assert.is(await status(port, target), 400, target)
  })
  const wanted = targets.map((target) => new URL(target, 'http://brink').href)
  assert.equal(urls, [...wanted, ...wanted])
  await serving(
    new Router().get('/*', () => 'taken'),
    async ({ port }) => {
      for (const target of [...targets, ...others]) assert.is(await status(port, target), 400, target)
    },
  )
})

test.run()
