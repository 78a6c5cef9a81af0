// What the limits of a target bound, and that each target has its own.
import { target } from 'brink/target'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from '../server/messages.js'
import { ask, connect } from '../server/raw_client.js'
import { onTarget, SMALL } from './contract.js'

test('several targets in a process share nothing', () =>
  onTarget({ host: '127.0.0.1', limits: { maxResponseSize: 10, hostname: 'one' } }, (one) =>
    onTarget({ host: '127.0.0.1', limits: { maxResponseSize: 20, hostname: 'two' } }, async (two) => {
      for (let round = 0; round < 3; round += 1) {
        assert.is((await ask(one, get('/bytes/15'))).status, 400)
        assert.is((await ask(two, get('/bytes/15'))).status, 200)
        assert.match((await ask(one, get('/hostname'))).text, /"one"/)
        assert.match((await ask(two, get('/hostname'))).text, /"two"/)
      }
    }),
  ))

test('what one client has asked for is not shown to another', () =>
  onTarget(SMALL, async (t) => {
    // The same fields, so that what was made of them is used again; and others.
    for (let round = 0; round < 4; round += 1) {
      for (const [name, path] of [
        ['a', '/get?one'],
        ['b', '/get?two'],
        ['c', '/headers'],
      ] as const) {
        const told = await ask(t, get(path, `X-Name: ${name}`, 'Accept: */*'))
        assert.match(told.text, new RegExp(`"X-Name": \\[\\s+"${name}"\\s+\\]`))
        if (path.startsWith('/get')) assert.ok(told.text.includes(`"url": "http://brink${path}"`))
      }
    }
  }))

test('a body that is announced too large is refused before it is sent', () =>
  onTarget({ host: '127.0.0.1', limits: { maxBodySize: 100, maxUploadSize: 1000 } }, async (t) => {
    for (const [path, size] of [
      ['/post', 101],
      ['/echo', 101],
      ['/baseline11', 101],
      ['/upload', 1001],
    ] as const) {
      const client = (await connect(t)).send(head('POST', path, 'Expect: 100-continue', `Content-Length: ${size}`))
      assert.is((await client.response()).status, 413, path)
    }
    const client = await connect(t)
    client.send(head('POST', '/upload', 'Content-Length: 1000'), Buffer.alloc(1000))
    assert.match((await client.response()).text, /"bytes_received": 1000/)
  }))

test('what a client writes is read in a time by its length alone', () =>
  onTarget(SMALL, async (t) => {
    const spaces = ' '.repeat(12_000)
    const begin = process.cpuUsage()
    for (const [path, field, status] of [
      ['/cookies', `Cookie: a;${spaces}b`, 200],
      ['/cookies', `Cookie: a${spaces}b`, 200],
      ['/bearer', `Authorization: Bearer a${spaces}b`, 401],
      ['/basic-auth/a/b', `Authorization: Basic a${spaces}b`, 401],
      ['/digest-auth/auth/a/b', `Authorization: Digest ${'a'.repeat(12_000)}`, 401],
      [`/delay/${'1'.repeat(7_000)}x`, 'Accept: */*', 400],
      [`/delay/${'1'.repeat(7_000)}`, 'Accept: */*', 400],
    ] as const) {
      for (let round = 0; round < 5; round += 1)
        assert.is((await ask(t, get(path, field))).status, status, path.slice(0, 20))
    }
    const { user, system } = process.cpuUsage(begin)
    assert.ok(user + system < 1_000_000, `${user + system} µs of CPU time`)
  }))

test('a wrong limit is refused before the target listens', async () => {
  const error = await target({ limits: { maxCount: 0 } }).catch((thrown: Error & { code?: string }) => thrown)
  assert.is((error as { code?: string }).code, 'ERR_OUT_OF_RANGE')
})

test('the limits of the server may be above those of the endpoints', () =>
  onTarget({ host: '127.0.0.1', bodyLimit: 50 }, async (t) => {
    const client = (await connect(t)).send(head('POST', '/post', 'Content-Length: 51'), Buffer.alloc(51))
    assert.is((await client.response()).status, 413)
  }))

test.run()
