// One attack on one server, with a healthy client beside it.

import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { noteSecured } from '../over_tls/places.js'
import type { HealthyOrders, HealthyReport } from '../processes/healthy_program.js'
import type { Look } from '../processes/look.js'
import { startWorker, type Worker } from '../processes/orders.js'
import type { ServerOrders } from '../processes/server_program.js'
import { get } from '../server/messages.js'
import { connect, leaveAll, type RawClient } from '../server/raw_client.js'
import { until } from '../server/waiting.js'
import type { Attack } from './attacks.js'

export interface AttackReport {
  readonly healthy: HealthyReport
  /** Of the same client, in the second before the attack. */
  readonly alone: HealthyReport
  readonly before: Look
  readonly after: Look
  /** The most connections that were open at a time, and the most memory that the server then had. */
  readonly mostOpen: number
  readonly mostMemoryBytes: number
  /** The most memory that the system had for all its sockets' buffers. Most of what a slow reader costs is there. */
  readonly mostSocketBytes: number
  /** How many connections were cut off for the reasons that the attack should be cut off for. */
  readonly cutOff: number
  readonly complaints: readonly string[]
}

const MOST_P99_MS = 50
/** On a busy machine, where the healthy client alone waits for long as well. */
const MOST_TIMES_ALONE = 4
/** For one answer: a p99 says nothing of a server that stands still once, for seconds. */
const MOST_MS = 1000
/** More in one process would take longer than a server waits for a handshake. */
const HANDSHAKES_AT_ONCE = 50
const HEALTHY_CONNECTIONS = 8
const HEALTHY_PAUSE_MS = 5
/**
 * What the process may have grown by. As many ordinary clients come before, all at once, so the tables have their size;
 * the rest is what malloc keeps of the output that waited. At 1,000 connections it is 16 KiB each.
 */
const MOST_GROWTH_BYTES = 16 * 1024 * 1024

export async function runAttack(attack: Attack, connections: number, seconds: number): Promise<AttackReport> {
  const server = startWorker<ServerOrders>('processes/server_program')
  const healthy = startWorker<HealthyOrders>('processes/healthy_program')
  try {
    const { port } = await server.order('start', attack.options)
    const tls = attack.options.tls !== undefined
    if (tls) noteSecured({ port })
    await rehearse(port, connections)
    await healthy.order('start', { port, connections: HEALTHY_CONNECTIONS, pauseMs: HEALTHY_PAUSE_MS, tls })
    await pause(1000)
    await until(async () => (await openOf(server)) === HEALTHY_CONNECTIONS, 'only the healthy clients are there')
    const before = await server.order('look')
    const alone = await healthy.order('report')

    let over = false
    const attacking = attack.run({ port, connections, seconds }).finally(() => {
      over = true
    })
    let mostOpen = 0
    let mostMemoryBytes = 0
    let mostSocketBytes = 0
    while (!over) {
      const { stats, memoryBytes } = await server.order('glance')
      mostOpen = Math.max(mostOpen, stats.open)
      mostMemoryBytes = Math.max(mostMemoryBytes, memoryBytes)
      mostSocketBytes = Math.max(mostSocketBytes, socketBytes())
      await pause(100)
    }
    await attacking
    const latencies = await healthy.order('report')
    await until(async () => (await openOf(server)) === HEALTHY_CONNECTIONS, 'the attackers are gone').catch(() => {})
    const after = await server.order('look')
    const memory = { mostMemoryBytes, mostSocketBytes }
    return judge(attack, connections, { healthy: latencies, alone, before, after, mostOpen, ...memory })
  } finally {
    await healthy.kill()
    await server.kill()
  }
}

/** As many clients as will attack, all there at once, each with an answer. */
async function rehearse(port: number, connections: number): Promise<void> {
  const clients: RawClient[] = []
  while (clients.length < connections) {
    const some = Math.min(HANDSHAKES_AT_ONCE, connections - clients.length)
    clients.push(...(await Promise.all(Array.from({ length: some }, () => connect({ port })))))
  }
  await Promise.all(clients.map((client) => client.send(get('/')).response()))
  leaveAll()
}

/** Linux tells it in pages of 4 KiB; elsewhere there is none. */
function socketBytes(): number {
  try {
    return 4096 * Number(/^TCP:.* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

async function openOf(server: Worker<ServerOrders>): Promise<number> {
  return (await server.order('glance')).stats.open
}

function judge(
  { cutOffBy, keptBytes = 0 }: Attack,
  connections: number,
  seen: Omit<AttackReport, 'cutOff' | 'complaints'>,
): AttackReport {
  const { healthy, alone, before, after } = seen
  const { refusals, idleTimeouts, open } = after.stats
  const cutOff = (cutOffBy ?? []).reduce(
    (sum, code) => sum + (code === 'idle' ? idleTimeouts : (refusals[code] ?? 0)),
    0,
  )
  const grownBytes = after.inUseBytes - before.inUseBytes
  const complaints: string[] = []
  if (healthy.failures > 0) complaints.push(`${healthy.failures} healthy requests failed: ${healthy.firstFailure}`)
  if (healthy.requests === 0) complaints.push('no healthy request was answered')
  const { p99Ms, longestMs } = healthy
  if (p99Ms >= Math.max(MOST_P99_MS, MOST_TIMES_ALONE * alone.p99Ms)) {
    complaints.push(`p99 of the healthy client is ${p99Ms.toFixed(1)} ms, and ${alone.p99Ms.toFixed(1)} alone`)
  }
  if (longestMs >= Math.max(MOST_MS, MOST_TIMES_ALONE * alone.longestMs)) {
    complaints.push(`one healthy answer took ${longestMs.toFixed(0)} ms, and ${alone.longestMs.toFixed(0)} alone`)
  }
  const came = after.stats.accepted - before.stats.accepted
  if (came < connections) complaints.push(`only ${came} attackers came`)
  if (cutOffBy !== undefined && cutOff < connections) complaints.push(`only ${cutOff} were cut off`)
  if (open !== HEALTHY_CONNECTIONS) complaints.push(`${open} connections are open at the end`)
  if (after.descriptors !== before.descriptors) {
    complaints.push(`${before.descriptors} descriptors became ${after.descriptors}`)
  }
  if (grownBytes > Math.max(MOST_GROWTH_BYTES, keptBytes * connections))
    complaints.push(`the server has grown by ${(grownBytes / 2 ** 20).toFixed(1)} MiB`)
  return { ...seen, cutOff, complaints }
}
