// TLS: what a client and the app see of it, who is refused, and how certificates are given and replaced.
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { type ClientError, Router, type ServeOptions, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { archive, certificate, encrypted, signedBy } from './certificates.js'
import { get, post } from './messages.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { connectTls, failedHandshake, sessionOf } from './tls_client.js'
import { turn, until, within } from './waiting.js'

const own = certificate('localhost')
const other = certificate('other.example')
const authority = certificate('authority')
const TLS: ServeOptions = { tls: own }
const LARGE = 8 * 1024 * 1024

const app = new Router()
  .get('/', (req) => `${req.secure} ${req.url}`)
  .get('/tls', ({ tls }) => ({
    version: tls?.version,
    cipher: tls?.cipher,
    servername: tls?.servername,
    resumed: tls?.resumed,
    authorized: tls?.authorized,
    error: tls?.authorizationError,
    subject: tls?.peerCertificate?.subject,
  }))
  .get('/later', async (req) => {
    await new Promise((resolve) => setImmediate(resolve))
    return `${req.tls?.version} ${req.url}`
  })
  .get('/large', () => Buffer.alloc(LARGE, 'x'))
  .post('/echo', (req) => req.text())
  .fixed('/fixed', 'fixed')

function getAt(host: string, target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
}

async function tlsOf(server: Server, options: ConnectionOptions = {}): Promise<Record<string, unknown>> {
  const { raw } = await connectTls(server, options)
  const { body } = await raw.send(getAt(options.servername ?? 'brink', '/tls')).response()
  raw.leave()
  return JSON.parse(String(body)) as Record<string, unknown>
}

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

test('plain HTTP is answered in plain, and told', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      const answer = await ask(server, get('/'))
      assert.is(answer.status, 400)
      assert.is(String(answer.body), 'This port speaks HTTPS.')
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'PLAIN_HTTP')
    },
    { ...TLS, onClientError: (error) => errors.push(error) },
  )
})

test('TLS on a plain port is told, and the client knows at once', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      assert.match(await failedHandshake(server), /wrong version number|packet length too long/i)
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'TLS_ON_PLAIN_PORT')
    },
    { onClientError: (error) => errors.push(error) },
  )
})

test('a handshake that fails is told with the reason', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      await failedHandshake(server, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'TLS_HANDSHAKE_FAILED')
      assert.match(errors[0]?.reason ?? '', /unsupported protocol/)
    },
    { tls: { ...own, minVersion: 'TLSv1.3' }, onClientError: (error) => errors.push(error) },
  )
})

test('a broken record ends the connection with an alert', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      let breaks = false
      const relay = await relayTo(server.port, (chunk, to) => {
        const last = chunk.length - 1
        if (breaks) chunk.writeUInt8(chunk.readUInt8(last) ^ 1, last)
        to.write(chunk)
      })
      const { socket, raw } = await connectTls(relay)
      await raw.send(get('/')).response()
      const failed = once(socket, 'error')
      breaks = true
      raw.send(get('/'))
      const [error] = (await within(failed, 'an alert')) as [Error]
      assert.match(error.message, /bad record mac/i)
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'TLS_BROKEN')
      assert.match(errors[0]?.reason ?? '', /bad record mac/)
      relay.close()
    },
    { ...TLS, onClientError: (error) => errors.push(error) },
  )
})

test('a handshake that does not end is timed out', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      const client = await connect(server)
      client.send(Buffer.from([0x16, 3, 1]))
      await until(() => client.ending !== undefined, 'the end of the connection')
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'TLS_HANDSHAKE_TIMEOUT')
    },
    { ...TLS, handshakeTimeout: 100, onClientError: (error) => errors.push(error) },
  )
})

test('http/1.1 is chosen by ALPN, and who does not speak it is refused', () =>
  serving(
    app,
    async (server) => {
      const { socket, raw } = await connectTls(server, { ALPNProtocols: ['h2', 'http/1.1'] })
      assert.is(socket.alpnProtocol, 'http/1.1')
      raw.leave()
      assert.match(await failedHandshake(server, { ALPNProtocols: ['h2'] }), /no application protocol/i)
    },
    TLS,
  ))

test('certificates are chosen by name', () =>
  serving(
    app,
    async (server) => {
      const names: [string, string][] = [
        ['a.example', 'CN=exact'],
        ['A.EXAMPLE', 'CN=exact'],
        ['x.b.example', 'CN=wild'],
        ['b.example', 'CN=localhost'],
        ['y.x.b.example', 'CN=localhost'],
        ['c.example', 'CN=localhost'],
      ]
      for (const [servername, subject] of names) {
        const { socket, raw } = await connectTls(server, { servername })
        assert.is(`CN=${socket.getPeerCertificate().subject.CN}`, subject, servername)
        raw.leave()
      }
    },
    { tls: { ...own, contexts: { 'a.example': certificate('exact'), '*.b.example': certificate('wild') } } },
  ))

test('a client gets the certificate of the type that it understands', async () => {
  const rsa = certificate('localhost', 'rsa')
  await serving(
    app,
    async (server) => {
      for (const [ciphers, type] of [
        ['ECDHE-RSA-AES128-GCM-SHA256', 'rsa'],
        ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ec'],
      ] as const) {
        const { socket, raw } = await connectTls(server, { ciphers, maxVersion: 'TLSv1.2' })
        assert.is(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType, type)
        raw.leave()
      }
    },
    { tls: { key: [rsa.key, own.key], cert: [own.cert, rsa.cert] } },
  )
})

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

test('certificates are replaced for new connections only', () =>
  serving(
    app,
    async (server) => {
      const before = await connectTls(server)
      const session = await sessionOf(before, get('/'))
      const nameOf = async () => {
        const { socket, raw } = await connectTls(server)
        const { CN } = socket.getPeerCertificate().subject
        raw.leave()
        return CN
      }
      assert.is(await nameOf(), 'localhost')
      assert.throws(
        () => server.setSecureContext({ key: own.key, cert: other.cert }),
        (error: NodeJS.ErrnoException) => error.code === 'ERR_TLS_CONTEXT' && /of none of the keys/.test(error.message),
      )
      assert.is(await nameOf(), 'localhost')
      server.setSecureContext(other)
      await until(async () => (await nameOf()) === 'other.example', 'the new certificate is there')
      assert.is((await before.raw.send(get('/fixed')).response()).status, 200)
      assert.is((await tlsOf(server, { session })).resumed, true)
    },
    TLS,
  ))

test('ticket keys are shared between servers, and rotated', async () => {
  const keys = [Buffer.alloc(48, 1), Buffer.alloc(48, 2)] as const
  let session: Buffer | undefined
  const withKeys = (...ticketKeys: Buffer[]): ServeOptions => ({ tls: { ...own, ticketKeys } })
  await serving(
    app,
    async (server) => {
      session = await sessionOf(await connectTls(server), get('/'))
    },
    withKeys(keys[0]),
  )
  await serving(
    app,
    async (server) => {
      assert.is((await tlsOf(server, { session })).resumed, true)
      session = await sessionOf(await connectTls(server), get('/'))
      assert.is((await tlsOf(server, { session })).resumed, true)
    },
    withKeys(keys[1], keys[0]),
  )
  await serving(
    app,
    async (server) => {
      assert.is((await tlsOf(server, { session })).resumed, true)
    },
    withKeys(keys[1]),
  )
  await serving(
    app,
    async (server) => {
      assert.is((await tlsOf(server, { session })).resumed, false)
    },
    withKeys(keys[0]),
  )
})

test('ticket keys that the app wipes are kept for the next certificate', async () => {
  const ticketKeys = Buffer.alloc(48, 1)
  let session: Buffer | undefined
  await serving(
    app,
    async (server) => {
      session = await sessionOf(await connectTls(server), get('/'))
    },
    { tls: { ...own, ticketKeys: Buffer.alloc(48) } },
  )
  await serving(
    app,
    async (server) => {
      ticketKeys.fill(0)
      server.setSecureContext(other)
      const nameOf = async () => {
        const { socket, raw } = await connectTls(server)
        const { CN } = socket.getPeerCertificate().subject
        raw.leave()
        return CN
      }
      await until(async () => (await nameOf()) === 'other.example', 'the new certificate is there')
      assert.is((await tlsOf(server, { session })).resumed, false)
    },
    { tls: { ...own, ticketKeys } },
  )
})

test('a name has its own rules: versions, ciphers, groups and signatures', () =>
  serving(
    app,
    async (server) => {
      const agreed = async (options: ConnectionOptions) => {
        const { socket, raw } = await connectTls(server, options)
        const versionAndCipher = `${socket.getProtocol()} ${socket.getCipher().name}`
        raw.leave()
        return versionAndCipher
      }
      const standard = 'TLSv1.3 TLS_AES_256_GCM_SHA384'
      const refused = /handshake failure/i
      assert.is(await agreed({ ecdhCurve: 'P-384' }), standard)
      assert.match(await failedHandshake(server, { ecdhCurve: 'P-521' }), refused)
      const a = { servername: 'a.example' }
      assert.is(await agreed({ ...a, ecdhCurve: 'P-521' }), 'TLSv1.3 TLS_AES_128_GCM_SHA256')
      assert.match(await failedHandshake(server, { ...a, ecdhCurve: 'P-384' }), refused)
      const b = { servername: 'b.example' }
      assert.is(await agreed({ ...b, ecdhCurve: 'P-384' }), standard)
      assert.match(await failedHandshake(server, { ...b, ecdhCurve: 'P-521' }), refused)
      assert.match(await agreed({ servername: 'old.example' }), /^TLSv1\.2 /)
      const signs = { servername: 'signs.example', sigalgs: 'ecdsa_secp256r1_sha256' }
      assert.match(await failedHandshake(server, signs), refused)
    },
    {
      tls: {
        ...own,
        ecdhCurve: 'P-384',
        contexts: {
          'a.example': { ...other, ecdhCurve: 'P-521', ciphers: 'TLS_AES_128_GCM_SHA256' },
          'b.example': other,
          'old.example': { ...other, maxVersion: 'TLSv1.2' },
          'signs.example': { ...other, sigalgs: 'ecdsa_secp384r1_sha384' },
        },
      },
    },
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

test('keys with a passphrase, and archives', async () => {
  const key = encrypted(own, 'secret')
  const works = (tls: ServeOptions['tls']) =>
    serving(app, async (server) => assert.is((await tlsOf(server)).version, 'TLSv1.3'), { tls })
  await works({ key, cert: own.cert, passphrase: 'secret' })
  await works({ key: { pem: key, passphrase: 'secret' }, cert: Buffer.from(own.cert) })
  await works({ pfx: archive(own, 'secret'), passphrase: 'secret' })
})

const refused: [what: string, tls: unknown, code: string, says: RegExp][] = [
  [
    'an encrypted key without a passphrase',
    () => ({ ...own, key: encrypted(own, 'a') }),
    'ERR_TLS_CONTEXT',
    /is encrypted/,
  ],
  ['a wrong passphrase', () => ({ ...own, key: encrypted(own, 'a'), passphrase: 'b' }), 'ERR_TLS_CONTEXT', /tls\.key/],
  ['no certificate', () => ({}), 'ERR_TLS_CONTEXT', /cert/],
  ['no key', () => ({ cert: own.cert }), 'ERR_TLS_CONTEXT', /of none of the keys/],
  ['text that is no certificate', () => ({ key: own.key, cert: 'nothing' }), 'ERR_TLS_CONTEXT', /tls\.cert is no cert/],
  ['a wrong cipher', () => ({ ...own, ciphers: 'NOTHING' }), 'ERR_TLS_CONTEXT', /tls\.ciphers/],
  ['a wrong group', () => ({ ...own, ecdhCurve: 'nothing' }), 'ERR_TLS_CONTEXT', /tls\.ecdhCurve/],
  ['a wrong version', () => ({ ...own, minVersion: 'SSLv3' }), 'ERR_INVALID_ARG_VALUE', /minVersion/],
  ['short ticket keys', () => ({ ...own, ticketKeys: Buffer.alloc(47) }), 'ERR_INVALID_ARG_VALUE', /48 bytes/],
  ['an unknown option', () => ({ ...own, SNICallback() {} }), 'ERR_INVALID_ARG_VALUE', /contexts/],
  ['a key of a wrong type', () => ({ ...own, key: 1 }), 'ERR_INVALID_ARG_TYPE', /tls\.key/],
  [
    'a wrong context',
    () => ({ ...own, contexts: { 'a.example': { cert: own.cert } } }),
    'ERR_TLS_CONTEXT',
    /tls\.contexts\['a\.example'\]\.cert/,
  ],
  [
    'a name that is given twice',
    () => ({ ...own, contexts: { 'a.b': own, 'A.b': own } }),
    'ERR_INVALID_ARG_VALUE',
    /once/,
  ],
  ['null', () => null, 'ERR_INVALID_ARG_TYPE', /"tls" must be an object/],
  ['no cipher', () => ({ ...own, ciphers: '' }), 'ERR_INVALID_ARG_VALUE', /tls\.ciphers" must have a cipher/],
  [
    'a cipher of no version that is spoken',
    () => ({ ...own, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', minVersion: 'TLSv1.3' }),
    'ERR_INVALID_ARG_VALUE',
    /tls\.ciphers" must have a cipher/,
  ],
  [
    'the defaults of OpenSSL for one name, and named groups beside',
    () => ({ ...own, ecdhCurve: 'P-256', contexts: { 'a.example': { ...other, ecdhCurve: 'auto' } } }),
    'ERR_INVALID_ARG_VALUE',
    /contexts\['a\.example'\]\.ecdhCurve" must name/,
  ],
  ['a wrong name', () => ({ ...own, contexts: { 'https://a': own } }), 'ERR_INVALID_ARG_VALUE', /host name/],
]

for (const [what, tls, code, says] of refused) {
  test(`${what} is refused`, async () => {
    const options = { port: 0, tls: (tls as () => unknown)() } as ServeOptions
    const error = await serve(app, options).then(
      () => assert.unreachable(),
      (caught: NodeJS.ErrnoException) => caught,
    )
    assert.is((error as NodeJS.ErrnoException).code, code)
    assert.match(String((error as Error).message), says)
  })
}

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

test('what OpenSSL complains of here is no error of Node, and the reverse', () =>
  serving(
    app,
    async (server) => {
      for (let i = 0; i < 3; i++) {
        await failedHandshake(server, { ALPNProtocols: ['h2'] })
        assert.is(createPrivateKey(own.key).type, 'private')
        assert.throws(() => createPrivateKey('nothing'))
        assert.is((await tlsOf(server)).version, 'TLSv1.3')
      }
    },
    TLS,
  ))

test('certificates are replaced under load, and no request fails', () =>
  serving(
    app,
    async (server) => {
      let replaces = true
      let asked = 0
      const client = async () => {
        while (replaces) {
          const { raw } = await connectTls(server)
          for (let i = 0; i < 3; i++) assert.is((await raw.send(get('/fixed')).response()).status, 200)
          raw.leave()
          asked++
        }
      }
      const clients = [client(), client(), client()]
      for (let i = 0; i < 300 || asked < 20; i++) {
        server.setSecureContext(i % 2 === 0 ? other : own)
        await turn()
      }
      replaces = false
      await Promise.all(clients)
      await until(() => server.stats().handshakes >= asked, 'all handshakes are counted')
    },
    TLS,
  ))

test('a server name with a zero in it is refused, also with a session', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      const versions = { maxVersion: 'TLSv1.2', servername: 'zero.example' } as const
      const first = await connectTls(server, versions)
      const session = await sessionOf(first, get('/'))
      first.raw.leave()
      const relay = await relayTo(server.port, (chunk, to) => {
        const at = chunk.indexOf('zero.example')
        if (at > 0) chunk[at + 4] = 0
        to.write(chunk)
      })
      assert.match(await failedHandshake(relay, { ...versions, session }), /unrecognized name/i)
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'TLS_HANDSHAKE_FAILED')
      relay.close()
    },
    { ...TLS, onClientError: (error) => errors.push(error) },
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

interface Relay {
  readonly port: number
  close(): void
}

/** A relay, and how it passes on what a client sends. */
async function relayTo(port: number, pass: (chunk: Buffer, server: Socket) => void): Promise<Relay> {
  const sockets: Socket[] = []
  const relay = createServer((client) => {
    const server = createConnection({ port, host: '127.0.0.1', noDelay: true })
    sockets.push(client, server)
    server.pipe(client)
    client.on('data', (chunk) => pass(chunk, server))
    for (const socket of [client, server]) socket.on('error', () => {})
  })
  await within(new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve)), 'a relay')
  return {
    port: (relay.address() as { port: number }).port,
    close() {
      for (const socket of sockets) socket.destroy()
      relay.close()
    },
  }
}

test.run()
