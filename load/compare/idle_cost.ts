// What a connection costs that idles, after one request: the memory of the server's processes beside ten thousand of
// them, by how much it is more than without, and what of it is kept when they have left.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { processTree } from '../cpu_time.js'
import type { Generator } from '../generator.js'
import { holdIdle } from '../idle.js'
import { warmUp } from '../sample.js'
import type { Server } from '../server.js'

export interface IdleCost {
  bytesPerConnection: number
  keptBytesPerConnection: number
}

/** Long enough for a server to notice that they have left, and for a collector that waits for quiet. */
const SETTLE_MS = 1_500

export async function idleCost(server: Server, connections: number, generator: Generator): Promise<IdleCost> {
  const url = `${server.url}/plaintext`
  // With memory that load takes once, whoever is connected.
  await warmUp(server.pid, { url, connections: 64, seconds: 1 }, generator)
  await sleep(SETTLE_MS)
  const before = memoryOf(server.pid)
  const clients = await holdIdle(url, connections)
  if (clients.held < connections) throw new Error(`takes ${clients.held} of ${connections} connections`)
  await sleep(SETTLE_MS)
  const beside = memoryOf(server.pid)
  const left = await clients.release()
  if (left < connections) throw new Error(`hangs up on ${connections - left} of ${connections} idle connections`)
  await sleep(SETTLE_MS)
  const afterwards = memoryOf(server.pid)
  return {
    bytesPerConnection: (beside - before) / connections,
    keptBytesPerConnection: (afterwards - before) / connections,
  }
}

/** In bytes; what processes share is counted once. */
function memoryOf(pid: number): number {
  const kilobytes = processTree(pid).map((each) => {
    const [, pss] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${each}/smaps_rollup`, 'latin1')) ?? []
    return Number(pss)
  })
  return kilobytes.reduce((sum, each) => sum + each, 0) * 1024
}
