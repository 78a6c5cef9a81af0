// With a loop on a thread of its own, JavaScript that stands still does not stop what needs no JavaScript.
import { once } from 'node:events'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { dial } from './dialing.js'
import { get, head } from './messages.js'
import { connect, leaveAll } from './raw_client.js'
import { until, within } from './waiting.js'

const MIB = 1024 * 1024

/**
 * Runs `use` while the server's JavaScript stands still, and `afterwards` when it goes on. Gives what the request that
 * stopped it was answered.
 */
async function whileBlocked(
  use: (at: { port: number }) => Promise<void>,
  afterwards = async () => {},
  { before = async (_: { port: number }) => {}, path = '' } = {},
): Promise<string> {
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const program = new URL('./programs/blocking_server.js', import.meta.url)
  const worker = new Worker(program, { workerData: { flag, path } })
  const [{ port, threads }] = await within(once(worker, 'message'), 'the server to listen')
  try {
    if (threads === 0) return 'free again'
    await before({ port })
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

test('while a handler blocks, and requests that wait for it take all the room, a file is sent on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brink-'))
  const path = join(folder, 'large')
  writeFileSync(path, '')
  truncateSync(path, 4 * 1024 * MIB)
  let socket: Socket | undefined
  const come = async (bytes: number) => {
    const end = (socket?.bytesRead as number) + bytes
    await until(() => (socket?.bytesRead as number) >= end, `${bytes} more bytes of the file have come`)
  }
  const before = async ({ port }: { port: number }) => {
    socket = dial({ port }).socket.on('error', () => {})
    socket.resume().write(get('/file'))
    await come(1)
  }
  try {
    const answer = await whileBlocked(
      async (server) => {
        const requests = get(`/${'a'.repeat(8000)}`).repeat(60)
        for (let count = 0; count < 20; count += 1) await (await connect(server)).send(requests).flushed()
        await come(128 * MIB)
      },
      async () => void socket?.destroy(),
      { before, path },
    )
    assert.is(answer, 'free again')
  } finally {
    socket?.destroy()
    rmSync(folder, { recursive: true })
  }
})

test.run()
