// h2load, one thread of it: as many connections at once as are wanted, each with a handshake of its own and one request,
// again and again. wrk would resume the sessions.

import { performance } from 'node:perf_hooks'
import { type Generator, requestsOf } from '../generator.js'
import { onCore } from '../pin.js'
import { outputOf } from '../program_output.js'
import { H2LOAD_OPTIONS } from './tls.js'

export const h2load: Generator = {
  name: 'h2load',
  saturates: true,
  async generate(load) {
    const number = String(load.connections)
    const [request] = requestsOf(load)
    const url = new URL(request?.target ?? '/', load.url).href
    const args = ['--h1', '-t1', `-n${number}`, `-c${number}`, ...H2LOAD_OPTIONS, url]
    const began = performance.now()
    let [requests, errors, spentMs] = [0, 0, 0]
    while (spentMs < load.seconds * 1000) {
      const counts = countsIn(await outputOf(onCore(1, 'h2load', args), 'h2load'))
      requests += counts.succeeded
      errors += counts.failed
      spentMs = performance.now() - began
    }
    // What it tells of times begins behind the handshake.
    return { requests, requestsPerSecond: (requests * 1000) / spentMs, p50Ms: Number.NaN, p99Ms: Number.NaN, errors }
  },
}

function countsIn(output: string): { succeeded: number; failed: number } {
  const [, succeeded, failed, errored] = /(\d+) succeeded, (\d+) failed, (\d+) errored/.exec(output) ?? []
  if (succeeded === undefined) throw new Error(`h2load was expected to count its requests, but wrote:\n${output}`)
  return { succeeded: Number(succeeded), failed: Number(failed) + Number(errored) }
}
