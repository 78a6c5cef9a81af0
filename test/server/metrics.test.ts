// Metrics as text, as scrapers read them.
import { HttpError, metrics, Router, type Server, serve } from 'brink'
import { Hono } from 'hono'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ReadFamily, readMetrics, sumOf } from '../openmetrics.js'
import { get, head, post } from './messages.js'
import { ask, connect, leaveAll } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, until } from './waiting.js'

const app = () => new Router().get('/', () => 'hello').get('/metrics', metrics())

async function scrape(server: { port: number }, path = '/metrics'): Promise<Map<string, ReadFamily>> {
  const answer = await ask(server, get(path, 'Accept: application/openmetrics-text;version=1.0.0'))
  assert.is(answer.status, 200, answer.text)
  return readMetrics(answer.text, 'openmetrics')
}

function measured(name: string, run: (server: Server) => Promise<void>, options = {}): void {
  test(name, () => serving(app(), run, options))
}

measured('metrics() answers in the format that Accept asks for', async (server) => {
  const forms: [accept: string, type: string][] = [
    ['', 'text/plain; version=0.0.4; charset=utf-8'],
    ['Accept: */*', 'text/plain; version=0.0.4; charset=utf-8'],
    ['Accept: text/plain', 'text/plain; version=0.0.4; charset=utf-8'],
    ['Accept: application/openmetrics-text', 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
    [
      'Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    ],
    ['Accept: application/openmetrics-text;q=0.2, text/plain;q=0.3', 'text/plain; version=0.0.4; charset=utf-8'],
    ['Accept: application/openmetrics-text;q=0', 'text/plain; version=0.0.4; charset=utf-8'],
  ]
  for (const [accept, type] of forms) {
    const answer = await ask(server, get('/metrics', ...(accept === '' ? [] : [accept])))
    assert.is(answer.header('content-type'), type, accept)
    assert.is(answer.header('cache-control'), 'no-store')
    readMetrics(answer.text, type.startsWith('text') ? 'prometheus' : 'openmetrics')
  }
})

measured('connections, requests and bytes are counted', async (server) => {
  const client = await connect(server)
  await client.send(get('/'), get('/')).receive(2)
  const families = await scrape(server)
  assert.ok(sumOf(families, 'brink_connections_open') >= 1)
  assert.ok(sumOf(families, 'brink_connections_accepted_total') >= 2)
  assert.ok(sumOf(families, 'brink_http_received_requests_total') >= 2)
  assert.ok(sumOf(families, 'brink_received_bytes_total') >= 2 * get('/').length)
  assert.ok(sumOf(families, 'brink_sent_bytes_total') > 100)
  assert.ok(sumOf(families, 'brink_batches_total') >= 1)
  assert.is(sumOf(families, 'brink_server_ready'), 1)
  const loops = families.get('brink_connections_open')?.samples.map(({ labels }) => labels.loop)
  assert.equal(
    loops,
    Array.from({ length: Math.max(1, server.threads) }, (_, loop) => `${loop}`),
  )
})

const SLOW_MS = 60
const opened = gate()
let isWaiting = false

const routes = () =>
  new Router()
    .get('/users/:id', ({ params }) => params.id)
    .post('/users/:id', () => null)
    .get('/quoted"\\', () => 'quoted')
    .get('/slow', async () => {
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
      return 'slow'
    })
    .get('/wait', async () => {
      isWaiting = true
      await opened.opened
      return 'waited'
    })
    .all('/any', () => 'any')
    .fixed('/fixed', 'fixed')
    .mount(
      '/inner',
      new Router().get('/throws', () => {
        throw new HttpError(409)
      }),
    )
    .get('/metrics', metrics())

/** Requests by route, method and status, without those of the metrics. */
async function requestsBy(server: Server): Promise<Record<string, number>> {
  const samples = (await scrape(server)).get('brink_http_requests')?.samples ?? []
  const told = samples.filter(({ labels }) => labels.route !== '/metrics')
  return Object.fromEntries(told.map(({ labels, value }) => [Object.values(labels).join(' '), value]))
}

test('requests are counted by route, method and class of status', () =>
  serving(
    routes(),
    async (server) => {
      const client = await connect(server)
      const paths = [
        '/users/1',
        '/users/2',
        '/users/3?a=b',
        '/quoted%22%5C',
        '/fixed',
        '/inner/throws',
        '/unknown',
        '/any',
      ]
      const posted = ['/users/1', '/any', '/fixed'].map((path) => post(path, 'body'))
      for (const request of [...paths.map((path) => get(path)), ...posted]) await client.send(request).response()
      await client.send(head('HEAD', '/users/4')).response('HEAD')
      await client.send(head('PROPFIND', '/any')).response()
      await (await connect(server)).send('nonsense\r\n\r\n').response()
      const expected = {
        '/users/:id GET 2xx': 3,
        '/users/:id HEAD 2xx': 1,
        '/users/:id POST 2xx': 1,
        '/quoted%22%5C GET 2xx': 1,
        '/fixed GET 2xx': 1,
        '/inner/throws GET 4xx': 1,
        '/any GET 2xx': 1,
        '/any POST 2xx': 1,
        '/any other 2xx': 1,
        ' GET 4xx': 1,
        ' POST 4xx': 1,
        ' other 4xx': 1,
      }
      const isCounted = async () => Object.values(await requestsBy(server)).reduce((sum, count) => sum + count, 0) >= 14
      await until(isCounted, 'all are counted')
      assert.equal(sorted(await requestsBy(server)), sorted(expected))
    },
    { metrics: true },
  ))

function sorted(counts: Record<string, number>): [string, number][] {
  return Object.entries(counts).sort()
}

test('durations are counted by route', () =>
  serving(
    routes(),
    async (server) => {
      await ask(server, get('/slow'))
      const name = 'brink_http_request_duration_seconds'
      const route = { route: '/slow' }
      await until(async () => sumOf(await scrape(server), `${name}_count`, route) === 1, 'it is counted')
      const families = await scrape(server)
      assert.ok(sumOf(families, `${name}_sum`, route) >= (SLOW_MS - 2) / 1000)
      assert.is(sumOf(families, `${name}_bucket`, { ...route, le: '0.049152' }), 0)
      assert.is(sumOf(families, `${name}_bucket`, { ...route, le: '+Inf' }), 1)
    },
    { metrics: true },
  ))

test('without the option, requests are counted by route from the first call on', () =>
  serving(routes(), async (server) => {
    await ask(server, get('/users/1'))
    assert.equal(await requestsBy(server), {})
    await until(async () => {
      await ask(server, get('/users/2'))
      return ((await requestsBy(server))['/users/:id GET 2xx'] ?? 0) > 0
    }, 'it counts')
  }))

test('requests that are shed are counted by their routes', () =>
  serving(
    routes(),
    async (server) => {
      const client = await connect(server)
      client.send(get('/wait'))
      await until(() => isWaiting, 'its handler has begun')
      assert.is((await ask(server, get('/users/1'))).status, 503)
      opened.open()
      await client.response()
      await until(async () => (await requestsBy(server))['/users/:id GET 5xx'] === 1, 'it is counted')
    },
    { metrics: true, maxInFlight: 1 },
  ))

test('batches are counted by their requests', () =>
  serving(
    routes(),
    async (server) => {
      const client = await connect(server)
      await client.send(...Array.from({ length: 8 }, () => get('/users/1'))).receive(8)
      const families = await scrape(server)
      assert.ok(sumOf(families, 'brink_batch_requests_count') >= 1)
      assert.ok(sumOf(families, 'brink_batch_requests_sum') >= 8)
    },
    { metrics: true },
  ))

measured('refused clients are counted by code', async (server) => {
  const before = await scrape(server)
  const client = await connect(server)
  await client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n').response()
  await counts(server, { refused: 1 })
  const [code = ''] = Object.keys(server.stats().refusals)
  assert.is(sumOf(before, 'brink_http_refused_requests_total', { code }), 0)
  assert.not(before.get('brink_http_refused_requests')?.samples.some(({ labels }) => labels.code === ''))
  assert.is(sumOf(await scrape(server), 'brink_http_refused_requests_total', { code, kind: 'refused' }), 1)
})

measured('the delay of the event loop is measured from the first call on', async (server) => {
  await server.metrics()
  await until(
    async () => sumOf(await scrape(server), 'brink_event_loop_delay_seconds_count') > 0,
    'it has measured the event loop',
  )
})

measured('the process is measured, unless it is left out', async (server) => {
  const families = readMetrics(await server.metrics(), 'openmetrics')
  for (const name of ['process_cpu_seconds', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes']) {
    assert.ok((families.get(name)?.samples[0]?.value ?? 0) > 0, name)
  }
  const own = readMetrics(await server.metrics({ process: false, format: 'prometheus' }), 'prometheus')
  assert.equal(
    [...own.keys()].filter((name) => !name.startsWith('brink_')),
    [],
  )
})

if (process.platform === 'linux') {
  measured('connections that wait to be accepted are counted by port', async (server) => {
    // The event loop of this process is that of the server, unless it has threads.
    const families = await scrape(server)
    const queue = families.get('brink_accept_queue_connections')?.samples
    assert.equal(
      queue?.map(({ labels }) => labels),
      [{ port: `${server.port}` }],
    )
    assert.ok(families.has('brink_listen_overflows'))
    assert.ok(families.has('brink_listen_drops'))
  })
}

test('metrics of another server, and of a fetch app', async () => {
  const hono = new Hono().get('/', (context) => context.text('hello'))
  hono.mount('/internal', new Router().get('/metrics', metrics()).fetch)
  const server = await serve(hono, { port: 0 })
  try {
    await ask(server, get('/'))
    assert.ok(sumOf(await scrape(server, '/internal/metrics'), 'brink_http_received_requests_total') >= 1)
    await serving(new Router().get('/metrics', metrics(server)), async (admin) => {
      assert.ok(sumOf(await scrape(admin), 'brink_http_received_requests_total') >= 2)
    })
  } finally {
    leaveAll()
    await server.close({ force: 0 })
  }
})

test('without a server there are no metrics', async () => {
  const response = await app().request('/metrics')
  assert.is(response.status, 503)
})

test.run()
