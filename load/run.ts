// How fast is the built server, and what does a request cost?
//
//   npm run load -- --seconds 10 --connections 128
//
// What follows a lone -- goes to the server: npm run load -- --seconds 2 -- --backend poll

import { parseArgs } from 'node:util'
import { autocannon } from './autocannon.js'
import { cpuSeconds } from './cpu_time.js'
import type { Load } from './generator.js'
import { type Server, startServer } from './server.js'
import { grouped, table } from './table.js'

const PATHS = ['/plaintext', '/json']
const PIPELINING = [1, 16]

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
  },
  allowPositionals: true,
})

async function measure(server: Server, load: Load): Promise<string[]> {
  const before = cpuSeconds(server.pid)
  const { requests, requestsPerSecond, p50Ms, p99Ms, errors } = await autocannon.generate(load)
  const spent = cpuSeconds(server.pid) - before
  return [
    `${new URL(load.url).pathname}${(load.pipelining ?? 1) > 1 ? ` ×${load.pipelining}` : ''}`,
    grouped(requestsPerSecond),
    String(p50Ms),
    String(p99Ms),
    String(errors),
    grouped(requests / spent),
  ]
}

const server = await startServer(positionals)
console.log(server.banner)
try {
  const rows: string[][] = []
  for (const pipelining of PIPELINING) {
    for (const path of PATHS) {
      const url = server.url + path
      const connections = Number(values.connections)
      rows.push(await measure(server, { url, connections, pipelining, seconds: Number(values.seconds) }))
    }
  }
  console.log(table(['', 'requests/s', 'p50 ms', 'p99 ms', 'errors', 'requests per CPU second'], rows))
} finally {
  await server.stop()
}
