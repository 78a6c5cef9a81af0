// Worker threads that end while they serve: by terminate() or process.exit(), idle and busy. The process must not notice.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Router, serve } from 'brink'
import * as assert from 'uvu/assert'
import { get, noise } from '../server/messages.js'
import { ask, connect, leaveAll, type RawClient } from '../server/raw_client.js'
import { until, within } from '../server/waiting.js'

const ROUNDS = 4

let passed = 0
let failed = 0

async function check(what: string, test: () => Promise<void>): Promise<void> {
  try {
    for (let round = 0; round < ROUNDS; round += 1) await test()
    passed += 1
  } catch (error) {
    failed += 1
    console.log(`FAIL ${what}: ${(error as Error).stack}`)
  }
  leaveAll()
}

async function start(settings: object = {}): Promise<{ worker: Worker; ports: number[] }> {
  const workerData = { servers: 1, ...settings }
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData })
  const [ports] = (await within(once(worker, 'message'), 'the worker to listen')) as [number[]]
  return { worker, ports }
}

async function gone(clients: readonly RawClient[]): Promise<void> {
  for (const client of clients) await until(() => client.resume().ending !== undefined, 'the connection has ended')
}

await check('an idle worker that is terminated', async () => {
  const { worker, ports } = await start()
  const client = await connect({ port: ports[0] as number })
  assert.is((await client.send(get('/')).response()).text, 'Hello')
  await within(worker.terminate(), 'the worker to end')
  await gone([client])
})

await check('a worker with several servers of several threads that is terminated', async () => {
  const { worker, ports } = await start({ servers: 3, threads: 2 })
  for (const port of ports) assert.is((await ask({ port }, get('/'))).text, 'Hello')
  await within(worker.terminate(), 'the worker to end')
})

await check('a busy worker that is terminated', async () => {
  const { worker, ports } = await start()
  const asked = [get('/made'), get('/large'), get('/never'), get('/raw', 'Connection: Upgrade', 'Upgrade: raw')]
  const clients = await Promise.all(Array.from({ length: 16 }, () => connect({ port: ports[0] as number })))
  clients.forEach((client, index) => {
    client.send(asked[index % 4] as string)
    if (index % 4 === 3) client.send(noise(10_000))
    if (index % 8 === 1) client.pause()
  })
  for (const client of clients.filter((_, index) => index % 4 === 0)) await client.touched()
  await within(worker.terminate(), 'the worker to end')
  await gone(clients)
})

await check('a worker whose handler exits', async () => {
  const { worker, ports } = await start()
  const ended = once(worker, 'exit')
  const client = (await connect({ port: ports[0] as number })).send(get('/exit'))
  await within(ended, 'the worker to end')
  await gone([client])
})

await check('a server beside workers that end', async () => {
  const server = await serve(
    new Router().get('/', () => 'still here'),
    { port: 0, host: '127.0.0.1' },
  )
  const { worker } = await start()
  await within(worker.terminate(), 'the worker to end')
  assert.is((await ask(server, get('/'))).text, 'still here')
  await server.close()
})

// What was freed too early often shows only when the process ends: it does so with a server open.
await serve(new Router(), { port: 0 })
console.log(`${passed} passed, ${failed} failed`)
process.exit()
