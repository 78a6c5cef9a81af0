// Requests over TLS: what a client and the app see of them.
import { type FetchInfo, Router, type ServeOptions, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certificate } from './certificates.js'
import { get, post } from './messages.js'
import { ask, connect } from './raw_client.js'
import { relayTo } from './relay.js'
import { counts, serving } from './serving.js'
import { app, getAt, LARGE, other, TLS, tlsOf } from './tls_app.js'
import { connectTls, sessionOf } from './tls_client.js'
import { until } from './waiting.js'

for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
  const versions = { minVersion: version, maxVersion: version }

  test(`${version}: requests are answered, with https in their URL`, () =>
    serving(
      app,
      async (server) => {
        assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/)
        const { raw } = await connectTls(server, versions)
        raw.send(get('/'), get('/fixed'), post('/echo', 'hello'), get('/later'))
        const [first, second, third, fourth] = await raw.receive(4)
        assert.is(String(first?.body), 'true https://brink/')
        assert.is(String(second?.body), 'fixed')
        assert.is(String(third?.body), 'hello')
        assert.is(String(fourth?.body), `${version} https://brink/later`)
        await counts(server, { handshakes: 1, resumed: 0 })
      },
      TLS,
    ))

  test(`${version}: the app is told what was agreed on`, () =>
    serving(
      app,
      async (server) => {
        const told = await tlsOf(server, { ...versions, servername: 'a.example' })
        assert.is(told.version, version)
        assert.match(String(told.cipher), /AES|CHACHA/)
        assert.is(told.servername, 'a.example')
        assert.is(told.resumed, false)
        assert.is(told.authorized, false)
      },
      TLS,
    ))

  test(`${version}: large answers and bodies pass whole`, () =>
    serving(
      app,
      async (server) => {
        const { raw } = await connectTls(server, versions)
        const large = await raw.send(get('/large')).response()
        assert.is(large.body.length, LARGE)
        const body = 'y'.repeat(700_000)
        assert.is(String((await raw.send(post('/echo', body)).response()).body), body)
      },
      { ...TLS, bodyLimit: 1024 * 1024 },
    ))

  test(`${version}: sessions are resumed`, () =>
    serving(
      app,
      async (server) => {
        const first = await connectTls(server, versions)
        const session = await sessionOf(first, get('/'))
        first.raw.leave()
        for (let i = 0; i < 10; i++) assert.is((await tlsOf(server, { ...versions, session })).resumed, true)
        await counts(server, { handshakes: 11, resumed: 10 })
      },
      TLS,
    ))

  test(`${version}: the last answer is followed by the end of the session`, () =>
    serving(
      app,
      async (server) => {
        const { raw } = await connectTls(server, versions)
        raw.send(get('/', 'Connection: close'))
        await raw.receive(1)
        await until(() => raw.ending !== undefined, 'the end of the connection')
        assert.is(raw.ending, 'fin')
      },
      TLS,
    ))

  test(`${version}: a client that has ended its side gets its answers`, () =>
    serving(
      app,
      async (server) => {
        const { socket, raw } = await connectTls(server, versions)
        raw.send(get('/later'), get('/'))
        socket.end()
        const [first, second] = await raw.receive(2)
        assert.is(first?.status, 200)
        assert.is(second?.status, 200)
      },
      TLS,
    ))
}

test('every byte of a client may come in its own segment', () =>
  serving(
    app,
    async (server) => {
      const relay = await relayTo(server.port, (chunk, to) => {
        for (const byte of chunk) to.write(Uint8Array.of(byte))
      })
      const { raw } = await connectTls(relay)
      const { body } = await raw.send(post('/echo', 'in pieces')).response()
      assert.is(String(body), 'in pieces')
      raw.leave()
      relay.close()
    },
    TLS,
  ))

test('a listener has TLS of its own, or none', () =>
  serving(
    app,
    async (server) => {
      const [secure, plain, shared] = server.listeners
      assert.match(String(secure?.url), /^https:/)
      assert.match(String(plain?.url), /^http:/)
      assert.match(String(shared?.url), /^https:/)
      const nameAt = async (port = 0) => {
        const { socket, raw } = await connectTls({ port })
        const { CN } = socket.getPeerCertificate().subject
        raw.leave()
        return CN
      }
      assert.is(await nameAt(secure?.port), 'other.example')
      assert.is(await nameAt(shared?.port), 'localhost')
      assert.is(String((await ask({ port: plain?.port ?? 0 }, get('/'))).body), 'false http://brink/')
      server.setSecureContext(certificate('new'), secure)
      await until(async () => (await nameAt(secure?.port)) === 'new', 'the new certificate is there')
      assert.is(await nameAt(shared?.port), 'localhost')
    },
    {
      port: undefined,
      ...TLS,
      listen: [{ port: 0, tls: other }, { port: 0, tls: false }, { port: 0 }],
    } as ServeOptions,
  ))

test('absolute-form targets name https, and http is misdirected', () =>
  serving(
    app,
    async (server) => {
      const { raw } = await connectTls(server)
      const good = await raw.send('GET https://brink/ HTTP/1.1\r\nHost: brink:443\r\n\r\n').response()
      assert.is(String(good.body), 'true https://brink/')
      const bad = await raw.send('GET http://brink/ HTTP/1.1\r\nHost: brink\r\n\r\n').response()
      assert.is(bad.status, 421)
    },
    TLS,
  ))

test('an upgrade is handed over with what the handshake has agreed on', () =>
  serving(
    new Router().upgrade('/tunnel', (req, socket) => {
      const { encrypted } = socket as unknown as { encrypted?: boolean }
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${req.tls?.version} ${encrypted} `)
      socket.pipe(socket)
    }),
    async (server) => {
      const { socket, raw } = await connectTls(server, { minVersion: 'TLSv1.3' })
      raw.send(get('/tunnel', 'Connection: upgrade', 'Upgrade: echo'), 'and more')
      await until(() => /TLSv1\.3 true and more$/.test(String(raw.arrived)), 'all of it comes back')
      socket.end()
      await until(() => raw.ending !== undefined, 'the end of the tunnel')
      assert.is(raw.ending, 'fin')
    },
    TLS,
  ))

test('a request without a Host has the scheme of its connection', () =>
  serving(
    app,
    async (server) => {
      const [secured, plain] = server.listeners
      const { raw } = await connectTls({ port: secured?.port ?? 0 })
      assert.match((await raw.send('GET / HTTP/1.0\r\n\r\n').response()).text, /^true https:/)
      assert.match((await ask({ port: plain?.port ?? 0 }, 'GET / HTTP/1.0\r\n\r\n')).text, /^false http:/)
    },
    { ...TLS, port: undefined, listen: [{ port: 0 }, { port: 0, tls: false }] },
  ))

test('a fetch app is told what was agreed on, also after its response', async () => {
  const told: FetchInfo[] = []
  const fetchApp = (_request: Request, info: FetchInfo) => {
    told.push(info)
    return Response.json({ version: info.tls?.version, servername: info.tls?.servername })
  }
  for (const [options, expected] of [
    [
      { port: 0, ...TLS },
      { version: 'TLSv1.3', servername: 'a.example' },
    ],
    [{ port: 0 }, {}],
  ] as const) {
    const server = await serve({ fetch: fetchApp, ...options })
    try {
      const client =
        'tls' in options ? (await connectTls(server, { servername: 'a.example' })).raw : await connect(server)
      assert.equal(JSON.parse((await client.send(getAt('a.example', '/')).response()).text), expected)
      client.leave()
      assert.is(told.at(-1)?.tls?.version, 'version' in expected ? expected.version : undefined)
    } finally {
      await server.close({ force: 0 })
    }
  }
})

test.run()
