// autocannon, in a process of its own: in this one it would share its core with nothing, but its numbers with our GC.

import { createRequire } from 'node:module'
import type { Result } from 'autocannon'
import type { Generator, Load, Outcome } from './generator.js'
import { nodeOnCore } from './pin.js'
import { outputOf } from './program_output.js'

export interface PipelinedLoad extends Load {
  /** Requests that each connection has on the way at once. */
  pipelining: number
}

export const autocannon: Generator = {
  name: 'autocannon',
  generate: (load) => cannonade({ ...load, pipelining: 1 }),
}

export async function cannonade({ url, connections, pipelining, seconds }: PipelinedLoad): Promise<Outcome> {
  const command = nodeOnCore(1, [
    createRequire(import.meta.url).resolve('autocannon'),
    '--json',
    '--no-progress',
    `--connections=${connections}`,
    `--pipelining=${pipelining}`,
    `--duration=${seconds}`,
    url,
  ])
  const { requests, latency, errors, non2xx } = JSON.parse(await outputOf(command, 'autocannon')) as Result
  return {
    requests: requests.total,
    requestsPerSecond: requests.average,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    errors: errors + non2xx,
  }
}
