// Metrics as text, as scrapers read them.
import { metrics, Router, type Server, serve } from 'brink'
import { Hono } from 'hono'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ReadFamily, readMetrics, sumOf } from '../openmetrics.js'
import { get } from './messages.js'
import { ask, connect, leaveAll } from './raw_client.js'
import { counts, serving } from './serving.js'
import { until } from './waiting.js'

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

measured('refused clients are counted by code', async (server) => {
  const before = await scrape(server)
  const client = await connect(server)
  await client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n').response()
  await counts(server, { refused: 1 })
  const [code = ''] = Object.keys(server.stats().refusals)
  assert.is(sumOf(before, 'brink_http_refused_requests_total', { code }), 0)
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
