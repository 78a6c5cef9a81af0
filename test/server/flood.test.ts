// What a client costs that asks without end and never reads. The server is a process of its own, so that its memory is
// nobody else's.
import type { ServeOptions, ServerStats } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Look } from '../processes/look.js'
import { startWorker, type Worker } from '../processes/orders.js'
import { FRESH_BYTES, type ServerOrders } from '../processes/server_program.js'
import { get } from './messages.js'
import { connect, leaveAll } from './raw_client.js'
import { until } from './waiting.js'

const CLIENTS = 40
/** The answers to all of them are 20 times what may wait for a client. */
const REQUESTS = 2560
const MAX_PENDING = 1024 * 1024
const HEAD_BYTES = 300
const READ_BYTES = 64 * 1024
/** For what V8, malloc (for each thread) and the tables keep, of all clients together. */
const SLACK_BYTES = 16 * 1024 * 1024

/** Resolves when much has been answered, and the server has gone on with nothing for a while. */
async function standstill(server: Worker<ServerOrders>, isMuch: (stats: ServerStats) => boolean): Promise<Look> {
  let last = -1
  let looks = 0
  await until(async () => {
    const { stats } = await server.order('glance')
    const sum = stats.bytesIn + stats.bytesOut + stats.requests
    looks = sum === last && isMuch(stats) ? looks + 1 : 0
    last = sum
    return looks >= 50
  }, 'the limit is reached, and the server stands still')
  return server.order('look')
}

for (const maxPipelined of [1, 64]) {
  test(`a client that asks and never reads costs maxPendingOutput and the answers to ${maxPipelined} at the most`, async () => {
    const server = startWorker<ServerOrders>('processes/server_program')
    try {
      const options: ServeOptions = { maxPipelined, maxPendingOutput: MAX_PENDING }
      const { port } = await server.order('start', options)
      // The same clients as later, but readers: what is still there when they have gone is no client's.
      const readers = await Promise.all(Array.from({ length: CLIENTS }, () => connect({ port })))
      for (const client of readers) client.send(get('/fresh').repeat(64))
      await Promise.all(readers.map((client) => client.receive(64)))
      leaveAll()
      await until(async () => (await server.order('glance')).stats.open === 0, 'the readers have gone')
      const before = await server.order('look')

      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect({ port })))
      for (const client of clients) client.pause().send(get('/fresh').repeat(REQUESTS))
      const untaken = ({ requests, bytesOut }: ServerStats) =>
        (requests - before.stats.requests) * FRESH_BYTES - (bytesOut - before.stats.bytesOut)
      const after = await standstill(server, (stats) => untaken(stats) > (CLIENTS * MAX_PENDING) / 2)

      const most = MAX_PENDING + maxPipelined * (FRESH_BYTES + HEAD_BYTES)
      const waiting = untaken(after.stats) / CLIENTS
      assert.ok(waiting <= most, `${waiting} bytes wait for each`)
      const grown = (after.memoryBytes - before.memoryBytes - SLACK_BYTES) / CLIENTS
      assert.ok(grown <= most + READ_BYTES, `${grown} bytes of memory for each`)
    } finally {
      leaveAll()
      await server.kill()
    }
  })
}

test.run()
