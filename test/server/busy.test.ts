// With a loop on a thread of its own, JavaScript that stands still does not stop what needs no JavaScript.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from './messages.js'
import { connect, leaveAll } from './raw_client.js'
import { within } from './waiting.js'

/**
 * Runs `use` while the server's JavaScript stands still, and `afterwards` when it goes on. Gives what the request that
 * stopped it was answered.
 */
async function whileBlocked(
  use: (at: { port: number }) => Promise<void>,
  afterwards = async () => {},
): Promise<string> {
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('./programs/blocking_server.js', import.meta.url), { workerData: { flag } })
  const [{ port, threads }] = await within(once(worker, 'message'), 'the server to listen')
  try {
    if (threads === 0) return 'free again'
    // Several loops share the port: each connection is on one of them, and all of them must go on.
    const blocking = (await connect({ port })).send(get('/block'))
    await within(once(worker, 'message'), 'JavaScript to stand still')
    await use({ port })
    Atomics.store(flag, 0, 1)
    Atomics.notify(flag, 0)
    await afterwards()
    return (await blocking.response()).text
  } finally {
    Atomics.store(flag, 0, 1)
    Atomics.notify(flag, 0)
    leaveAll()
    worker.postMessage('close')
    await within(once(worker, 'exit'), 'the worker to end')
  }
}

test('while a handler blocks, bad requests are refused', async () => {
  const answer = await whileBlocked(async (server) => {
    for (let count = 0; count < 20; count += 1) {
      const client = await connect(server)
      assert.is((await client.send('NOT HTTP\r\n\r\n').response()).status, 400)
      assert.is(await client.closed(), 'fin')
    }
  })
  assert.is(answer, 'free again')
})

test('while a handler blocks, a body that is too large is refused', async () => {
  const answer = await whileBlocked(async (server) => {
    const client = await connect(server)
    assert.is((await client.send(head('POST', '/', 'Content-Length: 1001')).response()).status, 413)
  })
  assert.is(answer, 'free again')
})

test('while a handler blocks, a head that does not arrive times out', async () => {
  const answer = await whileBlocked(async (server) => {
    const client = await connect(server)
    assert.is((await client.send('GET / HTTP/1.1\r\n').response()).status, 408)
  })
  assert.is(answer, 'free again')
})

test('while a handler blocks, requests are taken in, and answered when it is done', async () => {
  const asked: Promise<{ text: string }>[] = []
  const answer = await whileBlocked(
    async (server) => {
      for (let count = 0; count < 300; count += 1) asked.push((await connect(server)).send(get()).response())
      const client = await connect(server)
      assert.is((await client.send('NOT HTTP\r\n\r\n').response()).status, 400)
    },
    async () => {
      for (const { text } of await Promise.all(asked)) assert.is(text, 'hello')
    },
  )
  assert.is(answer, 'free again')
})

test.run()
