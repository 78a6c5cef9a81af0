// Certificates and keys of a server: how they are given, chosen and replaced, and which are refused.
import type { ConnectionOptions } from 'node:tls'
import { type ServeOptions, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { archive, certificate, der, encrypted } from './certificates.js'
import { get } from './messages.js'
import { serving } from './serving.js'
import { app, other, own, TLS, tlsOf } from './tls_app.js'
import { connectTls, failedHandshake, sessionOf } from './tls_client.js'
import { turn, until } from './waiting.js'

test('certificates are chosen by name', () =>
  serving(
    app,
    async (server) => {
      const names: [string, string][] = [
        ['a.example', 'CN=exact'],
        ['A.EXAMPLE', 'CN=exact'],
        ['x.b.example', 'CN=wild'],
        ['b.example', 'CN=localhost'],
        ['X.B.Example', 'CN=wild'],
        ['x.b.example.', 'CN=wild'],
        ['a.example.', 'CN=exact'],
        ['xn--bcher-kva.example', 'CN=ascii'],
        ['.b.example', 'CN=localhost'],
        ['y.x.b.example', 'CN=localhost'],
        ['c.example', 'CN=localhost'],
      ]
      for (const [servername, subject] of names) {
        const { socket, raw } = await connectTls(server, { servername })
        assert.is(`CN=${socket.getPeerCertificate().subject.CN}`, subject, servername)
        raw.leave()
      }
    },
    {
      tls: {
        ...own,
        contexts: {
          'a.example': certificate('exact'),
          '*.b.example': certificate('wild'),
          'XN--bcher-kva.example': certificate('ascii'),
        },
      },
    },
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
  [
    'a wrong passphrase',
    () => ({ ...own, key: encrypted(own, 'a'), passphrase: 'b' }),
    'ERR_TLS_CONTEXT',
    /tls\.key cannot be decrypted with its passphrase: bad decrypt/,
  ],
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
    () => ({ ...own, ciphers: 'TLS_AES_128_GCM_SHA256', maxVersion: 'TLSv1.2' }),
    'ERR_INVALID_ARG_VALUE',
    /tls\.ciphers" must have a cipher/,
  ],
  [
    'the defaults of OpenSSL for one name, and named groups beside',
    () => ({ ...own, ecdhCurve: 'P-256', contexts: { 'a.example': { ...other, ecdhCurve: 'auto' } } }),
    'ERR_INVALID_ARG_VALUE',
    /contexts\['a\.example'\]\.ecdhCurve" must name/,
  ],
  [
    'a cipher by the name that others give it',
    () => ({ ...own, ciphers: 'TLS_AES_128_GCM_SHA256:TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' }),
    'ERR_INVALID_ARG_VALUE',
    /tls\.ciphers" must name ciphers of TLS 1\.2 as OpenSSL does/,
  ],
  [
    'a suite of TLS 1.3 that is taken out',
    () => ({ ...own, ciphers: 'HIGH:!TLS_AES_128_GCM_SHA256' }),
    'ERR_TLS_CONTEXT',
    /tls\.ciphers .*no cipher match/,
  ],
  ['a group without a name', () => ({ ...own, ecdhCurve: '' }), 'ERR_INVALID_ARG_VALUE', /tls\.ecdhCurve/],
  ['an empty list of signatures', () => ({ ...own, sigalgs: '' }), 'ERR_INVALID_ARG_VALUE', /tls\.sigalgs/],
  ['a wrong signature', () => ({ ...own, sigalgs: 'nothing' }), 'ERR_TLS_CONTEXT', /tls\.sigalgs/],
  [
    'a chain before its certificate',
    () => ({ key: own.key, cert: other.cert + own.cert }),
    'ERR_TLS_CONTEXT',
    /begins with a certificate that is of none of the keys/,
  ],
  ['a broken chain', () => ({ ...own, cert: own.cert + other.cert.slice(0, 99) }), 'ERR_TLS_CONTEXT', /bad end line/],
  [
    'two certificates of one type',
    () => ({ key: [own.key, other.key], cert: [own.cert, other.cert] }),
    'ERR_TLS_CONTEXT',
    /a second certificate of the same type/,
  ],
  [
    'an archive and a certificate of one type',
    () => ({ ...own, pfx: archive(other, 'a'), passphrase: 'a' }),
    'ERR_TLS_CONTEXT',
    /a second certificate of the same type/,
  ],
  ['a certificate in DER', () => ({ ...own, cert: der(own.cert) }), 'ERR_TLS_CONTEXT', /tls\.cert is in DER form/],
  ['a key in DER', () => ({ ...own, key: der(own.key) }), 'ERR_TLS_CONTEXT', /tls\.key is in DER form/],
  ['an authority in DER', () => ({ ...own, ca: der(own.cert) }), 'ERR_TLS_CONTEXT', /tls\.ca is in DER form/],
  ['an archive in PEM', () => ({ pfx: Buffer.from(own.cert) }), 'ERR_TLS_CONTEXT', /tls\.pfx is no PKCS #12/],
  [
    'a wrong passphrase of an archive',
    () => ({ pfx: archive(own, 'a'), passphrase: 'b' }),
    'ERR_TLS_CONTEXT',
    /tls\.pfx cannot be read: mac verify failure/,
  ],
  [
    'an archive by a cipher that is too old',
    () => ({ pfx: archive(own, 'a', '-legacy'), passphrase: 'a' }),
    'ERR_TLS_CONTEXT',
    /tls\.pfx cannot be read: unsupported.*RC2/,
  ],
  [
    'an archive without a key',
    () => ({ pfx: archive(own, 'a', '-nokeys'), passphrase: 'a' }),
    'ERR_TLS_CONTEXT',
    /tls\.pfx must have a certificate and its key/,
  ],
  [
    'a name that is not in ASCII',
    () => ({ ...own, contexts: { '*.Bücher.example': own } }),
    'ERR_INVALID_ARG_VALUE',
    /in ASCII.*'\*\.xn--bcher-kva\.example'/,
  ],
  [
    'a name with a dot at its end',
    () => ({ ...own, contexts: { 'a.example.': own } }),
    'ERR_INVALID_ARG_VALUE',
    /must have no dot at its end/,
  ],
  ['a star for all', () => ({ ...own, contexts: { '*': own } }), 'ERR_INVALID_ARG_VALUE', /host name/],
  ['a star within a name', () => ({ ...own, contexts: { 'a.*.b': own } }), 'ERR_INVALID_ARG_VALUE', /host name/],
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

test.run()
