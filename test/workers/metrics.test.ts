// Metrics and health of an app in several processes.
import { fileURLToPath } from 'node:url'
import { health, metrics, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ReadFamily, readMetrics, sumOf } from '../openmetrics.js'
import { get } from '../server/messages.js'
import { runBrink } from '../server/programs.js'
import { ask, connect, leaveAll } from '../server/raw_client.js'
import { until } from '../server/waiting.js'
import { type Supervised, supervised } from './supervising.js'

test.after(leaveAll)

async function told({ supervisor }: Pick<Supervised, 'supervisor'>): Promise<Map<string, ReadFamily>> {
  return readMetrics(await supervisor.metrics(), 'openmetrics')
}

const REQUESTS = 'brink_http_received_requests_total'

test('the supervisor has the metrics of all workers, with their numbers', async () => {
  await supervised({ count: 2 }, async (it) => {
    const { supervisor } = it
    for (let number = 0; number < 20; number += 1) await ask(supervisor, get('/'))
    const families = await told(it)
    assert.is(sumOf(families, REQUESTS), 20)
    const { workers } = await supervisor.stats()
    for (const { slot, stats } of workers) {
      assert.is(sumOf(families, REQUESTS, { worker: `${slot}`, loop: '0' }), stats?.requests)
      assert.ok(sumOf(families, 'process_resident_memory_bytes', { worker: `${slot}` }) > 0)
    }
    assert.is(families.get('process_cpu_seconds')?.samples.length, 2)
    // All see the same kernel.
    if (process.platform === 'linux') assert.is(families.get('brink_listen_drops')?.samples.length, 1)
    assert.throws(() => supervisor.metrics({ format: 'x' as never }), /"format" must be openmetrics or prometheus/)
  })
})

test("a worker's handler gives the metrics of all", async () => {
  await supervised({ count: 2 }, async ({ supervisor }) => {
    for (let number = 0; number < 10; number += 1) await ask(supervisor, get('/'))
    const answer = await ask(supervisor, get('/metrics', 'Accept: application/openmetrics-text'))
    const families = readMetrics(answer.text, 'openmetrics')
    assert.is(sumOf(families, REQUESTS), 11)
    assert.equal(
      new Set(families.get('process_cpu_seconds')?.samples.map(({ labels }) => labels.worker)),
      new Set(['0', '1']),
    )
    readMetrics((await ask(supervisor, get('/metrics'))).text, 'prometheus')
  })
})

test('counters do not fall when workers are replaced or die', async () => {
  await supervised({ count: 2 }, async (it) => {
    const { supervisor, pids } = it
    for (let number = 0; number < 10; number += 1) await ask(supervisor, get('/'))
    assert.is(sumOf(await told(it), REQUESTS), 10)
    for (let number = 0; number < 5; number += 1) await ask(supervisor, get('/'))
    const before = pids()
    await supervisor.reload()
    await until(() => !pids().some((pid) => before.includes(pid)), 'the old ones have ended')
    assert.is(sumOf(await told(it), REQUESTS), 15)
    for (let number = 0; number < 3; number += 1) await ask(supervisor, get('/'))
    assert.is(sumOf(await told(it), REQUESTS), 18)
    const [first = 0] = pids()
    process.kill(first, 'SIGKILL')
    await until(() => !pids().includes(first) && pids().length === 2 && supervisor.ready, 'it is replaced')
    assert.is(sumOf(await told(it), REQUESTS), 18)
  })
})

test('a worker that does not answer is told as it was last', async () => {
  await supervised({ count: 1 }, async (it) => {
    await ask(it.supervisor, get('/'))
    assert.is(sumOf(await told(it), REQUESTS), 1)
    const blocked = await connect(it.supervisor)
    blocked.send(get('/block'))
    await until(() => it.signs.has('blocks'), 'it is blocked')
    const { workers } = await it.supervisor.stats()
    assert.is(workers[0]?.stats, undefined)
    assert.is(sumOf(await told(it), REQUESTS), 1)
    it.signs.give('go')
    await blocked.response()
    assert.is(sumOf(await told(it), REQUESTS), 2)
  })
})

test('health and metrics of a supervisor on a port of their own', async () => {
  await supervised({ count: 1 }, async ({ supervisor, pids, signs }) => {
    const admin = await serve(health(supervisor).get('/metrics', metrics(supervisor)), { port: 0 })
    try {
      assert.is((await ask(admin, get('/ready'))).status, 200)
      const families = readMetrics((await ask(admin, get('/metrics'))).text, 'prometheus')
      assert.is(sumOf(families, 'brink_server_ready', { worker: '0' }), 1)
      // Its successor does not come to listen.
      signs.give('idles')
      process.kill(pids()[0] as number, 'SIGKILL')
      await until(async () => (await ask(admin, get('/ready'))).status === 503, 'nobody serves')
      assert.is((await ask(admin, get('/live'))).status, 200)
    } finally {
      await admin.close({ force: 0 })
    }
  })
})

test('a reload makes no worker unready for those who ask it', async () => {
  await supervised({ count: 1, readinessDelay: 60_000 }, async ({ supervisor, pids }) => {
    const before = pids()
    await supervisor.reload()
    await until(() => !pids().some((pid) => before.includes(pid)), 'the old one has ended')
    assert.is((await ask(supervisor, get('/ready'))).status, 200)
  })
})

test('brink --workers has the metrics of all on its --admin-port', async () => {
  const routes = fileURLToPath(new URL('../../routes', import.meta.url))
  const program = runBrink([routes, '--port', '0', '--workers', '2', '--admin-port', '0'])
  const [, port] = await program.says(/^brink listening on http:\/\/\S+:(\d+) /m)
  const [, admin] = await program.says(/^brink metrics and health on http:\/\/\S+:(\d+)$/m)
  for (let number = 0; number < 5; number += 1) await ask({ port: Number(port) }, get('/plaintext'))
  const families = readMetrics((await ask({ port: Number(admin) }, get('/metrics'))).text, 'prometheus')
  assert.is(sumOf(families, REQUESTS), 5)
  assert.is(families.get('brink_server_ready')?.samples.length, 2)
  assert.is((await ask({ port: Number(admin) }, get('/ready'))).status, 200)
  program.child.kill('SIGTERM')
  assert.is(await program.ended(), 0, program.errors())
})

test.run()
