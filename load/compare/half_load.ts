// How long answers take when a server is half as busy as it can be: asked at a steady rate by paced/paced.c, half of
// what the slower of brink and uWebSockets.js reached a moment before, on a machine that is as busy as it is.

import type { Generator, Load } from '../generator.js'
import { onCore } from '../pin.js'
import { outputOf } from '../program_output.js'
import { warmUp } from '../sample.js'
import type { Server } from '../server.js'
import { compile, programOf } from './compiled.js'
import type { Peer, Supplies } from './peers.js'
import type { Workload } from './workloads.js'

export interface HalfLoad {
  /** Requests a second. */
  rate: number
  p50Us: number
  p99Us: number
}

export interface HalfLoadLine {
  peer: string
  rounds: HalfLoad[]
}

export interface HalfLoadPlan extends Supplies {
  rounds: number
  seconds: number
  connections: number
  generator: Generator
}

/** Those that can be asked as much; the others would be past their limit. */
const PEERS = ['limit', 'brink', 'brink-thread', 'uws', 'nginx']
const SETS_THE_RATE = ['brink', 'uws']
const PATH = '/plaintext'

export async function measureHalfLoad(
  workload: Workload,
  peers: readonly Peer[],
  plan: HalfLoadPlan,
): Promise<HalfLoadLine[]> {
  const trouble = compile('load/compare/paced/paced.c', 'paced')
  if (trouble !== undefined) throw new Error(`The paced generator cannot be made: ${trouble}`)
  const lines: (HalfLoadLine & { server: Server })[] = []
  try {
    for (const peer of peers.filter(({ name }) => PEERS.includes(name))) {
      lines.push({ peer: peer.name, rounds: [], server: await peer.start(workload, plan) })
    }
    for (const { server } of lines) await warmUp(server.pid, loadOf(server, plan), plan.generator)
    for (let round = 1; round <= plan.rounds; round++) {
      const rate = await halfOfTheSlowest(lines, plan)
      for (const line of round % 2 === 1 ? lines : lines.toReversed()) {
        line.rounds.push({ rate, ...(await ask(line.server, rate, plan)) })
      }
      const told = lines.map(({ peer, rounds }) => `${peer} ${rounds.at(-1)?.p99Us}`)
      console.log(`  round ${round}, ${rate.toFixed(0)} a second, p99 in µs: ${told.join(', ')}`)
    }
  } finally {
    await Promise.all(lines.map(({ server }) => server.stop()))
  }
  return lines.map(({ peer, rounds }) => ({ peer, rounds }))
}

async function halfOfTheSlowest(lines: { peer: string; server: Server }[], plan: HalfLoadPlan): Promise<number> {
  let slowest = Number.POSITIVE_INFINITY
  for (const { server } of lines.filter(({ peer }) => SETS_THE_RATE.includes(peer))) {
    const { requestsPerSecond } = await plan.generator.generate(loadOf(server, plan))
    slowest = Math.min(slowest, requestsPerSecond)
  }
  if (!Number.isFinite(slowest)) throw new Error(`The rate is set by ${SETS_THE_RATE.join(' and ')}: take one of them`)
  return slowest / 2
}

async function ask({ url }: Server, rate: number, { connections, seconds }: HalfLoadPlan) {
  const args = [new URL(url).port, PATH, connections, rate, seconds].map(String)
  return JSON.parse(await outputOf(onCore(1, programOf('paced'), args), 'paced')) as Omit<HalfLoad, 'rate'>
}

function loadOf({ url }: Server, { connections }: HalfLoadPlan): Load {
  return { url: url + PATH, connections, seconds: 1 }
}
