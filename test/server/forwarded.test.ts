// trustProxy, through sockets: what a router and a fetch app see of a client behind proxies, and of one that only says so.
import { once } from 'node:events'
import { type FetchInfo, Router, type ServeOptions, serve } from 'brink'
import { getConnInfo, serve as serveLikeSrvx } from 'brink/fetch'
import { Hono } from 'hono'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { dial } from './dialing.js'
import { get } from './messages.js'
import { ask } from './raw_client.js'
import { SCHEME } from './scheme.js'
import { serving } from './serving.js'
import { within } from './waiting.js'

const SAID = [
  'Forwarded: for=6.6.6.6;proto=https;host=evil.test',
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: evil.test',
  'X-Forwarded-Port: 444',
]
const PROXIED = [
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-For: 192.0.2.1, 127.0.0.2',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: example.test',
]
const seen = new Router().all('/*', ({ ip, peer, url }) => ({ ip, peer, url }))
const plain = { ip: '127.0.0.1', peer: '127.0.0.1', url: `${SCHEME}://brink/a?b` }
const proxied = { ip: '192.0.2.1', peer: '127.0.0.1', url: 'https://example.test/a?b' }

const cases: [what: string, options: ServeOptions, fields: string[], expected: object][] = [
  ['it is off: the fields are ignored', {}, SAID, plain],
  ['the peer is none of the proxies', { trustProxy: '10.0.0.0/8' }, SAID, plain],
  ['the peer is a proxy', { trustProxy: 'loopback' }, PROXIED, proxied],
  ['a number of hops', { trustProxy: 2 }, PROXIED, proxied],
  ['one hop', { trustProxy: 1 }, PROXIED, { ...proxied, ip: '127.0.0.2' }],
  ['everybody is trusted', { trustProxy: true }, PROXIED, { ...proxied, ip: '6.6.6.6' }],
  ['nothing is said', { trustProxy: 'loopback' }, [], plain],
  ['the families differ', { trustProxy: 'loopback' }, [...PROXIED, 'Forwarded: for=6.6.6.6'], plain],
  [
    'the family is named',
    { trustProxy: 'loopback', forwardedFields: 'x-forwarded' },
    [...PROXIED, 'Forwarded: for=6.6.6.6;host=evil.test'],
    proxied,
  ],
]

for (const [what, options, fields, expected] of cases) {
  test(`a router, where ${what}`, async () => {
    await serving(
      seen,
      async (server) => {
        // Twice more: the head is known then.
        for (let times = 0; times < 3; times += 1) {
          assert.equal(JSON.parse((await ask(server, get('/a?b', ...fields))).text), expected)
        }
      },
      options,
    )
  })
}

test('after an await it is the same', async () => {
  const later = new Router().get('/', async (req) => {
    await new Promise(setImmediate)
    return { ip: req.ip, peer: req.peer, url: req.url }
  })
  await serving(
    later,
    async (server) => {
      const answer = await ask(server, get('/', ...PROXIED))
      assert.equal(JSON.parse(answer.text), { ...proxied, url: 'https://example.test/' })
    },
    { trustProxy: 'loopback' },
  )
})

test('a target that is a URL has the origin that the proxy has named', async () => {
  await serving(
    seen,
    async (server) => {
      const url = async (target: string) => JSON.parse((await ask(server, get(target, ...PROXIED))).text).url
      assert.is(await url(`${SCHEME}://brink/a?b`), 'https://example.test/a?b')
      assert.is(await url(`${SCHEME}://brink`), 'https://example.test/')
      assert.is(await url(`${SCHEME}://brink?b`), 'https://example.test/?b')
    },
    { trustProxy: 'loopback' },
  )
})

test('a request without a Host has the host that the proxy has named', async () => {
  await serving(
    seen,
    async (server) => {
      const answer = await ask(server, 'GET /a?b HTTP/1.0\r\nX-Forwarded-Host: example.test\r\n\r\n')
      assert.is(JSON.parse(answer.text).url, `${SCHEME}://example.test/a?b`)
      const direct = await ask(server, 'GET /a?b HTTP/1.0\r\n\r\n')
      assert.is(JSON.parse(direct.text).url, `${server.url}/a?b`)
      for (const fields of ['X-Forwarded-Proto: https', 'X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https']) {
        const secure = await ask(server, `GET /a?b HTTP/1.0\r\n${fields}\r\n\r\n`)
        assert.is(JSON.parse(secure.text).url, `https://127.0.0.1:${server.port}/a?b`)
      }
    },
    { trustProxy: 'loopback' },
  )
})

const INFO = {
  url: 'https://example.test/a?b',
  remoteAddress: '192.0.2.1',
  port: 4711,
  peer: '127.0.0.1',
  hostname: '192.0.2.1',
  socket: { remoteAddress: '192.0.2.1', remotePort: 4711, remoteFamily: 'IPv4', encrypted: true },
}

test('a fetch app', async () => {
  const server = await serve(
    {
      fetch: (request: Request, { remoteAddress, port, peer, remoteAddr, incoming }: FetchInfo) =>
        Response.json({
          url: request.url,
          remoteAddress,
          port,
          peer,
          hostname: remoteAddr.hostname,
          socket: incoming.socket,
        }),
    },
    { port: 0, trustProxy: 'loopback' },
  )
  try {
    const fields = ['Forwarded: for=6.6.6.6, for="192.0.2.1:4711";proto=https;host=example.test']
    assert.equal(JSON.parse((await ask(server, get('/a?b', ...fields))).text), INFO)
    const direct = JSON.parse((await ask(server, get('/a?b'))).text)
    assert.is(direct.url, `${SCHEME}://brink/a?b`)
    assert.is(direct.socket.encrypted, SCHEME === 'https')
  } finally {
    await within(server.close({ force: 0 }), 'the server to close')
  }
})

test("Hono's connection info, and srvx's ip", async () => {
  const app = new Hono().get('/*', (c) => c.json([c.req.url, getConnInfo(c).remote]))
  const server = await serve(app, { port: 0, trustProxy: 1 })
  const likeSrvx = serveLikeSrvx({
    fetch: (request) => Response.json([request.url, (request as Request & { ip: string }).ip]),
    port: 0,
    hostname: '127.0.0.1',
    trustProxy: 1,
  })
  try {
    await likeSrvx.ready()
    const fields = { 'x-forwarded-for': '192.0.2.1:80', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'a.test' }
    const remote = { address: '192.0.2.1', port: 80, addressType: 'IPv4', transport: 'tcp' }
    const answer = await fetch(`${server.url}/x`, { headers: fields })
    assert.equal(await answer.json(), ['https://a.test/x', remote])
    const other = await fetch(`${likeSrvx.url}x`, { headers: fields })
    assert.equal(await other.json(), ['https://a.test/x', '192.0.2.1'])
  } finally {
    await likeSrvx.close(true)
    await within(server.close({ force: 0 }), 'the server to close')
  }
})

test('a connection that is handed over has the address of the client', async () => {
  const app = new Router().upgrade('/', (_req, socket) => {
    socket.end(
      `HTTP/1.1 101 Switching Protocols\r\n\r\n${(socket as unknown as { remoteAddress: string }).remoteAddress}`,
    )
  })
  await serving(
    app,
    async ({ port }) => {
      const socket = dial({ port }).socket
      socket.end(get('/', 'Connection: upgrade', 'Upgrade: b', 'X-Forwarded-For: 192.0.2.1'))
      let text = ''
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk
      })
      await within(once(socket, 'close'), 'the end of the connection')
      assert.match(text, /\r\n\r\n192\.0\.2\.1$/)
    },
    { trustProxy: 'loopback' },
  )
})

test.run()
