// Puts a server under load from a process of its own, pinned to core 1: wrk where it is installed, as it is quick
// enough to leave the server no rest; autocannon otherwise.

import { spawnSync } from 'node:child_process'
import { autocannon } from './autocannon.js'
import { get, type Request } from './request.js'
import { wrk } from './wrk.js'

export interface Load {
  /** Where to; and what for, unless requests say so. */
  url: string
  connections: number
  /** Whole seconds. */
  seconds: number
  /** Requests that each connection has on the way at once; one at a time without it. */
  pipelining?: number
  /** Sent in turn. */
  requests?: readonly Request[]
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
  /** Whether it is quick enough for servers that are quick. */
  saturates: boolean
  generate(load: Load): Promise<Outcome>
}

export function bestGenerator(): Generator {
  // wrk ends with 1 when asked for its version; that it could be started is what matters.
  return spawnSync('wrk', ['--version']).error === undefined ? wrk : autocannon
}

export function requestsOf({ url, requests }: Load): readonly Request[] {
  const { pathname, search } = new URL(url)
  return requests ?? [get(pathname + search)]
}
