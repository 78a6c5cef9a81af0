// Who may use what a target has below /_brink/.
import { type TargetOptions, target } from 'brink/target'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { connect } from '../server/raw_client.js'
import { within } from '../server/waiting.js'
import { rejectionOf } from './rejection_of.js'

const TOKEN = 'open sesame: ü'
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

const READ = ['/', '/live.js', '/stats', '/metrics', '/histogram', '/plan', '/plan/schema'] as const
const ORDERS = [
  ['POST', '/plan'],
  ['DELETE', '/plan'],
  ['POST', '/reset'],
] as const

interface Case {
  readonly control?: TargetOptions['control']
  readonly headers?: Record<string, string>
  /** The statuses of reading and of orders; undefined where they are done. */
  readonly refused: readonly [reading: number | undefined, orders: number | undefined]
}

const cases: Record<string, Case> = {
  'everybody, by default': { refused: [undefined, undefined] },
  'everybody reads': { control: 'read', refused: [undefined, 403] },
  'a client on this machine': { control: 'loopback', refused: [undefined, undefined] },
  'a client behind a proxy on this machine': {
    control: 'loopback',
    headers: { 'x-forwarded-for': '192.0.2.1' },
    refused: [403, 403],
  },
  'one that claims to be on this machine': {
    control: 'loopback',
    headers: { forwarded: 'for=127.0.0.1' },
    refused: [403, 403],
  },
  nobody: { control: 'none', refused: [404, 404] },
  'one without a token': { control: { token: TOKEN }, refused: [401, 401] },
  'one with another token': {
    control: { token: TOKEN },
    headers: { authorization: basic('any:open sesame') },
    refused: [401, 401],
  },
  'one with the token as the name': {
    control: { token: TOKEN },
    headers: { authorization: basic(`${TOKEN}:`) },
    refused: [401, 401],
  },
  'one with nonsense': { control: { token: TOKEN }, headers: { authorization: 'Basic %%%' }, refused: [401, 401] },
  'one with the token as the password': {
    control: { token: TOKEN },
    headers: { authorization: basic(`any:${TOKEN}`) },
    refused: [undefined, undefined],
  },
  'one with the token as a Bearer': {
    control: { token: 'a-long-token' },
    headers: { authorization: 'bearer a-long-token' },
    refused: [undefined, undefined],
  },
}

test('on this machine alone, the target takes no orders under a name that others have given it', async () => {
  const t = await target({ host: '127.0.0.1', control: 'loopback' })
  try {
    for (const [host, status] of [
      ['rebound.example', 403],
      ['127.0.0.1.rebound.example:80', 403],
      ['localhost.', 403],
      ['localhost', 200],
      ['Target.localhost:8080', 200],
      ['127.0.0.1:1', 200],
      ['[::1]:80', 200],
    ] as const) {
      const client = await connect(t)
      client.send(`GET /_brink/stats HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      assert.is((await client.response()).status, status, host)
      client.leave()
    }
  } finally {
    await t.close()
  }
})

for (const [who, { control, headers = {}, refused }] of Object.entries(cases)) {
  test(`/_brink/ for ${who}`, async () => {
    const t = await target({ host: '127.0.0.1', fault: 'delay=0ms', control })
    try {
      const status = async (method: string, path: string) => {
        const answer = await fetch(`${t.url}/_brink${path}`, { method, headers })
        await answer.arrayBuffer()
        if (answer.status === 401) assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic realm=/)
        return answer.status
      }
      const [reading, orders] = refused
      for (const path of READ) assert.is(await status('GET', path), reading ?? 200, path)
      const live = await fetch(`${t.url}/_brink/live`, { headers })
      assert.is(live.status, reading ?? 200)
      await live.body?.cancel()
      for (const [method, path] of ORDERS) {
        // A plan is begun again, and only then ended.
        const given = await status(method, path)
        if (orders === undefined) assert.ok(given < 300, `${method} ${path}: ${given}`)
        else assert.is(given, orders, `${method} ${path}`)
      }
      assert.is(t.plan().state, orders === undefined ? 'none' : 'running')
      assert.is((await fetch(`${t.url}/plaintext`)).status, 200)
    } finally {
      await within(t.close(), 'the target to close')
    }
  })
}

for (const [control, code, message] of [
  [
    'some',
    'ERR_INVALID_ARG_VALUE',
    /^The option "control" must be all, read, loopback, none or \{ token \}, not 'some'\.$/,
  ],
  [true, 'ERR_INVALID_ARG_TYPE', /^The option "control" must be 'all', 'read'/],
  [{}, 'ERR_INVALID_ARG_TYPE', /^The option "control\.token" must be a string/],
  [{ token: 'short' }, 'ERR_INVALID_ARG_VALUE', /^The option "control\.token" must have at least 8 characters/],
  [{ tokens: [] }, 'ERR_INVALID_ARG_VALUE', /did you mean "token"/],
] as const) {
  test(`control: ${JSON.stringify(control)} is refused`, async () => {
    const error = await rejectionOf(target({ control: control as never }))
    assert.is(error.code, code)
    assert.match(error.message, message)
  })
}

test.run()
