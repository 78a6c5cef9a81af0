// Certificates of clients: who is asked for one, and that one opens no other name.
import type { ConnectionOptions } from 'node:tls'
import type { ClientError, Server } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certificate, signedBy } from './certificates.js'
import { get } from './messages.js'
import { relayTo } from './relay.js'
import { counts, serving } from './serving.js'
import { app, getAt, other, own, tlsOf } from './tls_app.js'
import { connectTls, failedHandshake, sessionOf } from './tls_client.js'
import { until } from './waiting.js'

const authority = certificate('authority')

test('client certificates are asked for and checked', async () => {
  const client = signedBy(authority, 'client')
  const mutual = { ...own, requestCert: true, ca: authority.cert }
  await serving(
    app,
    async (server) => {
      const told = await tlsOf(server, client)
      assert.is(told.authorized, true)
      assert.is(told.subject, 'CN=client')
      assert.match(await failedHandshake(server), /certificate required|handshake failure/i)
      assert.match(await failedHandshake(server, other), /unknown ca/i)
    },
    { tls: mutual },
  )
  await serving(
    app,
    async (server) => {
      assert.is((await tlsOf(server, client)).authorized, true)
      const told = await tlsOf(server, other)
      assert.is(told.authorized, false)
      assert.match(String(told.error), /self-signed certificate/)
      assert.is(told.subject, 'CN=other.example')
      assert.is((await tlsOf(server)).authorized, false)
    },
    { tls: { ...mutual, rejectUnauthorized: false } },
  )
})

for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
  test(`${version}: a session of a name without client certificates does not open one with them`, () =>
    serving(
      app,
      async (server) => {
        const versions = { minVersion: version, maxVersion: version }
        const first = await connectTls(server, { ...versions, servername: 'www.example' })
        const session = await sessionOf(first, getAt('www.example', '/'))
        first.raw.leave()
        assert.is((await tlsOf(server, { ...versions, servername: 'www.example', session })).resumed, true)
        const refused = /certificate required|handshake failure/i
        assert.match(await failedHandshake(server, { ...versions, servername: 'admin.example' }), refused)
        assert.match(await failedHandshake(server, { ...versions, servername: 'admin.example', session }), refused)
      },
      { tls: { ...own, contexts: { 'admin.example': { ...other, requestCert: true, ca: authority.cert } } } },
    ))
}

async function statusOf(
  server: Server,
  options: ConnectionOptions,
  ...requests: string[]
): Promise<number | undefined> {
  const { raw } = await connectTls(server, options)
  raw.send(...requests)
  const { status } = (await raw.receive(requests.length)).at(-1) ?? {}
  raw.leave()
  return status
}

test('where a name asks for client certificates, hosts are those of the handshake', async () => {
  const errors: ClientError[] = []
  const client = signedBy(authority, 'client')
  const asks = { ...own, requestCert: true, ca: authority.cert }
  await serving(
    app,
    async (server) => {
      const www = { servername: 'www.example' }
      const absolute = 'GET https://admin.example/fixed HTTP/1.0\r\n\r\n'
      const upload = 'POST /echo HTTP/1.1\r\nHost: admin.example\r\nContent-Length: 2\r\n\r\nhi'
      for (const host of ['www.example', 'WWW.example:443', 'www.example.']) {
        assert.is(await statusOf(server, www, getAt(host, '/fixed'), getAt(host, '/')), 200, host)
      }
      for (const host of ['admin.example', 'admin.example:8443', 'www.example.org', '127.0.0.1']) {
        assert.is(await statusOf(server, www, getAt('www.example', '/fixed'), getAt(host, '/fixed')), 421, host)
        assert.is(await statusOf(server, www, getAt(host, '/')), 421, host)
      }
      assert.is(await statusOf(server, www, absolute), 421)
      assert.is(await statusOf(server, www, upload), 421)
      assert.is(await statusOf(server, www, get('/fixed').replace('brink', 'x.admin.example')), 421)
      // Without a server name: what other names ask for was not asked.
      for (const host of ['admin.example', 'ADMIN.example.', 'x.secret.example:1']) {
        assert.is(await statusOf(server, {}, getAt('127.0.0.1', '/fixed'), getAt(host, '/fixed')), 421, host)
      }
      for (const host of ['127.0.0.1', 'other.example', 'www.example', '[::1]:8443']) {
        assert.is(await statusOf(server, {}, getAt(host, '/fixed'), getAt(host, '/')), 200, host)
      }
      const known = { ...client, servername: 'admin.example' }
      assert.is(await statusOf(server, known, getAt('admin.example', '/fixed'), getAt('admin.example', '/')), 200)
      assert.is(await statusOf(server, known, getAt('www.example', '/')), 421)
      await until(() => errors.length > 0, 'the error is told')
      assert.equal([...new Set(errors.map(({ code }) => code))], ['SERVER_NAME_MISMATCH'])
      // From now on nobody is asked.
      server.setSecureContext({ ...own, contexts: { 'admin.example': other } })
      const swapped = async () => (await statusOf(server, www, getAt('admin.example', '/'))) === 200
      await until(swapped, 'the new certificates are there')
      server.setSecureContext(asks)
      await until(async () => (await statusOf(server, {}, getAt('any.example', '/')).catch(() => 0)) === 0, 'it asks')
      assert.is(await statusOf(server, client, getAt('any.example', '/')), 200)
      assert.is(await statusOf(server, { ...client, ...www }, getAt('any.example', '/')), 421)
    },
    {
      tls: { ...own, contexts: { 'www.example': own, 'admin.example': asks, '*.secret.example': asks } },
      onClientError: (error) => {
        if (error.status === 421) errors.push(error)
      },
    },
  )
})

test('a client with a long certificate may send its first request in pieces', () => {
  const names = Array.from({ length: 1500 }, (_, i) => `DNS:name-${i}.long.example`)
  const client = certificate('client', 'ec', names)
  return serving(
    app,
    async (server) => {
      let holdsBack = false
      let rest: (() => void) | undefined
      const relay = await relayTo(server.port, (chunk, to) => {
        if (!holdsBack) return void to.write(chunk)
        to.write(chunk.subarray(0, 10))
        rest = () => to.write(chunk.subarray(10))
      })
      const { raw } = await connectTls(relay, { ...client })
      await counts(server, { handshakes: 1 })
      const { bytesIn } = server.stats()
      holdsBack = true
      raw.send(get('/fixed'))
      await until(() => server.stats().bytesIn > bytesIn, 'the first piece is read')
      rest?.()
      assert.is((await raw.response()).status, 200)
      relay.close()
    },
    { tls: { ...own, requestCert: true, rejectUnauthorized: false } },
  )
})

test.run()
