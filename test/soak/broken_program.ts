// Clients that have it wrong: what the differential test makes up, whole or cut off somewhere, in order or with a reset.

import { connect } from 'node:net'
import { askAll } from '../peers/asking.js'
import { makeCase } from '../peers/generator.js'
import { Random } from '../peers/random.js'
import { answerOrders } from '../processes/orders.js'
import { turn } from '../server/waiting.js'

export interface BrokenPlan {
  readonly port: number
  readonly clients: number
  readonly seed: number
}

let working: Promise<unknown> = Promise.resolve()
let stopped = false
let connections = 0
let complaints: string[] = []

async function keepBreaking(port: number, random: Random): Promise<void> {
  while (!stopped) {
    const { seed, pieces } = makeCase(random.whole(1, 1_000_000_000))
    connections += 1
    if (random.chance(0.5)) await breakOff(port, pieces, random)
    else {
      await askAll(port, pieces).catch((error) => complaints.push(`seed ${seed}: ${error}`))
    }
  }
}

/** Sends some of it, and crashes: the system tells the server by a reset. */
async function breakOff(port: number, pieces: readonly string[], random: Random): Promise<void> {
  const bytes = pieces.join('')
  await new Promise<void>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, async () => {
      socket.write(bytes.slice(0, random.whole(0, bytes.length)), 'latin1')
      if (random.chance(0.7)) await turn()
      socket.resetAndDestroy()
    })
    socket.on('error', () => {}).on('close', resolve)
  })
}

const orders = {
  start({ port, clients, seed }: BrokenPlan): void {
    stopped = false
    working = Promise.all(Array.from({ length: clients }, (_, index) => keepBreaking(port, new Random(seed + index))))
  },
  /** What there was since the last report. Complaints are of those that the server has left hanging. */
  report(): { connections: number; complaints: string[] } {
    const told = { connections, complaints }
    connections = 0
    complaints = []
    return told
  },
  async stop(): Promise<void> {
    stopped = true
    await working
  },
}

export type BrokenOrders = typeof orders

answerOrders(orders)
