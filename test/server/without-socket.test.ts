// What app.fetch answers is what a client reads from a socket: one table of cases, asked both ways.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { gunzipSync, gzipSync } from 'node:zlib'
import {
  compress,
  events,
  file,
  files,
  HttpError,
  html,
  parts,
  type ReplyBody,
  Router,
  redirect,
  reply,
  type Server,
  serve,
} from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { asked, type FetchCase, get, JSON_TYPE, send, titleOf } from './fetch_cases.js'
import { turn, until, within } from './waiting.js'

const folder = fileTree({ 'a.txt': 'The file a.\n', 'page/index.html': '<p>', 'large.bin': 'x'.repeat(300_000) })

async function* letters() {
  yield 'a'
  await null
  yield Buffer.from('b')
}

async function* failing() {
  await null
  if (Date.now() > 0) throw new HttpError(503, 'Later', { expose: true })
  yield ''
}

const framed: Record<string, () => ReplyBody> = {
  none: () => undefined,
  empty: () => '',
  text: () => 'x',
  stream: () => new Blob(['abc']).stream(),
  blob: () => new Blob(['abc'], { type: 'a/b' }),
}

function makeApp(): Router {
  const nested = new Router()
    .get('/', () => 'nested')
    .get('/throws', () => {
      throw new HttpError(409, 'Already there', { headers: { 'x-why': 'twice' } })
    })
    .onError((error, req) => ({ handled: String(error), path: req.path }))
  return new Router()
    .use(async (req, next) => {
      req.state.seen = true
      const answer = await next()
      answer.headers.set('x-outer', String(answer.status))
      return answer
    })
    .use('/private', (req, next) => (req.headers.get('authorization') === 'yes' ? next() : reply(401, 'Who?')))
    .get('/', () => 'Hello')
    .get('/json', () => ({ a: [1, null, 'é'] }))
    .get('/number', () => 1)
    .get('/nothing', () => {})
    .get('/null', () => null)
    .get('/bytes', () => new Uint8Array([1, 2, 255]))
    .get('/html', () => html('<p>é'))
    .get('/framed/:status/:body', ({ params, query }) =>
      reply(Number(params.status), framed[params.body]?.(), Object.fromEntries(query)),
    )
    .get('/redirect', () => redirect('/else where', 303))
    .get('/created', () => reply(201, { id: 7 }, { location: '/users/7', 'X-Case': 'As-Written' }))
    .get('/cookies', () =>
      reply(200, '', [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]),
    )
    .get('/no-content', () => reply(204))
    .get('/not-modified', () => reply(304, undefined, { etag: '"a"' }))
    .get('/teapot', () => reply(418, 'short', { 'content-type': 'text/x-tea' }))
    .get('/length', () => reply(200, 'four', { 'content-length': 4 }))
    .get('/wrong-length', () => reply(200, 'four', { 'content-length': 5 }))
    .get('/response', () => new Response('standard', { status: 202, headers: { 'x-a': 'b' } }))
    .get('/response/json', () => Response.json({ a: 1 }))
    .get('/response/stream', () => new Response(Readable.toWeb(Readable.from(['s', 't'])) as ReadableStream))
    .get('/stream', () => letters())
    .get('/stream/readable', () => Readable.from(['r', 's']))
    .get('/stream/sized', () => reply(200, letters(), { 'content-length': 2 }))
    .get('/stream/blob', () => new Blob(['blob'], { type: 'text/x-blob' }))
    .get('/stream/fails', () => failing())
    .get('/throws', () => {
      throw new Error('a secret')
    })
    .get('/throws/late', async () => {
      await null
      throw new HttpError(422, 'No good')
    })
    .get('/throws/reply', () => {
      throw reply(402, 'Pay')
    })
    .get('/throws/other', () => {
      throw Object.assign(new Error('found'), { statusCode: 404 })
    })
    .get('/unsendable', () => new Map())
    .get('/users/:id', ({ params }) => params)
    .get('/users/:id/*rest', ({ params }) => params)
    .get('/query', ({ query }) => [...query])
    .get('/request', ({ method, path, target, headers, state }) => ({
      method,
      path,
      target,
      accept: headers.get('ACCEPT'),
      list: [...headers.keys()].includes('x-list') && headers.get('x-list'),
      cookie: headers.get('cookie'),
      state,
    }))
    .get('/private/door', () => 'in')
    .post('/text', (req) => req.text())
    .post('/json', (req) => req.json())
    .post('/bytes', async (req) => ({ length: (await req.bytes()).length }))
    .post('/form', async (req) => [...(await req.formData())].map(([name, value]) => [name, String(value)]))
    .post('/parts', async (req) => {
      const names: string[] = []
      for await (const part of parts(req)) names.push(`${part.name}:${(await part.text()).length}`)
      return names
    })
    .post('/chunks', async (req) => {
      let length = 0
      for await (const chunk of req.chunks()) length += chunk.length
      return { length }
    })
    .post('/body', async (req) => {
      let length = 0
      for await (const chunk of req.body ?? []) length += chunk.length
      return { length, isNull: req.body === null }
    })
    .post('/echo', (req) => reply(200, req.body), { stream: true, bodyLimit: Number.POSITIVE_INFINITY })
    .post('/small', (req) => req.text(), { bodyLimit: 4 })
    .post('/unread', () => 'unread')
    .put('/only/put', () => 'put')
    .on('PROPFIND', '/dav', () => reply(207, '<x/>', { 'content-type': 'application/xml' }))
    .all('/all', ({ method }) => method)
    .get('/events', (req) =>
      events(req, async function* () {
        yield { data: 'one', id: '1' }
        yield { event: 'x', data: 'two' }
      }),
    )
    .get('/files/*', files(folder))
    .get('/file', () => file('a.txt', { root: folder }))
    .get('/file/missing', () => file('b.txt', { root: folder }))
    .fixed('/fixed', 'the same')
    .mount('/nested', nested)
    .mount(
      '/compressed',
      new Router()
        .use(compress({ threshold: 0 }))
        .get('/text', () => 'text '.repeat(50))
        .get('/stream', () => letters()),
    )
    .upgrade('/socket', (_req, socket) => socket.destroy())
    .notFound(({ path }) => reply(404, { missing: path }))
}

function form(): FormData {
  const made = new FormData()
  made.append('a', '1')
  made.append('file', new File(['content'], 'x.txt'), 'x.txt')
  return made
}

const plain = ['/', '/json', '/number', '/nothing', '/null', '/bytes', '/html', '/redirect', '/created', '/cookies']
const more = ['/no-content', '/not-modified', '/teapot', '/length', '/wrong-length', '/response', '/response/json']
const streams = ['/response/stream', '/stream', '/stream/readable', '/stream/sized', '/stream/blob', '/stream/fails']
const failures = [
  '/throws',
  '/throws/late',
  '/throws/reply',
  '/throws/other',
  '/unsendable',
  '/missing',
  '/nested/throws',
]
const paths = [
  '/users/7',
  '/users/a%2Fb',
  '/users/%C3%A9/x/y',
  '/query?a=1&b=%20&a=2',
  '/a/../json',
  '/nested',
  '/nested/no',
]
const filesOf = [
  '/files/a.txt',
  '/files/page/',
  '/files/page',
  '/files/none',
  '/files/../x',
  '/file',
  '/file/missing',
  '/fixed',
]

const cases: readonly FetchCase[] = [
  ...[...plain, ...more, ...streams, ...failures, ...paths, ...filesOf].map((path) => get(path)),
  ...['/', '/json', '/stream', '/stream/sized', '/nothing', '/file', '/files/large.bin', '/missing', '/throws'].map(
    (path) => asked('HEAD', path),
  ),
  ...[200, 204, 205, 304].flatMap((status) =>
    Object.keys(framed).flatMap((body) =>
      ['', '?content-type=c/d', '?content-type=application/json'].flatMap((fields) =>
        ['GET', 'HEAD'].map((method) => asked(method, `/framed/${status}/${body}${fields}`)),
      ),
    ),
  ),
  ...[200, 204, 205, 304].map((status) => asked('HEAD', `/framed/${status}/none?content-length=7`)),
  get('/files/large.bin'),
  get('/files/large.bin', { range: 'bytes=10-29' }),
  get('/files/large.bin', { range: 'bytes=0-1,10-11' }),
  get('/files/large.bin', { range: 'bytes=400000-' }),
  get('/files/a.txt', { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }),
  get('/fixed', { 'if-none-match': '*' }),
  get('/request', { accept: 'a/b', 'x-list': 'one, two', cookie: 'a=1; b=2' }),
  get('/private/door'),
  get('/private/door', { authorization: 'yes' }),
  get('/compressed/text', { 'accept-encoding': 'gzip' }),
  get('/compressed/stream', { 'accept-encoding': 'gzip' }),
  get('/events'),
  get('/events', { 'last-event-id': '1' }),
  asked('POST', '/json'),
  asked('POST', '/text'),
  asked('POST', '/'),
  asked('DELETE', '/users/7'),
  asked('OPTIONS', '/users/7'),
  asked('OPTIONS', '/missing'),
  asked('PUT', '/only/put'),
  asked('GET', '/only/put'),
  asked('PROPFIND', '/dav'),
  asked('PROPFIND', '/'),
  asked('FROB', '/'),
  asked('PATCH', '/all'),
  send('/text', () => 'é text'),
  send('/json', () => '{"a":1}', JSON_TYPE),
  send('/json', () => '{"a":', JSON_TYPE),
  send('/json', () => '', JSON_TYPE),
  send('/json', () => '{}', { 'content-type': 'text/plain' }),
  send('/bytes', () => new Uint8Array(200_000)),
  send('/bytes', () => new Uint8Array(1_100_000)),
  send('/bytes', () => Readable.toWeb(Readable.from([Buffer.alloc(40_000), Buffer.alloc(9)])) as ReadableStream),
  send('/form', () => new URLSearchParams({ a: '1', b: 'é' })),
  send('/form', form),
  send('/form', () => 'no form', { 'content-type': 'text/plain' }),
  send('/parts', form),
  send('/chunks', () => new Uint8Array(300_000)),
  send('/body', () => 'body'),
  asked('POST', '/body'),
  send('/echo', () => new Uint8Array(2_000_000).fill(1)),
  send('/small', () => 'four'),
  send('/small', () => 'fifth'),
  send('/small', () => Readable.toWeb(Readable.from([Buffer.from('chunked')])) as ReadableStream),
  send('/unread', () => 'body'),
  send('/text', () => gzipSync('packed'), { 'content-encoding': 'gzip' }),
  send('/text', () => 'not packed', { 'content-encoding': 'gzip' }),
  send('/text', () => 'x', { 'content-encoding': 'unheard-of' }),
]

/** Fields that are the connection's, or another each time. */
const OTHERS = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'last-modified', 'etag'])

async function told(response: Response): Promise<object> {
  const bytes = Buffer.from(await response.arrayBuffer())
  const type = response.headers.get('content-type') ?? ''
  // The boundary is another one each time.
  const boundary = /boundary=(\S+)/.exec(type)?.[1]
  const withoutBoundary = (text: string) => (boundary === undefined ? text : text.replaceAll(boundary, 'BOUNDARY'))
  const headers = [...response.headers].filter(([name]) => !OTHERS.has(name))
  return {
    status: response.status,
    headers: headers.map(([name, value]) => [name, withoutBoundary(value)]),
    length: bytes.length,
    hash: createHash('sha1')
      .update(withoutBoundary(bytes.toString('latin1')), 'latin1')
      .digest('hex'),
    begin: withoutBoundary(bytes.toString('latin1', 0, 1000)),
  }
}

/** Over a socket fetch undoes a coding before anybody sees it. */
async function unpacked(response: Response): Promise<Response> {
  const { headers } = response
  if (headers.get('content-encoding') !== 'gzip') return response
  return new Response(gunzipSync(await response.arrayBuffer()), { headers })
}

const local = makeApp()
const logged: string[] = []
const log = (error: unknown) => {
  logged.push(String(error))
}
let server: Server
test.before(async () => {
  server = await serve(makeApp(), { port: 0, log })
})
test.after(async () => {
  await within(server.close({ force: 0 }), 'the server to close')
})

for (const each of cases) {
  const { path, init } = each
  test(`${titleOf(each)} is answered without a socket as over one`, async () => {
    const overSocket = await told(await fetch(server.url + path, { redirect: 'manual', ...init() }))
    const loggedThere = logged.splice(0)
    const response = await local.request(path, init(), { log })
    assert.equal(await told(await unpacked(response)), overSocket)
    assert.equal(logged.splice(0), loggedThere)
  })
}

test('app.fetch answers an offer to upgrade with 426, for it has no connection to hand over', async () => {
  const offer = { headers: { upgrade: 'websocket', connection: 'Upgrade' } }
  const response = await local.request('/socket', offer)
  assert.equal([response.status, response.headers.get('upgrade')], [426, 'websocket'])
  assert.is((await local.request('/socket')).status, 404)
})

test('app.fetch gives what other runtimes tell of the client as its address', async () => {
  const app = new Router().get('/', ({ ip, url }) => [ip, url])
  const from = async (info: object) => (await app.fetch(new Request('https://a.example/'), info)).json()
  assert.equal(await from({}), ['0.0.0.0', 'https://a.example/'])
  assert.equal(await from({ ip: '192.0.2.1' }), ['192.0.2.1', 'https://a.example/'])
  assert.equal(await from({ remoteAddr: { hostname: '192.0.2.2' } }), ['192.0.2.2', 'https://a.example/'])
  assert.equal(await from({ requestIP: () => ({ address: '192.0.2.3' }) }), ['192.0.2.3', 'https://a.example/'])
})

test('a stream that app.fetch gave is cancelled when its reader leaves, and its request ends', async () => {
  let ended = false
  const app = new Router().get('/', async function* () {
    try {
      for (;;) yield 'x'
    } finally {
      ended = true
    }
  })
  const { body } = await app.request('/')
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  assert.is(String(Buffer.from((await reader.read()).value ?? [])), 'x')
  await reader.cancel()
  assert.ok(ended)
})

test('req.signal aborts when the signal of a fetch Request does', async () => {
  const controller = new AbortController()
  const app = new Router().get('/', (req) => {
    controller.abort()
    return { aborted: req.signal.aborted }
  })
  const response = await app.request('/', { signal: controller.signal })
  assert.equal(await response.json(), { aborted: true })
})

test('a stream that app.fetch gave ends when the signal of its Request aborts', async () => {
  for (const moment of ['before its head', 'while it is read', 'while it waits'] as const) {
    let ended = false
    const controller = new AbortController()
    const logs: unknown[] = []
    const app = new Router().get('/', async function* () {
      try {
        if (moment === 'before its head') controller.abort()
        yield 'x'
        for (;;) {
          await (moment === 'while it waits' ? new Promise((resolve) => setTimeout(resolve, 5)) : turn())
          yield 'y'
        }
      } finally {
        ended = true
      }
    })
    const { body } = await app.request('/', { signal: controller.signal }, { log: (error) => logs.push(error) })
    const reader = (body as ReadableStream<Uint8Array>).getReader()
    const read = async () => {
      for (;;) await reader.read()
    }
    const failure = read().catch((error) => error.name)
    if (moment !== 'before its head') setTimeout(() => controller.abort(), 0)
    assert.is(await within(failure, `the end ${moment}`), 'AbortError', moment)
    await until(() => ended, `the end of the generator ${moment}`)
    assert.equal(logs, [], moment)
  }
})

test('a signal that aborts behind the answer is not told to the request', async () => {
  for (const body of ['text', letters] as const) {
    const controller = new AbortController()
    let signal: AbortSignal | undefined
    const app = new Router().get('/', (req) => {
      signal = req.signal
      return typeof body === 'string' ? body : body()
    })
    await (await app.request('/', { signal: controller.signal })).text()
    controller.abort()
    assert.is(signal?.aborted, false)
  }
})

test('a fetch Request whose body was used is 500, and so it is when its body is locked', async () => {
  const used = new Request('http://a.example/', { method: 'POST', body: 'x' })
  await used.text()
  const locked = new Request('http://a.example/', { method: 'POST', body: 'x' })
  locked.body?.getReader()
  const app = new Router().post('/', (req) => req.text())
  for (const request of [used, locked]) {
    const codes: unknown[] = []
    const log = (error: unknown) => codes.push((error as { code: string }).code)
    assert.is((await app.fetch(request, { log })).status, 500)
    assert.equal(codes, ['ERR_BODY_USED'])
  }
})

test('app.request takes a path as a server takes a target, and rejects what is no URL', async () => {
  const app = new Router().get('/*', (req) => req.url)
  const url = async (path: string) => (await app.request(path)).text()
  assert.is(await url('//b.example/c'), 'http://localhost//b.example/c')
  assert.is(await url('c?d'), 'http://localhost/c?d')
  assert.is(await url('https://b.example/c'), 'https://b.example/c')
  const failed = await app.request('http://').catch((error: Error) => error.name)
  assert.is(failed, 'TypeError')
})

test.run()
