// Several servers in a process: side by side, and one in each of several worker threads.
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, noise, post } from './messages.js'
import { ask, connect, leaveAll, type RawClient } from './raw_client.js'
import { counts, serving } from './serving.js'
import { until, within } from './waiting.js'

test('two servers in a process answer each for itself', () =>
  serving(
    () => 'first',
    (first) =>
      serving(
        () => 'second',
        async (second) => {
          assert.is.not(first.port, second.port)
          for (let round = 0; round < 20; round += 1) {
            const answers = await Promise.all([first, second].map((server) => ask(server, get())))
            assert.equal(
              answers.map(({ text }) => text),
              ['first', 'second'],
            )
          }
          await counts(first, { requests: 20 })
          await counts(second, { requests: 20 })
        },
      ),
  ))

test('closing one of two servers leaves the other alone', () =>
  serving(
    () => 'stays',
    async (stays) => {
      const client = await connect(stays)
      assert.is((await client.send(get()).response()).text, 'stays')
      const goes = await serve(() => 'goes', { port: 0 })
      assert.is((await ask(goes, get())).text, 'goes')
      await goes.close({ force: 0 })
      assert.is((await client.send(get()).response()).text, 'stays')
    },
  ))

test('a server may ask another one in the same process while it answers', () =>
  serving(
    () => 'inner',
    (inner) =>
      serving(
        async () => `outer ${await (await fetch(inner.url)).text()}`,
        async (outer) => {
          const answers = await Promise.all(Array.from({ length: 20 }, () => ask(outer, get())))
          assert.ok(answers.every(({ text }) => text === 'outer inner'))
        },
      ),
  ))

async function startWorker(): Promise<{ worker: Worker; port: number }> {
  const worker = new Worker(new URL('./programs/worker_server.js', import.meta.url))
  const [port] = (await within(once(worker, 'message'), 'a worker to serve')) as [number]
  return { worker, port }
}

test('servers in four worker threads answer, and stop cleanly', async () => {
  const workers = await Promise.all(Array.from({ length: 4 }, startWorker))
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all(workers.map((server) => ask(server, get())))
    assert.equal(
      answers.map(({ text }) => text),
      workers.map(({ worker }) => `thread ${worker.threadId}`),
    )
  }
  for (const { worker } of workers) worker.postMessage('close')
  // With its server closed, nothing keeps a worker alive.
  const ends = await Promise.all(workers.map(({ worker }) => within(once(worker, 'exit'), 'a worker to end')))
  assert.equal(ends, [[0], [0], [0], [0]])
  leaveAll()
})

test('a worker that is terminated while it serves takes only its own connections with it', async () => {
  const stays = await startWorker()
  const goes = await startWorker()
  const client = await connect(goes)
  await client.send(get()).response()
  await goes.worker.terminate()
  assert.match(await client.closed(), /fin|reset/)
  assert.match((await ask(stays, get())).text, /thread/)
  await stays.worker.terminate()
  leaveAll()
})

/** Asks for whatever there is, again and again, until the server is gone. */
async function load(client: RawClient, onAnswer: () => void): Promise<void> {
  const asked = [get(), get('/bytes'), get('/later'), post('/', noise(50_000)), get('/later'), get('/bytes')]
  try {
    for (;;) {
      await client.send(...asked).receive(asked.length)
      onAnswer()
    }
  } catch (error) {
    if (client.ending === undefined) throw error
  }
}

const descriptors = () => readdirSync('/proc/self/fd').length

test('workers that are terminated while busy leave the process healthy', async () => {
  const countsDescriptors = process.platform === 'linux'
  let before = 0
  for (let round = 0; round < 20; round += 1) {
    const { worker, port } = await startWorker()
    const clients = await Promise.all(Array.from({ length: 6 }, () => connect({ port })))
    let answered = 0
    const loads = clients.map((client) =>
      load(client, () => {
        answered += 1
      }),
    )
    await until(() => answered >= 3 + round, 'the worker is busy')
    await worker.terminate()
    await within(Promise.all(loads), 'the clients to notice')
    leaveAll()
    if (countsDescriptors && round === 5) before = descriptors()
  }
  if (countsDescriptors) await until(() => descriptors() <= before, 'no descriptor is left')
  await serving(
    () => 'well',
    async (server) => {
      assert.is((await ask(server, get())).text, 'well')
    },
  )
})

test('a worker that ends by itself with its server open ends cleanly', async () => {
  for (let round = 0; round < 5; round += 1) {
    const source = `
      const { parentPort } = require('node:worker_threads')
      import('brink').then(async ({ serve }) => {
        const server = await serve(() => process.exit(3), { port: 0, host: '127.0.0.1' })
        parentPort.postMessage(server.port)
      })`
    const worker = new Worker(source, { eval: true })
    const [port] = (await within(once(worker, 'message'), 'a worker to serve')) as [number]
    const client = (await connect({ port })).send(get())
    assert.equal(await within(once(worker, 'exit'), 'the worker to end'), [3])
    assert.match(await client.closed(), /fin|reset/)
    leaveAll()
  }
})

test.run()
