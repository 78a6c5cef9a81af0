// autocannon, in a process of its own: in this one it would share its core with nothing, but its numbers with our GC.

import { createRequire } from 'node:module'
import type { Result } from 'autocannon'
import { type Generator, requestsOf } from './generator.js'
import { nodeOnCore } from './pin.js'
import { outputOf } from './program_output.js'

export const autocannon: Generator = {
  name: 'autocannon',
  saturates: false,
  async generate(load) {
    // Its command line takes one request; of several that differ in their targets only, the first will do.
    const [request] = requestsOf(load)
    if (request === undefined) throw new Error('There is nothing to send')
    const command = nodeOnCore(1, [
      createRequire(import.meta.url).resolve('autocannon'),
      '--json',
      '--no-progress',
      `--connections=${load.connections}`,
      `--pipelining=${load.pipelining ?? 1}`,
      `--duration=${load.seconds}`,
      `--method=${request.method}`,
      ...request.fields.map(([name, value]) => `--headers=${name}=${value}`),
      ...(request.body === undefined ? [] : [`--body=${request.body}`]),
      new URL(request.target, load.url).href,
    ])
    const { requests, latency, errors, non2xx } = JSON.parse(await outputOf(command, 'autocannon')) as Result
    return {
      requests: requests.total,
      requestsPerSecond: requests.average,
      p50Ms: latency.p50,
      p99Ms: latency.p99,
      errors: errors + non2xx,
    }
  },
}
