// Files that are larger than what a socket takes, while they are sent.
import { readdirSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { files, Router, type Server } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { get, noise } from './messages.js'
import { ask, connect, type RawClient } from './raw_client.js'
import { serving } from './serving.js'
import { until } from './waiting.js'

/** More than the system's buffers of a connection take. */
const SIZE = 24 * 1024 * 1024
const content = noise(SIZE)
const PARTS = 'Range: bytes=0-500000000,600000000-'
const BEGINNING = 100_000

/** Serves a folder with a large file, to a client that has asked for it and takes nothing yet. */
function sending(
  name: string,
  use: (client: RawClient, folder: string, server: Server) => Promise<void>,
  target = '/large',
): void {
  test(name, async () => {
    const folder = fileTree({ small: 'small' })
    writeFileSync(join(folder, 'large'), content)
    await serving(new Router().get('/*', files(folder)), async (server) => {
      const client = (await connect(server)).pause().send(get(target))
      await until(() => server.stats().bytesOut > BEGINNING, 'the file is on its way')
      await use(client, folder, server)
    })
  })
}

sending('a client that takes its time gets all of it, and keeps nobody waiting', async (client, _, server) => {
  for (let round = 0; round < 20; round += 1) assert.is((await ask(server, get('/small'))).text, 'small')
  const answer = await client.resume().response()
  assert.is(answer.header('content-length'), String(SIZE))
  assert.ok(content.equals(answer.body))
  assert.is((await client.send(get('/small')).response()).text, 'small')
})

sending('a file that is deleted or replaced is sent as it was', async (client, folder, server) => {
  writeFileSync(join(folder, 'other'), 'another one')
  renameSync(join(folder, 'other'), join(folder, 'large'))
  assert.is((await ask(server, get('/large'))).text, 'another one')
  unlinkSync(join(folder, 'large'))
  assert.ok(content.equals((await client.resume().response()).body))
})

sending('a file that shrinks breaks the connection, and nothing else', async (client, folder, server) => {
  truncateSync(join(folder, 'large'), 1000)
  const ending = client
    .resume()
    .response()
    .then(
      () => 'an answer',
      (error: Error) => error.message,
    )
  assert.match(await ending, /^(fin|reset) after 0 of 1 responses/)
  assert.is((await ask(server, get('/small'))).text, 'small')
  assert.is((await ask(server, get('/large'))).body.length, 1000)
})

test('a range that is large, and several of them, come whole', async () => {
  const folder = fileTree({ large: content })
  await serving(new Router().get('/*', files(folder)), async (server) => {
    const middle = await ask(server, get('/large', `Range: bytes=1000-${SIZE - 1001}`))
    assert.is(middle.status, 206)
    assert.ok(content.subarray(1000, SIZE - 1000).equals(middle.body))
    const half = SIZE / 2
    const parts = await ask(server, get('/large', `Range: bytes=${half}-${SIZE - 1},0-${half - 2}`))
    const [first = '', second = ''] = parts.body.toString('latin1').split('\r\n\r\n').slice(1)
    assert.ok(parts.body.length > SIZE - 1)
    assert.ok(parts.body.includes(content.subarray(half, half + 5000)))
    assert.ok(first.length > 0 && second.length > 0)
  })
})

test('files cost no memory, and clients that leave no descriptor', async () => {
  if (process.platform !== 'linux') return
  const folder = fileTree({ small: 'small' })
  writeFileSync(join(folder, 'large'), '')
  truncateSync(join(folder, 'large'), 1024 * 1024 * 1024)
  const descriptors = () => readdirSync('/proc/self/fd').length
  await serving(new Router().get('/*', files(folder)), async (server) => {
    await ask(server, get('/small'))
    await until(() => server.stats().open === 0, 'the first client is gone')
    const before = descriptors()
    const memory = process.memoryUsage().rss
    const clients = await Promise.all(Array.from({ length: 30 }, () => connect(server)))
    for (const [place, client] of clients.entries())
      client.pause().send(get('/large', ...(place % 2 === 0 ? [] : [PARTS])))
    await until(() => server.stats().bytesOut > clients.length * BEGINNING, 'the files are on their way')
    const grown = process.memoryUsage().rss - memory
    assert.ok(grown < 128 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MiB for 30 clients`)
    for (const client of clients) client.crash()
    await until(() => descriptors() <= before, 'the descriptors are closed')
  })
})

test('a client that was sent a large file makes the system keep no more of a later answer', async () => {
  const folder = fileTree({})
  writeFileSync(join(folder, 'file'), content.subarray(0, 200_000))
  const app = new Router().get('/body', () => content).get('/*', files(folder))
  /** How much of an answer from memory the system takes for a client that reads nothing of it. */
  const taken = async (server: Server, client: RawClient): Promise<number> => {
    const before = server.stats().bytesOut
    client.pause().send(get('/body'))
    let last = -1
    for (let quiet = 0; quiet < 20; quiet += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      const now = server.stats().bytesOut - before
      if (now !== last || now === 0) quiet = 0
      last = now
    }
    client.leave()
    return last
  }
  await serving(app, async (server) => {
    const fresh = await taken(server, await connect(server))
    const client = await connect(server)
    assert.is((await client.send(get('/file')).response()).body.length, 200_000)
    const later = await taken(server, client)
    assert.ok(later < fresh + 1_500_000, `${later} bytes behind a file, ${fresh} on a fresh connection`)
  })
})

test.run()
