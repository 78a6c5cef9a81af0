// One server under load, which is reloaded again and again.

import { createInterface } from 'node:readline'
import type { Generator } from '../generator.js'
import { startProgram } from '../server.js'
import { type Counts, keepAsking } from './clients.js'
import type { ReloadedServer } from './servers.js'

export interface Plan {
  /** For each server. */
  seconds: number
  /** Seconds from one reload to the next. */
  every: number
  /** Of the load generator. */
  connections: number
  /** Those that keep their connections. */
  clients: number
  workers: number
}

export interface Reloads {
  /** Those that were answered. */
  requests: number
  /** How many, by what has happened. */
  failures: ReadonlyMap<string, number>
  reloads: number
}

export async function measure({ file }: ReloadedServer, plan: Plan, generator: Generator): Promise<Reloads> {
  const { seconds, every, connections } = plan
  // On all cores: its workers are to be busy at the same time.
  const server = await startProgram([process.execPath, [file, String(plan.workers)]])
  let reloads = 0
  createInterface({ input: server.output }).on('line', (line) => {
    if (line === 'reloaded') reloads += 1
    else console.error(line)
  })
  const counts: Counts = { answered: 0, failures: new Map() }
  const timer = setInterval(() => process.kill(server.pid, 'SIGHUP'), every * 1000)
  try {
    let isOver = false
    const clients = Array.from({ length: plan.clients }, (_, number) =>
      keepAsking(server.url, number, counts, () => isOver),
    )
    const outcome = await generator.generate({ url: `${server.url}/`, connections, seconds }).finally(() => {
      isOver = true
    })
    await Promise.all(clients)
    const ofGenerator: [string, number][] = outcome.errors > 0 ? [[`errors of ${generator.name}`, outcome.errors]] : []
    return {
      requests: outcome.requests + counts.answered,
      failures: new Map([...ofGenerator, ...counts.failures]),
      reloads,
    }
  } finally {
    clearInterval(timer)
    await server.stop()
  }
}
