// Does a server stay as it was when all kinds of clients come and go for long?
//
//   npm run soak -- --minutes 10
//
// BRINK_BACKEND and BRINK_THREADS choose the server.

import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Look } from '../processes/look.js'
import { startWorker, type Worker } from '../processes/orders.js'
import type { ServerOrders } from '../processes/server_program.js'
import { until } from '../server/waiting.js'
import { Mix } from './mix.js'

const WARM_UP_MS = 20_000
/** Short ones, so that every deadline falls due all the time. */
const LIMITS = { headersTimeout: 2000, requestTimeout: 4000, writeTimeout: 3000, keepAliveTimeout: 5000 }
/**
 * What the memory may end above where it began. Both are looked at when nobody is connected, the garbage is collected and
 * the tables have had their size for long. What malloc keeps for itself goes up and down by some MiB; even in half a
 * minute there are more than 100,000 connections, so this finds 120 bytes that are forgotten of each.
 */
const MOST_GROWTH_BYTES = 12 * 1024 * 1024

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
})
const minutes = Number(values.minutes)

let passed = 0
let failed = 0
const server = startWorker<ServerOrders>('processes/server_program')
const mix = new Mix()
try {
  const { port, backend, threads } = await server.order('start', LIMITS)
  console.log(`${backend}, ${threads === 0 ? 'inline' : `${threads} threads`}; ${minutes} minutes, seed ${values.seed}`)
  await mix.start(port, Number(values.seed))
  await pause(WARM_UP_MS)
  await mix.stop()
  await mix.report()
  const before = await lookWhenQuiet(server)
  await mix.start(port, Number(values.seed) + 1000)
  const { goodRequests, connections } = await tellEachMinute()
  await mix.stop()
  judge(before, await lookWhenQuiet(server), goodRequests, connections)
} finally {
  await mix.end()
  await server.kill()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

function check(good: boolean, what: string): void {
  if (good) passed += 1
  else failed += 1
  console.log(`${good ? 'ok  ' : 'FAIL'} ${what}`)
}

async function tellEachMinute(): Promise<{ goodRequests: number; connections: number }> {
  const end = performance.now() + minutes * 60_000
  let goodRequests = 0
  let failures = 0
  const complaints: string[] = []
  const acceptedBefore = (await server.order('glance')).stats.accepted
  let accepted = acceptedBefore
  for (let minute = 1; performance.now() < end; minute += 1) {
    await pause(Math.min(60_000, end - performance.now()))
    const { good, broken, vanished } = await mix.report()
    const { stats, memoryBytes } = await server.order('glance')
    accepted = stats.accepted
    goodRequests += good.requests
    failures += good.failures
    complaints.push(...broken.complaints)
    if (good.failures > 0) complaints.push(`a good request failed: ${good.firstFailure}`)
    console.log(
      `minute ${minute}: ${good.requests} good requests (p99 ${good.p99Ms.toFixed(1)} ms, ${good.failures} failed), ` +
        `${broken.connections} broken and ${vanished} vanished clients; ${stats.open} open, ${stats.refused} refused, ` +
        `${stats.timeouts} timeouts, ${stats.resets} resets; ${mib(memoryBytes)} MiB`,
    )
  }
  check(failures === 0 && goodRequests > 0, `${goodRequests} good requests, ${failures} failed`)
  check(complaints.length === 0, `nobody is left hanging ${complaints.slice(0, 3).join('; ')}`)
  return { goodRequests, connections: accepted - acceptedBefore }
}

function judge(before: Look, after: Look, goodRequests: number, connections: number): void {
  const grownBytes = after.inUseBytes - before.inUseBytes
  check(after.stats.open === 0, `${after.stats.open} connections are open at the end`)
  check(
    after.descriptors === before.descriptors,
    `descriptors: ${before.descriptors} -> ${after.descriptors}, after ${connections} connections`,
  )
  check(
    grownBytes <= MOST_GROWTH_BYTES,
    `memory in use: ${mib(before.inUseBytes)} -> ${mib(after.inUseBytes)} MiB, after ${goodRequests} good requests`,
  )
}

/** When the last client is gone: those that have vanished must be noticed, too. */
async function lookWhenQuiet(of: Worker<ServerOrders>): Promise<Look> {
  await until(async () => (await of.order('glance')).stats.open === 0, 'nobody is connected').catch(() => {})
  return of.order('look')
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}
