// `brink/target` as tests of clients use it.
import { type Target, type TargetOptions, target } from 'brink/target'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { ask, leaveAll } from '../server/raw_client.js'
import { within } from '../server/waiting.js'
import { rejectionOf } from './rejection_of.js'

async function using(options: TargetOptions, run: (t: Target) => Promise<void>): Promise<void> {
  const t = await target(options)
  try {
    await run(t)
  } finally {
    leaveAll()
    await within(t.close(), 'the target to close')
  }
}

test('a target listens at any free port, and tells its URL', () =>
  using({}, async (t) => {
    assert.ok(t.port > 0)
    assert.match(t.url, new RegExp(`^http://[^/]+:${t.port}$`))
    assert.is(await (await fetch(`${t.url}/plaintext`)).text(), 'Hello, World!')
  }))

test('its own routes are below /_brink/, beside the endpoints', () =>
  using({ host: '127.0.0.1' }, async (t) => {
    assert.is((await ask(t, get('/_brink/'))).status, 200)
    assert.is((await ask(t, get('/json'))).text, '{"message":"Hello, World!"}')
    assert.is((await ask(t, get('/_brink/missing'))).status, 404)
  }))

test('a target closes while an answer is late, and may be closed again', async () => {
  const t = await target({ host: '127.0.0.1' })
  const late = fetch(`${t.url}/delay/9000`).catch(() => 'cut')
  await ask(t, get('/plaintext'))
  const reports = await within(Promise.all([t.close({ force: 0 }), t.close()]), 'the target to close')
  assert.is(reports[0], reports[1])
  assert.is(await late, 'cut')
})

test('several targets in one process share nothing', () =>
  using({ host: '127.0.0.1' }, (one) =>
    using({ host: '127.0.0.1' }, async (other) => {
      assert.is.not(one.port, other.port)
      await ask(one, get('/plaintext'))
      assert.is(other.stats().requests, 0)
    }),
  ))

test('a port in use is an error with the code of Node', () =>
  using({ host: '127.0.0.1' }, async ({ port }) => {
    assert.is((await rejectionOf(target({ port, host: '127.0.0.1' }))).code, 'EADDRINUSE')
  }))

const wrong: [options: unknown, code: string, message: RegExp][] = [
  [8080, 'ERR_INVALID_ARG_TYPE', /^target\(\) takes its options as an object, not 8080\.$/],
  [{ prot: 1 }, 'ERR_INVALID_ARG_VALUE', /^The option "prot" of target\(\) does not exist: did you mean "port"\?$/],
  [{ port: 70_000 }, 'ERR_OUT_OF_RANGE', /^The option "port" must be .* from 0 to 65535/],
]
for (const [options, code, message] of wrong) {
  test(`target(${JSON.stringify(options)}) is refused with ${code}`, async () => {
    const error = await rejectionOf(target(options as TargetOptions))
    assert.is(error.code, code)
    assert.match(error.message, message)
  })
}

test.run()
