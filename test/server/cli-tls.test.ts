// HTTPS of the command line: certificates of files, which are read again, and one that is made.
import { X509Certificate } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { certificate } from './certificates.js'
import { get } from './messages.js'
import { type Program, runBrink } from './programs.js'
import { connectTls, sessionOf } from './tls_client.js'
import { until } from './waiting.js'

const ROUTES = fileURLToPath(new URL('../../routes', import.meta.url))

interface Started {
  readonly brink: Program
  readonly port: number
  readonly host: string
}

async function serving(args: string[], run: (started: Started) => Promise<void>): Promise<void> {
  const brink = runBrink([ROUTES, '--port', '0', ...args])
  try {
    const [, host = '', port] = await brink.says(/^brink listening on https:\/\/(\S+):(\d+) \(.+\)$/m)
    await run({ brink, port: Number(port), host })
    brink.child.kill('SIGTERM')
    assert.is(await brink.ended(), 0, brink.errors())
  } finally {
    brink.child.kill('SIGKILL')
  }
}

/** The fingerprint of the certificate that a new client is shown, which is then answered. */
async function shownBy(server: { port: number }): Promise<string> {
  const { socket, raw } = await connectTls(server)
  const { fingerprint256 } = socket.getPeerX509Certificate() as X509Certificate
  assert.is((await raw.send(get('/plaintext')).response()).text, 'Hello, World!')
  raw.leave()
  return fingerprint256
}

function filesOf({ key, cert }: { key: string; cert: string }) {
  const folder = fileTree({ 'key.pem': key, 'cert.pem': cert })
  const path = (name: string) => join(folder, name)
  const replace = (name: string, text: string) => {
    writeFileSync(path(`${name}.new`), text)
    renameSync(path(`${name}.new`), path(name))
  }
  return { args: ['--tls-key', path('key.pem'), '--tls-cert', path('cert.pem')], replace }
}

const fingerprintOf = ({ cert }: { cert: string }) => new X509Certificate(cert).fingerprint256

test('a certificate that is made for the host, and told by its fingerprint', () =>
  serving(['--tls-self-signed', '--host', '127.0.0.1'], async ({ brink, port }) => {
    const [, fingerprint] = await brink.says(/^certificate: SHA-256 ([0-9A-F:]{95})$/m)
    assert.is(await shownBy({ port }), fingerprint)
  }))

test('the certificate of the files, read again on SIGHUP; a wrong one changes nothing', async () => {
  const [old, fresh] = [certificate('old.test'), certificate('fresh.test')]
  const { args, replace } = filesOf(old)
  await serving(args, async ({ brink, port }) => {
    assert.is(await shownBy({ port }), fingerprintOf(old))
    replace('key.pem', fresh.key)
    brink.child.kill('SIGHUP')
    await until(() => brink.errors().includes('\n'), 'the wrong certificate is told')
    assert.match(brink.errors(), /^The certificate stays as it was: .+\n$/)
    assert.is(await shownBy({ port }), fingerprintOf(old))
    replace('cert.pem', fresh.cert)
    brink.child.kill('SIGHUP')
    await until(async () => (await shownBy({ port })) === fingerprintOf(fresh), 'the new certificate is shown')
  })
})

test('workers resume the sessions of each other, and have the new files after a reload', async () => {
  const [old, fresh] = [certificate('old.test'), certificate('fresh.test')]
  const { args, replace } = filesOf(old)
  await serving([...args, '--workers', '2'], async ({ brink, port }) => {
    const first = await connectTls({ port })
    const session = await sessionOf(first, get('/plaintext'))
    first.raw.leave()
    for (let client = 0; client < 10; client += 1) {
      const { socket, raw } = await connectTls({ port }, { session })
      assert.ok(socket.isSessionReused())
      raw.leave()
    }
    replace('key.pem', fresh.key)
    replace('cert.pem', fresh.cert)
    brink.child.kill('SIGHUP')
    await until(async () => (await shownBy({ port })) === fingerprintOf(fresh), 'a new worker serves')
  })
})

for (const [what, args, message] of [
  [
    'a file that is not there',
    ['--tls-key', '/none', '--tls-cert', '/none'],
    /^The file of --tls-key cannot be read: /,
  ],
  ['a key without a certificate', ['--tls-key', '/none'], /^--tls-key and --tls-cert need each other\./],
  [
    'a certificate of its own beside one of files',
    ['--tls-self-signed', '--tls-key', '/none'],
    /cannot be given beside/,
  ],
] as const) {
  test(`${what} is an error of the command line`, async () => {
    const brink = runBrink([ROUTES, '--port', '0', ...args])
    assert.is(await brink.ended(), 2)
    assert.match(brink.errors(), message)
  })
}

test.run()
