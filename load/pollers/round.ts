// One line in one round: a server, and a sample of it beside each number of idle connections. One server for all of
// them, within seconds, so that neither another process's luck with memory nor the machine's mood is taken for a cost.

import { coreBusySeconds, threadTimes } from '../cpu_time.js'
import type { Generator, Load } from '../generator.js'
import { type Server, startServer } from '../server.js'
import { holdIdle } from './idle.js'
import { type Line, serverArguments } from './line.js'
import type { Sample } from './result.js'

const PATH = '/plaintext'

/** CPU time after which the code that answers is compiled. */
const WARM_UP_CPU_SECONDS = 1

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
    while (threadTimes(server.pid).all < WARM_UP_CPU_SECONDS) await generator.generate({ ...load, seconds: 1 })
    for (const idle of plan.idle) {
      const clients = await holdIdle(load.url, idle)
      if (clients.held === idle) round.samples.set(idle, await sample(server, load, generator))
      else round.limit = clients.held
      const lost = clients.held - (await clients.release())
      if (lost > 0) throw new Error(`The server hung up on ${lost} of ${clients.held} idle connections`)
    }
  } finally {
    await server.stop()
  }
  return round
}

async function sample({ pid }: Server, load: Load, generator: Generator): Promise<Sample> {
  const [before, coreBefore, start] = [threadTimes(pid), coreBusySeconds(0), performance.now()]
  const { requests, p99Ms, errors } = await generator.generate(load)
  const [after, coreAfter, end] = [threadTimes(pid), coreBusySeconds(0), performance.now()]
  if (errors > 0) throw new Error(`${errors} of ${requests} requests failed`)
  return {
    requests,
    p99Ms,
    seconds: (end - start) / 1000,
    cpuSeconds: after.all - before.all,
    javascriptSeconds: after.main - before.main,
    coreSeconds: coreAfter - coreBefore,
  }
}
