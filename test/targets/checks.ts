// What is asked of the app of targets, from outside: the same for every target.
import * as assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http'
import { Agent as AgentOverTls, request as requestOverTls, type RequestOptions as TlsRequestOptions } from 'node:https'
import { connect } from 'node:net'
import type { SecureVersion } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

/** Under an emulator everything takes its time. */
const PATIENCE_MS = 120_000
const app = fileURLToPath(new URL('./app.js', import.meta.url))

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
}

function ask(url: string, path: string, options: TlsRequestOptions = {}, body: string | Buffer = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestOverTls : request
    const asked = send(new URL(path, url), options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString() })
      })
    })
    asked.setTimeout(PATIENCE_MS, () => asked.destroy(new Error(`${path} was not answered`)))
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Sends bytes, and gives all that came back when `until` holds, or the server closes. */
function exchange(url: string, bytes: string, until: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes))
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no whole answer, but ${text}`)))
    socket.setEncoding('latin1').on('data', (piece) => {
      text += piece
      if (until(text)) socket.destroy()
    })
    socket.on('error', reject).on('close', () => resolve(text))
  })
}

const type = (contentType: string): RequestOptions => ({ method: 'POST', headers: { 'content-type': contentType } })

async function largeBodyArrives(url: string, options: TlsRequestOptions = {}): Promise<void> {
  const body = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251))
  const hash = createHash('sha256').update(body).digest('hex')
  assert.equal((await ask(url, '/hash', { ...options, method: 'POST' }, body)).text, hash)
}

async function answersAll(url: string, count: number, agent: Agent, options: TlsRequestOptions = {}): Promise<void> {
  const paths = Array.from({ length: count }, (_, i) => `/json/${i}`)
  const answers = await Promise.all(paths.map((path) => ask(url, path, { ...options, agent })))
  agent.destroy()
  answers.forEach(({ text }, i) => {
    assert.equal(text, `{"id":"${i}","q":null}`)
  })
}

/** By what a user sees. Each throws what is wrong. */
export const CHECKS: readonly [what: string, check: (url: string) => Promise<void>][] = [
  ['text', async (url) => assert.equal((await ask(url, '/text')).text, 'Hello, World!')],
  [
    'JSON, params and a query',
    async (url) => assert.equal((await ask(url, '/json/7?q=%C3%A4')).text, '{"id":"7","q":"ä"}'),
  ],
  [
    'HEAD has the fields of GET and no body',
    async (url) => {
      const { headers, text } = await ask(url, '/text', { method: 'HEAD' })
      assert.deepEqual([headers['content-length'], text], ['13', ''])
    },
  ],
  [
    'a JSON body, a status and a field',
    async (url) => {
      const { status, headers, text } = await ask(url, '/echo', type('application/json'), '{"a":[1,"ü"]}')
      assert.deepEqual([status, headers['x-echo'], text], [201, 'yes', '{"a":[1,"ü"]}'])
    },
  ],
  ['a body of 3 MB arrives whole', (url) => largeBodyArrives(url)],
  [
    'a chunked body',
    async (url) => {
      const head = 'POST /hash HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'
      const text = await exchange(url, `${head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`, () => false)
      assert.ok(text.endsWith(createHash('sha256').update('abcde').digest('hex')), text)
    },
  ],
  [
    'a urlencoded form',
    async (url) => {
      const { text } = await ask(url, '/form', type('application/x-www-form-urlencoded'), 'name=A+b&x=%C3%A9')
      assert.equal(text, '{"name":"A b","x":"é"}')
    },
  ],
  [
    'a multipart form',
    async (url) => {
      const part = (name: string, value: string) =>
        `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
      const fields = { a: '1', b: 'x'.repeat(100_000) }
      const body = `${part('a', fields.a)}${part('b', fields.b)}--b--\r\n`
      const { text } = await ask(url, '/parts', type('multipart/form-data; boundary=b'), body)
      assert.equal(text, JSON.stringify(Object.entries(fields)))
    },
  ],
  [
    'a generator',
    async (url) => assert.equal((await ask(url, '/pieces')).text, 'piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n'),
  ],
  ['a web stream', async (url) => assert.equal((await ask(url, '/stream')).text, 's'.repeat(300_000))],
  ['a reply of 3 MB', async (url) => assert.equal((await ask(url, '/large')).text, 'l'.repeat(3_000_000))],
  [
    'server-sent events',
    async (url) => {
      const { headers, text } = await ask(url, '/events')
      assert.match(String(headers['content-type']), /^text\/event-stream/)
      assert.equal(text.replace(/^:.*\n+/gm, ''), 'event: tick\nid: 1\ndata: {"at":1}\n\ndata: done\n\n')
    },
  ],
  ['a file', async (url) => assert.deepEqual((await ask(url, '/file')).bytes, readFileSync(app))],
  [
    'a range of a file, and 304 when it has not changed',
    async (url) => {
      const ranged = await ask(url, '/file', { headers: { range: 'bytes=3-9' } })
      assert.equal(ranged.status, 206)
      assert.deepEqual(ranged.bytes, readFileSync(app).subarray(3, 10))
      const again = await ask(url, '/file', { headers: { 'if-none-match': String(ranged.headers.etag) } })
      assert.equal(again.status, 304)
    },
  ],
  [
    'a compressed reply',
    async (url) => {
      const { headers, bytes } = await ask(url, '/zipped', { headers: { 'accept-encoding': 'gzip' } })
      assert.equal(headers['content-encoding'], 'gzip')
      assert.equal(gunzipSync(bytes).toString(), 'zip '.repeat(5000))
    },
  ],
  ['a fixed answer', async (url) => assert.equal((await ask(url, '/fixed')).text, 'fixed')],
  ['an answer after an await', async (url) => assert.equal((await ask(url, '/late')).text, 'late')],
  [
    'errors of the app and of the client',
    async (url) => {
      const { status, text } = await ask(url, '/teapot')
      assert.deepEqual([status, text], [418, 'short and stout'])
      assert.equal((await ask(url, '/nowhere')).status, 404)
      assert.match(await exchange(url, 'GET / HTTP/1.1\r\n\r\n', () => false), /^HTTP\/1\.1 400 /)
    },
  ],
  [
    'a connection that is handed over',
    async (url) => {
      const head = 'GET /shout HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n'
      assert.match(await exchange(url, `${head}quiet`, (text) => text.includes('QUIET')), /^HTTP\/1\.1 101 .*QUIET$/s)
    },
  ],
  [
    '200 pipelined requests are answered in order',
    async (url) => {
      const requests = Array.from({ length: 200 }, (_, i) => `GET /json/${i} HTTP/1.1\r\nHost: a\r\n\r\n`).join('')
      const text = await exchange(url, requests, (text) => text.includes('{"id":"199"'))
      const ids = [...text.matchAll(/\{"id":"(\d+)"/g)].map(([, id]) => Number(id))
      assert.deepEqual(ids, [...ids.keys()])
      assert.equal(ids.length, 200)
    },
  ],
  ['1000 requests on 10 connections', (url) => answersAll(url, 1000, new Agent({ keepAlive: true, maxSockets: 10 }))],
  [
    'the counters',
    async (url) => {
      const stats = JSON.parse((await ask(url, '/stats')).text) as Record<string, number>
      assert.ok(Number(stats.requests) > 1200, JSON.stringify(stats))
    },
  ],
  ['it closes', async (url) => assert.equal((await ask(url, '/close')).text, 'closing')],
]

const VERSIONS: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3']

/** The same where the address is one of `https:`, and `ca` is its certificate. */
export const CHECKS_OVER_TLS: readonly [what: string, check: (url: string, ca: string) => Promise<void>][] = [
  ...VERSIONS.map((version): (typeof CHECKS_OVER_TLS)[number] => [
    `a request by ${version}`,
    async (url, ca) => {
      const options = { ca, minVersion: version, maxVersion: version }
      assert.equal((await ask(url, '/secured', options)).text, version)
    },
  ]),
  [
    'a body and a reply of 3 MB over TLS',
    async (url, ca) => {
      await largeBodyArrives(url, { ca })
      assert.equal((await ask(url, '/large', { ca })).text, 'l'.repeat(3_000_000))
    },
  ],
  ['a file over TLS', async (url, ca) => assert.deepEqual((await ask(url, '/file', { ca })).bytes, readFileSync(app))],
  [
    '200 requests on 10 connections over TLS',
    (url, ca) => answersAll(url, 200, new AgentOverTls({ keepAlive: true, maxSockets: 10 }), { ca }),
  ],
]
