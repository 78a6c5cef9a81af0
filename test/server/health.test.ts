// Liveness and readiness, as probes see them.
import { type Health, type HealthOptions, health, Router, type Server, serve } from 'brink'
import { Hono } from 'hono'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { closed, LONG_MS } from './drains.js'
import { get } from './messages.js'
import { ask, leaveAll } from './raw_client.js'
import { serving } from './serving.js'
import { gate, until } from './waiting.js'

interface Told {
  readonly status: number
  readonly body: unknown
}

async function probe(server: { port: number }, path = '/ready'): Promise<Told> {
  const answer = await ask(server, get(path))
  assert.is(answer.header('cache-control'), 'no-store')
  assert.match(answer.header('content-type') ?? '', /^application\/json/)
  return { status: answer.status, body: JSON.parse(answer.text) }
}

function healthy(name: string, options: HealthOptions, run: (server: Server) => Promise<void>): void {
  test(name, () => serving(new Router().get('/', () => 'app').mount('/', health(options)), run))
}

healthy('/live and /ready answer 200 with a status in JSON', {}, async (server) => {
  assert.equal(await probe(server, '/live'), { status: 200, body: { status: 'ok' } })
  assert.equal(await probe(server), { status: 200, body: { status: 'ok' } })
  assert.is((await ask(server, get('/'))).text, 'app')
  assert.is((await ask(server, get('/unknown'))).status, 404)
})

healthy('/ready is 503 from the call of close() on, while the app is served as before', {}, async (server) => {
  const closing = server.close({ readinessDelay: LONG_MS })
  assert.equal(await probe(server), { status: 503, body: { status: 'closing' } })
  assert.equal(await probe(server, '/live'), { status: 200, body: { status: 'ok' } })
  const answer = await ask(server, get('/'))
  assert.equal([answer.status, answer.header('connection')], [200, 'keep-alive'])
  leaveAll()
  void server.close({ force: 0 })
  await closed(closing)
})

test('a server on another port answers for the app', async () => {
  const app = await serve(() => 'app', { port: 0 })
  const other = await serve(() => 'other', { port: 0 })
  try {
    await serving(health([app, other]), async (admin) => {
      assert.is((await probe(admin)).status, 200)
      await other.close({ force: 0 })
      assert.equal(await probe(admin), { status: 503, body: { status: 'closing' } })
    })
    await serving(health(app), async (admin) => assert.is((await probe(admin)).status, 200))
  } finally {
    await app.close({ force: 0 })
  }
})

test('its handlers stand at any path, also in a fetch app', async () => {
  const { live, ready } = health()
  await serving(new Router().get('/healthz', live).get('/readyz', ready), async (server) => {
    assert.is((await probe(server, '/healthz')).status, 200)
    assert.is((await probe(server, '/readyz')).status, 200)
  })
  const hono = new Hono().mount('/health', health().fetch)
  const server = await serve(hono, { port: 0 })
  assert.equal(await probe(server, '/health/ready'), { status: 200, body: { status: 'ok' } })
  const closing = server.close({ readinessDelay: LONG_MS })
  assert.equal(await probe(server, '/health/ready'), { status: 503, body: { status: 'closing' } })
  leaveAll()
  void server.close({ force: 0 })
  await closed(closing)
})

const failing = () => {
  throw new Error('password of db is hunter2')
}

healthy(
  'a check that fails is told by its name alone',
  { checks: { db: failing, queue: async () => false, cache: () => true, disk: async () => {} } },
  async (server) => {
    const checks = {
      db: { status: 'failing' },
      queue: { status: 'failing' },
      cache: { status: 'ok' },
      disk: { status: 'ok' },
    }
    assert.equal(await probe(server), { status: 503, body: { status: 'failing', checks } })
    assert.is((await probe(server, '/live')).status, 200)
  },
)

healthy('why it fails is told where it may be', { checks: { db: failing }, expose: true }, async (server) => {
  const checks = { db: { status: 'failing', error: 'password of db is hunter2' } }
  assert.equal(await probe(server), { status: 503, body: { status: 'failing', checks } })
})

let calls = 0
const opened = gate()
healthy(
  'however many ask, a check runs once at a time, and its outcome is kept',
  {
    cache: LONG_MS,
    timeout: LONG_MS,
    checks: {
      slow: async () => {
        calls += 1
        await opened.opened
      },
    },
  },
  async (server) => {
    const probes = Array.from({ length: 20 }, () => probe(server))
    await until(() => server.stats().requests >= 20, 'all probes have arrived')
    opened.open()
    for (const { status } of await Promise.all(probes)) assert.is(status, 200)
    assert.is((await probe(server)).status, 200)
    assert.is(calls, 1)
  },
)

const signals: AbortSignal[] = []
const hung = gate()
healthy(
  'a check that hangs fails when its time is over, and is not run again until it has ended',
  {
    cache: 0,
    checks: {
      fast: () => {},
      slow: {
        timeout: 30,
        check: async (signal) => {
          signals.push(signal)
          await hung.opened
        },
      },
    },
  },
  async (server) => {
    for (let time = 0; time < 3; time += 1) {
      const checks = { fast: { status: 'ok' }, slow: { status: 'timeout' } }
      assert.equal(await probe(server), { status: 503, body: { status: 'failing', checks } })
    }
    assert.is(signals.length, 1)
    assert.ok(signals[0]?.aborted)
    hung.open()
    await until(async () => (await probe(server)).status === 200, 'it is ready again')
    assert.is(signals.length, 2)
  },
)

let isUp = false
healthy('without a cache each probe asks anew', { cache: 0, checks: { db: () => isUp } }, async (server) => {
  assert.is((await probe(server)).status, 503)
  isUp = true
  assert.is((await probe(server)).status, 200)
})

test('without a server, as in tests of an app, it is ready', async () => {
  const app: Health = health({ checks: { db: () => true } })
  const response = await app.request('/ready')
  assert.equal([response.status, await response.json()], [200, { status: 'ok', checks: { db: { status: 'ok' } } }])
})

test.run()
