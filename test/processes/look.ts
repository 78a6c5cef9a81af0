// What a server costs the process that it runs in.

import { readdirSync } from 'node:fs'
import type { Server, ServerStats } from 'brink'

export interface Look {
  readonly stats: ServerStats
  /** Resident memory, when the garbage is collected. */
  readonly memoryBytes: number
  /** The same without what V8 has set aside for objects and has none in: that grows and shrinks by many MiB. */
  readonly inUseBytes: number
  /** What of it JavaScript holds on to. */
  readonly heldBytes: number
  readonly descriptors: number
}

/** For a process with `--expose-gc`. */
export function lookAt(server: Server): Look {
  // The second one waits for what the first has left to be swept beside the program.
  for (let times = 0; times < 2; times += 1) globalThis.gc?.()
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
  return {
    stats: server.stats(),
    memoryBytes: rss,
    inUseBytes: rss - heapTotal + heapUsed,
    heldBytes: heapUsed + external,
    // But for the one that reads them.
    descriptors: readdirSync('/proc/self/fd').length - 1,
  }
}
