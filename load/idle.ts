// The idle clients, in a process of their own, so that ten thousand sockets are nobody else's garbage collection.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { nodeOnCore, withManyDescriptors } from './pin.js'

export interface IdleClients {
  /** How many the server keeps: fewer than were asked for when it is full. */
  held: number
  /** Hangs up, and tells how many were left to hang up. */
  release(): Promise<number>
}

const program = fileURLToPath(new URL('./idle_clients.js', import.meta.url))

export async function holdIdle(url: string, count: number): Promise<IdleClients> {
  const [command, args] = withManyDescriptors(nodeOnCore(1, [program, url, String(count)]))
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextNumber = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('The idle clients ended too early')
    return Number(value)
  }
  return {
    held: await nextNumber(),
    release() {
      child.stdin.end()
      return nextNumber()
    },
  }
}
