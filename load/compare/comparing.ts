// One workload: every peer that does it, checked and warmed up, then measured in turn, round after round (A B A B …), so
// that a moment in which the machine was busy with something else is no peer's alone.

import type { Generator, Load } from '../generator.js'
import { perCpuSecond, type Sample, sample, warmUp } from '../sample.js'
import type { Server } from '../server.js'
import { grouped } from '../table.js'
import { check } from './check.js'
import { h2load } from './h2load.js'
import type { Missing, Peer, Supplies } from './peers.js'
import type { Line, MeasuredWorkload } from './result.js'
import type { Workload } from './workloads.js'

export interface Plan extends Supplies {
  rounds: number
  /** Of a sample. */
  seconds: number
  /** Where a workload does not say. */
  connections: number
  generator: Generator
}

interface Contestant {
  peer: Peer
  server: Server
  load: Load
  generator: Generator
  line: Line
}

export async function compare(workload: Workload, peers: readonly Peer[], plan: Plan): Promise<MeasuredWorkload> {
  const leftOut: Missing[] = []
  let contestants: Contestant[] = []
  const leaveOut = ({ name }: Peer, error: unknown) => {
    contestants = contestants.filter(({ peer }) => peer.name !== name)
    const why = (error as Error).message
    leftOut.push({ name, why })
    console.log(`  ${name} is left out: it ${why}`)
  }
  try {
    for (const peer of peers.filter((each) => each.does(workload))) {
      await enter(peer, workload, plan).then(
        (contestant) => contestants.push(contestant),
        (error) => leaveOut(peer, error),
      )
    }
    for (let round = 1; round <= plan.rounds; round++) {
      for (const contestant of round % 2 === 1 ? [...contestants] : contestants.toReversed()) {
        await measure(contestant).catch(async (error) => {
          leaveOut(contestant.peer, error)
          await contestant.server.stop()
        })
      }
      console.log(`  round ${round}: ${contestants.map(({ line }) => told(line)).join(', ')}`)
    }
  } finally {
    await Promise.all(contestants.map(({ server }) => server.stop()))
  }
  return {
    name: workload.name,
    title: workload.title,
    ours: workload.ours ?? 'brink',
    generator: generatorFor(workload, plan).name,
    connections: workload.connections ?? plan.connections,
    pipelining: workload.pipelining ?? 1,
    rounds: plan.rounds,
    seconds: plan.seconds,
    date: new Date().toISOString().slice(0, 10),
    lines: contestants.map(({ line }) => line),
    leftOut,
  }
}

/** Started, found to do the work, and warm. */
async function enter(peer: Peer, workload: Workload, plan: Plan): Promise<Contestant> {
  const server = await peer.start(workload, plan)
  const generator = generatorFor(workload, plan)
  const load: Load = {
    url: server.url,
    connections: workload.connections ?? plan.connections,
    seconds: plan.seconds,
    pipelining: workload.pipelining ?? 1,
    requests: workload.requests,
    ...(plan.secrets && { openssl: plan.secrets.clients }),
  }
  try {
    await check(server.url, workload, !peer.isYardstick)
    await warmUp(server.pid, load, generator)
  } catch (error) {
    await server.stop()
    throw error
  }
  return { peer, server, load, generator, line: { peer: peer.name, samples: [] } }
}

const generatorFor = ({ shakesHands }: Workload, plan: Plan): Generator => (shakesHands ? h2load : plan.generator)

async function measure({ server, load, generator, line }: Contestant): Promise<void> {
  line.samples.push(await sample(server.pid, load, generator))
}

function told({ peer, samples }: Line): string {
  return `${peer} ${grouped(perCpuSecond(samples.at(-1) as Sample))}`
}
