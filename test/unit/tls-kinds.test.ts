// Certificates and keys of all kinds and forms, and rules in all the words that Node takes: a server of brink agrees with
// its clients on what one of Node would, by the same options.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ConnectionOptions, connect, createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import type { TlsOptions as Options } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { archive, certificate, encrypted, type KeyType, signedBy } from '../server/certificates.js'
import { serving } from '../server/serving.js'
import { app, own } from '../server/tls_app.js'
import { within } from '../server/waiting.js'

const CLIENTS: readonly ConnectionOptions[] = [
  {},
  { maxVersion: 'TLSv1.2' },
  { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
]

/** What clients of several versions agree on with a server, and whose certificates they get. */
function agreements(port: number): Promise<string[]> {
  return Promise.all(
    CLIENTS.map(async (options) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
      try {
        await within(once(socket, 'secureConnect'), 'the end of a handshake')
        return `${socket.getProtocol()} ${socket.getCipher().name} ${chainOf(socket).join(' < ')}`
      } catch (error) {
        return String((error as NodeJS.ErrnoException).code)
      } finally {
        socket.destroy()
      }
    }),
  )
}

function chainOf(socket: TLSSocket): string[] {
  const names: string[] = []
  let one = socket.getPeerCertificate(true)
  for (; one.subject !== undefined; one = one.issuerCertificate) {
    names.push(String(one.subject.CN))
    if (one.issuerCertificate === undefined || one.issuerCertificate === one) break
  }
  return names
}

async function agreementsOfNode(options: Options): Promise<string[]> {
  const server = createServer(options as TlsOptions, (socket) => socket.on('error', () => {}))
  server.on('tlsClientError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    return await agreements((server.address() as AddressInfo).port)
  } finally {
    server.close()
  }
}

const authority = certificate('authority')
const inOrder = signedBy(authority, 'localhost')
const chained = { key: inOrder.key, cert: inOrder.cert + authority.cert }
const rsa = certificate('localhost', 'rsa')
const GCM = 'ECDHE-ECDSA-AES128-GCM-SHA256'

const kinds: Readonly<Record<string, () => Options>> = {
  ...Object.fromEntries(
    (['rsa', 'rsa-pss', 'ec', 'p384', 'ed25519'] satisfies KeyType[]).map((type) => [
      `a certificate of type ${type}`,
      () => certificate('localhost', type),
    ]),
  ),
  'a certificate with its chain': () => chained,
  'a certificate that has expired': () => signedBy(authority, 'localhost', -1),
  'certificates of two types': () => ({ key: [rsa.key, own.key], cert: [rsa.cert, own.cert] }),
  'an RSA key that is encrypted in the older form': () => ({
    ...rsa,
    key: encrypted(rsa, 'secret', 'rsa'),
    passphrase: 'secret',
  }),
  'an ECDSA key that is encrypted in the older form': () => ({
    ...own,
    key: encrypted(own, 'secret', 'ec'),
    passphrase: 'secret',
  }),
  'a key that is encrypted in PKCS #8': () => ({ ...own, key: encrypted(own, 'secret'), passphrase: 'secret' }),
  'lines that end with CRLF': () => ({ key: crlf(own.key), cert: crlf(own.cert) }),
  'a mark of UTF-8 before the text': () => ({ key: `\ufeff${own.key}`, cert: `\ufeff${own.cert}` }),
  'text before the certificate': () => ({ ...own, cert: `Certificate:\n  Data: 1\n${own.cert}` }),
  'key and certificate in one file': () => ({ key: own.key + own.cert, cert: own.key + own.cert }),
  'an archive with a chain': () => ({ pfx: archive(chained, 'secret'), passphrase: 'secret' }),
  'an archive without a passphrase': () => ({ pfx: archive(own, '') }),
  'ciphers: DEFAULT': () => ({ ...own, ciphers: 'DEFAULT' }),
  'ciphers: HIGH:!aNULL': () => ({ ...own, ciphers: 'HIGH:!aNULL' }),
  'ciphers with a level of security': () => ({ ...own, ciphers: 'DEFAULT:@SECLEVEL=2' }),
  'ciphers of TLS 1.3 only': () => ({ ...own, ciphers: 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256' }),
  'ciphers of TLS 1.2 only': () => ({ ...own, ciphers: GCM }),
  'ciphers of TLS 1.2, and TLS 1.3': () => ({ ...own, ciphers: GCM, minVersion: 'TLSv1.3' }),
  'ciphers of TLS 1.2, with spaces between': () => ({ ...own, ciphers: `${GCM} ECDHE-RSA-AES128-GCM-SHA256` }),
  'ciphers of both': () => ({ ...own, ciphers: `TLS_AES_128_GCM_SHA256:${GCM}` }),
  'a cipher that nobody knows among others': () => ({ ...own, ciphers: 'NOTHING:HIGH' }),
  'ciphers of RSA with an ECDSA key': () => ({ ...own, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }),
  'ecdhCurve: auto': () => ({ ...own, ecdhCurve: 'auto' }),
  'ecdhCurve: prime256v1': () => ({ ...own, ecdhCurve: 'prime256v1' }),
  'ecdhCurve: X25519:P-256': () => ({ ...own, ecdhCurve: 'X25519:P-256' }),
  'minVersion: TLSv1': () => ({ ...own, minVersion: 'TLSv1' }),
  'minVersion: TLSv1, with ciphers for it': () => ({ ...own, minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
  'maxVersion: TLSv1.2': () => ({ ...own, maxVersion: 'TLSv1.2' }),
  sigalgs: () => ({ ...own, sigalgs: 'ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384' }),
  'sigalgs of another type': () => ({ ...own, sigalgs: 'rsa_pss_rsae_sha256' }),
}

function crlf(text: string): string {
  return text.replaceAll('\n', '\r\n')
}

for (const [what, make] of Object.entries(kinds)) {
  test(`${what}: as with Node`, () => {
    const tls = make()
    return serving(
      app,
      async (server) => assert.equal(await agreements(server.port), await agreementsOfNode(tls), what),
      { tls },
    )
  })
}

test.run()
