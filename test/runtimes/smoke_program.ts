// What an app does in its life, once each: for a runtime that the whole suite is not run on. Prints a line for what
// fails, and the sum. Ends by itself, which is a check too.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { compress, events, files, HttpError, parts, Router, reply, type Server, serve } from 'brink'
import * as assert from 'uvu/assert'
import { selfSigned } from '#brink/cli/self_signed.js'
import { get, noise, post } from '../server/messages.js'
import { ask, connect, leaveAll } from '../server/raw_client.js'
import { connectTls } from '../server/tls_client.js'
import { gate, until, within } from '../server/waiting.js'

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n'
const MIB = 1024 * 1024
const large = noise(5 * MIB)
// Of zstd there is no encoder in Node 20: a frame of a raw block.
const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 2, 0x11, 0, 0, 0x68, 0x69])

const folder = mkdtempSync(join(tmpdir(), 'brink-smoke-'))
writeFileSync(join(folder, 'page.html'), '<p>0123456789')

const asked = gate<void>()
const left = gate<string>()
const slow = gate<void>()

const app = new Router()
  .get('/', () => 'Hello')
  .get('/users/:id', ({ params, query }) => ({ id: params.id, q: query.get('q') }))
  .post('/json', async (req) => reply(201, await req.json()))
  .post('/bytes', async (req) => req.bytes(), { bodyLimit: 8 * MIB })
  .post('/size', async (req) => (await req.bytes()).length)
  .post('/stream', (req) => req.body ?? '', { stream: true, bodyLimit: 8 * MIB })
  .post('/form', async (req) => Object.fromEntries([...(await req.formData())].map(([name, value]) => [name, value])))
  .post('/parts', async (req) => {
    const found: string[] = []
    for await (const part of parts(req))
      found.push(`${part.name}=${part.filename ?? ''}:${(await part.bytes()).length}`)
    return found
  })
  .get('/large', () => large)
  .get('/made', async function* () {
    for (let count = 0; count < 3; count += 1) {
      yield `${count};`
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  .get('/readable', () => new Response('from a Response', { status: 203, headers: { 'x-a': '1' } }))
  .get('/events', (req) =>
    events(req, async function* () {
      yield { event: 'tick', data: { at: 1 } }
    }),
  )
  .get('/text', compress(), () => 'text '.repeat(1000))
  .get('/wrong', () => {
    throw new HttpError(418, 'a teapot')
  })
  .get('/left', async (req) => {
    req.signal.addEventListener('abort', () => left.open('it was told'))
    asked.open()
    await left.opened
  })
  .get('/slow', async () => {
    await slow.opened
    return 'slow'
  })
  .fixed('/fixed', 'always')
  .get('/files/*', files(folder))
  .upgrade('/raw', (_req, socket) => {
    socket.write(SWITCHING)
    socket.pipe(socket)
  })

let passed = 0
let failed = 0

async function check(what: string, test: () => Promise<void>): Promise<void> {
  try {
    await within(test(), what)
    passed += 1
  } catch (error) {
    failed += 1
    const { stack, details } = error as { stack?: string; details?: unknown }
    console.log(
      `FAIL ${what}: ${[stack ?? String(error), ...(typeof details === 'string' ? [details] : [])].join('\n')}`,
    )
  }
}

function certificateFor(name: string): { key: string; cert: string } {
  const { key, cert } = selfSigned([name])
  return { key, cert }
}

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function checksOf(server: Server): Promise<void> {
  const { url } = server
  const text = async (path: string, init?: RequestInit): Promise<string> => (await fetch(url + path, init)).text()
  const sent = (path: string, body: Uint8Array | FormData | URLSearchParams, headers: Record<string, string> = {}) =>
    fetch(url + path, { method: 'POST', body: body as NonNullable<RequestInit['body']>, headers })
  const undone = async (coding: string, body: Uint8Array) =>
    (await sent('/bytes', body, { 'content-encoding': coding })).status

  await check('a text', async () => assert.is(await text('/'), 'Hello'))
  await check('params and a query', async () => assert.is(await text('/users/a%20b?q=1'), '{"id":"a b","q":"1"}'))
  await check('a path that is not there', async () => assert.is((await fetch(`${url}/no`)).status, 404))
  await check('JSON', async () => {
    const answer = await sent('/json', Buffer.from('{"a":[1,"ä"]}'), { 'content-type': 'application/json' })
    assert.equal([answer.status, await answer.json()], [201, { a: [1, 'ä'] }])
  })
  await check('a large body, and a large reply', async () => {
    const answer = await sent('/bytes', large)
    assert.is(sha(new Uint8Array(await answer.arrayBuffer())), sha(large))
  })
  await check('a body that is streamed back', async () => {
    const answer = await sent('/stream', large)
    assert.is(sha(new Uint8Array(await answer.arrayBuffer())), sha(large))
  })
  await check('a client that reads slowly', async () => {
    const client = (await connect(server)).pause().send(get('/large', 'Connection: close'))
    await until(() => server.stats().partialWrites > 0, 'its socket is full')
    assert.ok((await client.resume().everything()).length > large.length)
  })
  await check('a form', async () => {
    assert.equal(await (await sent('/form', new URLSearchParams({ a: '1', b: 'ü' }))).json(), { a: '1', b: 'ü' })
  })
  const form = new FormData()
  form.set('name', 'Ada')
  form.set('file', new File([new Uint8Array(1000)], 'a.bin'))
  await check('an upload in parts', async () => {
    assert.equal(await (await sent('/parts', form)).json(), ['name=:3', 'file=a.bin:1000'])
  })
  await check('a generator', async () => assert.is(await text('/made'), '0;1;2;'))
  await check('a Response', async () => {
    const answer = await fetch(`${url}/readable`)
    assert.equal([answer.status, answer.headers.get('x-a'), await answer.text()], [203, '1', 'from a Response'])
  })
  await check('events', async () => assert.match(await text('/events'), /event: ?tick\ndata: ?\{"at":1\}\n\n/))
  await check('a reply that is compressed', async () => {
    const answer = await ask(server, get('/text', 'Accept-Encoding: gzip'))
    assert.is(answer.header('content-encoding'), 'gzip')
    assert.is(gunzipSync(answer.body).length, 5000)
  })
  await check('bodies that are compressed', async () => {
    assert.is(await undone('gzip', gzipSync('a body')), 200)
    assert.is(await undone('br', brotliCompressSync('a body')), 200)
  })
  await check('compressed bodies that end too early', async () => {
    assert.is(await undone('gzip', gzipSync('a body').subarray(0, -1)), 400)
    assert.is(await undone('br', brotliCompressSync('a body').subarray(0, -1)), 400)
    const knowsZstd = (await undone('zstd', zstd)) === 200
    assert.is(await undone('zstd', zstd.subarray(0, -1)), knowsZstd ? 400 : 415)
  })
  await check('a fixed answer', async () => assert.is(await text('/fixed'), 'always'))
  await check('an error with a status', async () => assert.is((await fetch(`${url}/wrong`)).status, 418))
  await check('a file, and a part of it', async () => {
    assert.is(await text('/files/page.html'), '<p>0123456789')
    const answer = await fetch(`${url}/files/page.html`, { headers: { range: 'bytes=3-5' } })
    assert.equal([answer.status, await answer.text()], [206, '012'])
    assert.is((await fetch(`${url}/files/none`)).status, 404)
  })
  await check('a connection that is handed over', async () => {
    const body = noise(MIB)
    const client = (await connect(server)).send(get('/raw', 'Connection: Upgrade', 'Upgrade: raw'))
    const all = Buffer.from(await client.send(body).finish().everything(), 'latin1')
    assert.ok(all.subarray(SWITCHING.length).equals(body))
  })
  await check('requests that come together', async () => {
    const client = (await connect(server)).send(...Array.from({ length: 100 }, () => get('/')))
    assert.ok((await client.receive(100)).every((answer) => answer.text === 'Hello'))
  })
  await check('a thousand requests on many connections', async () => {
    const clients = Array.from({ length: 50 }, async () => {
      const client = await connect(server)
      for (let count = 0; count < 20; count += 1) {
        assert.is((await client.send(post('/size', 'x'.repeat(count))).response()).text, String(count))
      }
    })
    await Promise.all(clients)
  })
  await check('a client that leaves', async () => {
    const client = (await connect(server)).send(get('/left'))
    await asked.opened
    client.leave()
    assert.is(await left.opened, 'it was told')
  })
  await check('a request that is refused', async () => {
    assert.is((await ask(server, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')).status, 400)
  })
  await check('counters', async () => assert.ok(server.stats().requests > 1100))
  await check('an app with a fetch method', async () => {
    const second = await serve(
      { fetch: (req: Request) => new Response(`asked ${new URL(req.url).pathname}`) },
      { port: 0 },
    )
    assert.is(await (await fetch(`${second.url}/a`)).text(), 'asked /a')
    await second.close({ force: 0 })
  })
  await check('requests over TLS, and a certificate that is replaced', async () => {
    const secured = await serve(app, { port: 0, host: '127.0.0.1', tls: certificateFor('first') })
    const { raw } = await connectTls(secured)
    const [hello, whole] = await raw.send(get('/'), get('/large')).receive(2)
    assert.is(hello?.text, 'Hello')
    assert.is(sha(whole?.body as Buffer), sha(large))
    secured.setSecureContext(certificateFor('second'))
    const nameOf = async () => {
      const client = await connectTls(secured)
      const { CN } = client.socket.getPeerCertificate().subject
      client.raw.leave()
      return CN
    }
    await until(async () => (await nameOf()) === 'second', 'the other certificate is there')
    assert.is((await raw.send(get('/')).response()).text, 'Hello')
    raw.leave()
    await secured.close({ force: 0 })
  })
  await check('a port that is taken', async () => {
    const error = await serve(app, { port: server.port, host: '127.0.0.1' }).catch((error: unknown) => error)
    assert.is((error as { code?: string }).code, 'EADDRINUSE')
  })
  const needsThread = process.versions.bun !== undefined || process.versions.deno !== undefined
  await check('threads: 0', async () => {
    const outcome = await serve(app, { port: 0, threads: 0, backend: 'epoll' }).catch((error: unknown) => error)
    if (!needsThread) await (outcome as Server).close()
    else assert.is((outcome as { code?: string }).code, 'ERR_INVALID_ARG_VALUE')
  })
  await check('an answer that is given while the server closes', async () => {
    const before = server.stats().requests
    const client = (await connect(server)).send(get('/slow'))
    await until(() => server.stats().requests > before, 'it has asked')
    const closed = server.close()
    slow.open()
    assert.is((await client.response()).text, 'slow')
    await closed
  })
}

const server = await serve(app, { port: 0, host: '127.0.0.1' })
await checksOf(server)
leaveAll()
rmSync(folder, { recursive: true })
console.log(`${passed} passed, ${failed} failed`)
