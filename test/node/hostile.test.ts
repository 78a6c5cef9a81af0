// What hostile and vanished clients, and apps that are careless or end, do to a server of brink/node.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createServer } from '#brink/node/server.js'
import { timers } from '#brink/runtime/timers.js'
import { type Program, runFile } from '../server/programs.js'
import { until, within } from '../server/waiting.js'
import { get } from './twins.js'

const MORE_THAN_IS_TAKEN = 12 * 1024 * 1024

const programAt = (name: string): string => fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url))

function clientOf(port: number, sends: string): Socket {
  const client = connect(port, '127.0.0.1')
  client.on('error', () => {})
  client.write(sends)
  return client
}

/** A connection that was reset ends with an error, or without one: newer versions of Node tell of it. */
function ended(client: Socket): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()))
}

async function portOf(program: Program): Promise<number> {
  return Number((await program.says(/listening at (\d+)/))[1])
}

for (const how of ['end', 'write'] as const) {
  test(`memory that is transferred while ${how}() sends it breaks the answer off, and the process is warned`, async () => {
    let body = new Uint8Array()
    const server = createServer((_req, res) => {
      body = new Uint8Array(MORE_THAN_IS_TAKEN).fill(0x61)
      if (how === 'end') res.end(body)
      else res.write(body)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const warned = once(process, 'warning')
    const client = clientOf((server.address() as AddressInfo).port, get('/'))
    let received = 0
    client.pause()
    await until(() => body.length > 0, 'the answer to begin')
    await once(client, 'readable')
    const elsewhere = new Uint8Array(structuredClone(body.buffer, { transfer: [body.buffer] })).fill(0x62)
    client.on('data', (bytes: Buffer) => {
      received += bytes.length
      assert.is(bytes.includes('bbbbbbbb'), false)
    })
    client.resume()
    await within(ended(client), 'the end of the connection')
    const [warning] = (await within(warned, 'the warning')) as [Error & { code: string }]
    assert.is(warning.code, 'ERR_BODY_CHANGED')
    assert.ok(received < MORE_THAN_IS_TAKEN)
    assert.is(elsewhere.length, MORE_THAN_IS_TAKEN)
    server.closeAllConnections()
    server.close()
    await within(once(server, 'close'), 'the server to close')
  })
}

test('a client that was refused, or tore its request, is forgotten when it has left', async () => {
  const { setTimeout, clearTimeout } = timers
  const set = new Set<NodeJS.Timeout>()
  timers.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
    const timer = setTimeout(...args)
    set.add(timer)
    return timer
  }) as typeof setTimeout
  timers.clearTimeout = ((timer: NodeJS.Timeout) => {
    set.delete(timer)
    clearTimeout(timer)
  }) as typeof clearTimeout
  const server = createServer((req) => req.on('error', () => {}))
  try {
    let refused = 0
    server.on('clientError', (_error, socket) => {
      refused += 1
      socket.destroy()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    for (const sends of ['no request\r\n\r\n', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc']) {
      for (let count = 0; count < 20; count += 1) clientOf(port, sends).end()
    }
    await until(() => refused === 40, 'all are refused')
    await until(() => set.size === 0, 'nothing waits for them any more')
  } finally {
    Object.assign(timers, { setTimeout, clearTimeout })
    server.closeAllConnections()
    server.close()
    await within(once(server, 'close'), 'the server to close')
  }
})

test('a worker thread that is terminated in the middle of its requests takes nobody along', async () => {
  for (const sends of [
    get('/hang'),
    'POST /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc',
    get('/large'),
    get('/stream'),
    'no request\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
  ]) {
    const worker = new Worker(programAt('serving_worker'))
    const [port] = (await within(once(worker, 'message'), 'the worker to listen')) as [number]
    const clients = [clientOf(port, sends), clientOf(port, get('/'))]
    await within(once(clients[1] as Socket, 'data'), 'an answer')
    await within(worker.terminate(), 'the worker to end')
    for (const client of clients) client.destroy()
  }
})

test('a handler that ends the process ends it', async () => {
  const program = runFile(programAt('exits'))
  clientOf(await portOf(program), get('/'))
  assert.is(await program.ended(), 3)
})

test('clients that come while there are no descriptors are answered when there are', async () => {
  const program = runFile(programAt('few_descriptors'), { before: 'ulimit -n 64' })
  const port = await portOf(program)
  await program.says(/none are left: EMFILE/)
  const clients = Array.from({ length: 30 }, () => clientOf(port, get('/')))
  const answers = clients.map((client) => within(once(client, 'data'), 'an answer'))
  program.child.stdin?.write('free them\n')
  await Promise.all(answers)
  for (const client of clients) client.destroy()
  program.child.kill('SIGKILL')
})

test.run()
