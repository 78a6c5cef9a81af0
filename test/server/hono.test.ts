// A Hono app is answered by brink as by Hono's own server for Node.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Server as NodeServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve as serveByNode } from '@hono/node-server'
import { type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { asked, type FetchCase, get, JSON_TYPE, send, titleOf } from './fetch_cases.js'
import { honoApp } from './hono_app.js'
import { within } from './waiting.js'

const folder = fileTree({ 'index.html': '<p>index', 'a.txt': 'The file a.\n', 'large.bin': 'x'.repeat(200_000) })
const loggedByNode: string[] = []
const logged: string[] = []
const native = { Request, Response, fetch }

let brink: Server
let node: NodeServer
let urls: { brink: string; node: string }
test.before(async () => {
  brink = await serve(honoApp(folder, logged), { port: 0 })
  const fetchByNode = honoApp(folder, loggedByNode).fetch
  node = serveByNode({ fetch: fetchByNode, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false }) as NodeServer
  if (!node.listening) await once(node, 'listening')
  urls = { brink: brink.url, node: `http://127.0.0.1:${(node.address() as AddressInfo).port}` }
})
test.after(async () => {
  node.close()
  node.closeAllConnections()
  await within(brink.close({ force: 0 }), 'the server to close')
})

function form(): FormData {
  const made = new FormData()
  made.append('a', '1')
  made.append('a', '2')
  made.append('file', new File(['content é'], 'x.txt', { type: 'text/plain' }), 'x.txt')
  return made
}

const basic = { authorization: `Basic ${Buffer.from('ada:pw').toString('base64')}` }
const simple =
  '/ /json /json/headers /html /template /body /bytes /none /redirect /not-found /header /opt /opt/ada /num/1 /num/a' +
  ' /wild/a/b /users/7?a=1&a=2&b=%C3%A9 /users/%E3%81%82 /users/a%2Fb /a/../json /error /error/response /throw /missing' +
  ' /stream /stream/text /sse /response /response/json /response/redirect /response/blob /response/search' +
  ' /response/clone /secure/x /pretty/x /pretty/x?pretty /powered/x /timing/x /timeout/x /storage/x /ip/x /slash/x/' +
  ' /slash/x /late/x /replaced/x /jsx/x /proxied /proxy /nested/deep/x /mounted/y /static/a.txt /static/ /static/none' +
  ' /jwk/x /cached/x /factory/x /route/7 /runtime /mount/a/b /only/strict' +
  ' /static/large.bin /static/%2e%2e/package.json /logged/x /basic/x /bearer/x /jwt/x /etag/x /compress/text /every/x'

const cases: readonly FetchCase[] = [
  ...simple.split(' ').map((path) => get(path)),
  ...['/', '/json', '/stream', '/none', '/late/x', '/static/a.txt', '/missing'].map((path) => asked('HEAD', path)),
  get('/request', { accept: 'a/b', 'x-one': '1', 'x-two': '2' }),
  get('/accepts', { 'accept-language': 'de-DE,de;q=0.9' }),
  get('/language/x', { 'accept-language': 'de' }),
  get('/cookies', { cookie: 'x=1; y=%20' }),
  get('/basic/x', basic),
  get('/basic/x', { authorization: 'Basic bm86bm8=' }),
  get('/bearer/x', { authorization: 'Bearer tok' }),
  get('/bearer/x', { authorization: 'Bearer no' }),
  get('/every/x', { authorization: 'Bearer x' }),
  get('/jwt/x', {
    authorization:
      'Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEifQ.no-signature-of-this-server-is-like-this-x',
  }),
  get('/jwk/x', { authorization: 'Bearer no.token.here' }),
  asked('PUT', '/only/strict'),
  send('/mount/posted', () => 'a body'),
  get('/cors/x', { origin: 'http://a.example' }),
  asked('OPTIONS', '/cors/x', { origin: 'http://a.example', 'access-control-request-method': 'PUT' }),
  asked('POST', '/csrf/x', { origin: 'http://b.example', 'content-type': 'application/x-www-form-urlencoded' }),
  get('/etag/x', { 'if-none-match': '"b9a5cd2d4d8ea55aba0e5d1e41ba8bf4af2fe4ba"' }),
  get('/compress/text', { 'accept-encoding': 'gzip' }),
  get('/compress/small', { 'accept-encoding': 'gzip' }),
  get('/id/x', { 'x-id': 'given' }),
  get('/static/large.bin', { range: 'bytes=5-14' }),
  asked('DELETE', '/'),
  asked('PUT', '/json'),
  asked('OPTIONS', '/json'),
  asked('PROPFIND', '/'),
  asked('POST', '/text'),
  asked('POST', '/json'),
  send('/text', () => 'é text'),
  send('/json', () => '{"a":1}', JSON_TYPE),
  send('/json', () => '{"a":', JSON_TYPE),
  send('/twice', () => '{"a":1}', JSON_TYPE),
  send('/bytes', () => new Uint8Array(200_000)),
  send('/blob', () => 'blob', { 'content-type': 'Text/X-Blob' }),
  send('/form', form),
  send('/form', () => new URLSearchParams({ a: '1', b: 'é' })),
  send('/parsed', form),
  send('/stream', () => new Uint8Array(300_000)),
  send('/stream', () => 'small'),
  send('/clone', () => 'cloned'),
  send('/clone', () => new Uint8Array(100_000).fill(97)),
  send('/pipe', () => new Uint8Array(150_000).fill(98)),
  send('/limited', () => 'short'),
  send('/limited', () => 'much too long for this'),
  send('/validated', () => '{"name":"Ada"}', JSON_TYPE),
  send('/validated', () => '{"name":1}', JSON_TYPE),
  send('/validated', () => '{', JSON_TYPE),
  send('/validated/form', form),
  send('/override', () => new URLSearchParams({ _method: 'DELETE' })),
  send('/override', () => new URLSearchParams({})),
  send('/proxy', () => 'proxied'),
  send('/fetched', () => 'fetched'),
  send('/text', () => Buffer.from('1f8b', 'hex'), { 'content-encoding': 'gzip' }),
]

/** Fields of the connection and the framing, which are the server's; and the time. */
const OTHERS = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'])

/** Where an answer has a body and no type, Hono's own server says that it is text; fetch does not. */
const UNTYPED = new Set(['/bytes', '/stream', '/pipe'])
const TEXT = 'content-type: text/plain;charset=UTF-8'

async function answerOf(base: string, { path, init }: FetchCase): Promise<object> {
  const response = await native.fetch(base + path, { redirect: 'manual', ...init() })
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1')
  const withoutPort = (value: string) =>
    value.replaceAll(base, 'SERVER').replaceAll(/; charset=utf-8/gi, ';charset=UTF-8')
  return {
    status: response.status,
    headers: [...response.headers]
      .filter(([name]) => !OTHERS.has(name))
      .map(([name, value]) => `${name}: ${withoutPort(value)}`)
      .filter((line) => line !== TEXT || !UNTYPED.has(path)),
    hash: createHash('sha1').update(withoutPort(text)).digest('hex'),
    begin: withoutPort(text.slice(0, 500)),
  }
}

for (const each of cases) {
  test(`${titleOf(each)} is answered as by Hono's own server`, async () => {
    assert.equal(await answerOf(urls.brink, each), await answerOf(urls.node, each))
  })
}

test('a Request that is made of a request takes its body', async () => {
  const response = await native.fetch(`${urls.brink}/again`, { method: 'POST', body: 'again' })
  assert.is(await response.text(), 'again')
})

test("Hono's logger and tokens work", async () => {
  assert.equal(logged, loggedByNode)
  assert.ok(logged.length > 0)
  const token = await (await native.fetch(`${urls.brink}/jwt/token`)).text()
  const response = await native.fetch(`${urls.brink}/jwt/x`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(await response.json(), { sub: 'ada' })
})

test.run()
