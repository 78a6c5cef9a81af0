// One line in one round: a server, and a sample of it beside each number of idle connections. One server for all of
// them, within seconds, so that neither another process's luck with memory nor the machine's mood is taken for a cost.

import type { Generator, Load } from '../generator.js'
import { holdIdle } from '../idle.js'
import { type Sample, sample, warmUp } from '../sample.js'
import { startServer } from '../server.js'
import { type Line, serverArguments } from './line.js'

const PATH = '/plaintext'

export interface Plan {
  /** Numbers of idle connections, in the order to take them. */
  idle: number[]
  connections: number
  seconds: number
}

export interface Round {
  /** By number of idle connections; those that the server did not take are missing. */
  samples: Map<number, Sample>
  /** The most connections that it took, where that was less than wanted. */
  limit?: number
}

export async function measureRound(line: Line, plan: Plan, generator: Generator): Promise<Round> {
  const round: Round = { samples: new Map() }
  const server = await startServer(serverArguments(line))
  try {
    const load: Load = { url: server.url + PATH, connections: plan.connections, seconds: plan.seconds }
    await warmUp(server.pid, load, generator)
    for (const idle of plan.idle) {
      const clients = await holdIdle(load.url, idle)
      if (clients.held === idle) round.samples.set(idle, await sample(server.pid, load, generator))
      else round.limit = clients.held
      const lost = clients.held - (await clients.release())
      if (lost > 0) throw new Error(`The server hung up on ${lost} of ${clients.held} idle connections`)
    }
  } finally {
    await server.stop()
  }
  return round
}
