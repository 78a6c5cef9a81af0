// Puts a server under load from a process of its own, pinned to core 1: wrk where it is installed, as it is quick
// enough to leave the server no rest; autocannon otherwise.

import { spawnSync } from 'node:child_process'
import { autocannon } from './autocannon.js'
import { wrk } from './wrk.js'

export interface Load {
  url: string
  connections: number
  /** Whole seconds. */
  seconds: number
}

/** What the generator saw. */
export interface Outcome {
  requests: number
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Connections that failed, timeouts, and answers that are not 2xx. */
  errors: number
}

export interface Generator {
  name: string
  generate(load: Load): Promise<Outcome>
}

export function bestGenerator(): Generator {
  // wrk ends with 1 when asked for its version; that it could be started is what matters.
  return spawnSync('wrk', ['--version']).error === undefined ? wrk : autocannon
}
