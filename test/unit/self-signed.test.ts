// The certificate for development: what Node and OpenSSL read in it, and that clients who trust it connect.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { selfSigned } from '#brink/cli/self_signed.js'

const NAMES = ['localhost', '127.0.0.1', '::1', 'fe80::1:2', '::ffff:10.0.0.1']

test('it is for its names and addresses, signed by its key, valid for a year', () => {
  const { key, cert, fingerprint } = selfSigned(NAMES)
  const read = new X509Certificate(cert)
  assert.ok(read.checkPrivateKey(createPrivateKey(key)))
  assert.ok(read.verify(read.publicKey))
  assert.is(read.fingerprint256, fingerprint)
  assert.is(read.checkHost('localhost'), 'localhost')
  assert.is(read.checkHost('example.org'), undefined)
  for (const address of NAMES.slice(1)) assert.is(read.checkIP(address), address)
  assert.is(read.ca, false)
  assert.equal(read.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  const days = (Date.parse(read.validTo) - Date.now()) / 86_400_000
  assert.ok(days > 364 && days <= 365, `${days}`)
  assert.ok(Date.parse(read.validFrom) < Date.now())
})

test('each has a serial number and a key of its own', () => {
  const [one, other] = [selfSigned(NAMES), selfSigned(NAMES)].map(({ cert }) => new X509Certificate(cert))
  assert.is.not(one?.serialNumber, other?.serialNumber)
  assert.is.not(one?.fingerprint256, other?.fingerprint256)
})

test('dates from 2050 on have four digits of the year', () => {
  const read = new X509Certificate(selfSigned(NAMES, Date.UTC(2049, 11, 31)).cert)
  assert.match(read.validFrom, /2049/)
  assert.match(read.validTo, /2050/)
})

test('a client that trusts it connects by each name, and one that does not is told', async () => {
  const { key, cert } = selfSigned(NAMES)
  const server = createServer({ key, cert }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  for (const servername of ['localhost', '127.0.0.1']) {
    const isAddress = servername !== 'localhost'
    const client = connect({ port, host: '127.0.0.1', ca: cert, ...(isAddress ? {} : { servername }) })
    await once(client, 'secureConnect')
    assert.ok(client.authorized)
    client.destroy()
  }
  const [error] = await once(connect({ port, host: '127.0.0.1', servername: 'localhost' }), 'error')
  assert.is(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT')
  server.close()
})

test.run()
