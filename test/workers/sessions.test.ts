// Workers resume the TLS sessions of each other, though the app gives no keys.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { type Supervisor, workers } from 'brink/workers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certificate } from '../server/certificates.js'
import { until, within } from '../server/waiting.js'

const APP = new URL('./apps/secure.js', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'brink-workers-tls-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))
const renew = () => {
  const { key, cert } = certificate('localhost', 'ec', ['IP:127.0.0.1'])
  writeFileSync(join(folder, 'key.pem'), key)
  writeFileSync(join(folder, 'cert.pem'), cert)
}
renew()

interface Asked {
  readonly text: string
  readonly session: Buffer | undefined
}

async function ask({ port }: Supervisor, target: string, options: tls.ConnectionOptions = {}): Promise<Asked> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  let session: Buffer | undefined
  let text = ''
  socket.on('session', (given) => {
    session = given
  })
  socket.on('error', () => {})
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece
  })
  socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
  await within(new Promise((resolve) => socket.once('close', resolve)), 'the end of the connection')
  return { text: text.slice(text.indexOf('\r\n\r\n') + 4), session }
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
type Sessions = readonly [tls.ConnectionOptions, tls.ConnectionOptions]

/** A client with a session of each version. */
async function sessions(supervisor: Supervisor): Promise<Sessions> {
  const made = VERSIONS.map(async (maxVersion) => {
    const { session } = await ask(supervisor, '/', { maxVersion })
    return { maxVersion, ...(session && { session }) }
  })
  return (await Promise.all(made)) as unknown as Sessions
}

/** Asks until all of these workers have answered, and as often again. All sessions are to be resumed. */
async function allResumed(supervisor: Supervisor, clients: Sessions): Promise<void> {
  const serving = supervisor.workers.filter(({ state }) => state === 'serving').map(({ pid }) => `${pid}`)
  for (const client of clients) {
    const missing = new Set(serving)
    for (let asked = 0; missing.size > 0 || asked < 10; asked += 1) {
      assert.ok(asked < 1000, `not answered by ${[...missing]}`)
      const { text } = await ask(supervisor, '/', client)
      assert.match(text, /^\d+ true$/)
      missing.delete(text.split(' ')[0] as string)
    }
  }
}

for (const threads of [0, 2]) {
  test(`sessions of TLS 1.2 and 1.3 are resumed by any worker, with ${threads} threads`, async () => {
    const args = [folder, `${threads}`]
    const supervisor = await workers(APP, { port: 0, count: 3, args, signals: false })
    try {
      const before = await sessions(supervisor)
      await allResumed(supervisor, before)

      // A worker that has taken its place.
      const pids = new Set(supervisor.workers.map(({ pid }) => pid))
      const [victim] = pids
      process.kill(victim as number, 'SIGKILL')
      await until(
        () => supervisor.workers.filter(({ pid, state }) => state === 'serving' && pid !== victim).length === 3,
        'the successor serves',
      )
      await allResumed(supervisor, before)

      // Another certificate in some workers.
      renew()
      await ask(supervisor, '/renew')
      await allResumed(supervisor, before)
      await allResumed(supervisor, await sessions(supervisor))

      await supervisor.reload()
      assert.not.ok(supervisor.workers.some(({ pid, state }) => state === 'serving' && pids.has(pid)))
      await allResumed(supervisor, before)
    } finally {
      await supervisor.close({ force: 0 })
    }
  })
}

test('the key stands neither in the environment nor in the arguments of a process', async () => {
  const supervisor = await workers(APP, { port: 0, count: 1, args: [folder], signals: false })
  try {
    const key = Buffer.from((await ask(supervisor, '/key')).text, 'hex')
    assert.is(key.length, 48)
    for (const pid of [process.pid, ...supervisor.workers.map(({ pid }) => pid)]) {
      for (const name of ['environ', 'cmdline']
        .map((file) => `/proc/${pid}/${file}`)
        .filter((path) => existsSync(path))) {
        const text = readFileSync(name)
        for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const)
          assert.not.ok(text.includes(key.toString(form)))
      }
    }
  } finally {
    await supervisor.close({ force: 0 })
  }
})

test('supervisors share nothing', async () => {
  const options = { port: 0, count: 1, args: [folder], signals: false }
  const supervisors = await Promise.all([workers(APP, options), workers(APP, options)])
  try {
    const keys = await Promise.all(supervisors.map((supervisor) => ask(supervisor, '/key')))
    assert.is.not(keys[0]?.text, keys[1]?.text)
  } finally {
    await Promise.all(supervisors.map((supervisor) => supervisor.close({ force: 0 })))
  }
})

test.run()
