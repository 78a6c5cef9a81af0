// The target beside go-httpbin at the same endpoints: requests per second of the server's CPU time.
//
//   npm run load:httpbin -- --go-httpbin /path/to/go-httpbin
//   npm run load:httpbin -- --go-httpbin /path/to/go-httpbin --rounds 5 --seconds 2 --only get
//
// The program is not part of this repository, and needs Go: `go install github.com/mccutchen/go-httpbin/v2/cmd/go-httpbin@latest`.

import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { parseArgs } from 'node:util'
import type { Load } from '../generator.js'
import { bestGenerator } from '../generators.js'
import { machine } from '../machine.js'
import { perCpuSecond, sample, warmUp } from '../sample.js'
import type { Server } from '../server.js'
import { median } from '../statistics.js'
import { grouped, markdownTable } from '../table.js'
import { startGoHttpbin, startTarget } from './servers.js'
import { WORKLOADS, type Workload } from './workloads.js'

const { values } = parseArgs({
  options: {
    'go-httpbin': { type: 'string', default: process.env.GO_HTTPBIN ?? 'go-httpbin' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '64' },
    only: { type: 'string', default: '' },
  },
})

function whole(name: 'rounds' | 'seconds' | 'connections'): number {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--${name} takes a whole number above 0, not ${values[name]}`)
}

const generator = bestGenerator()
const [rounds, seconds, connections] = [whole('rounds'), whole('seconds'), whole('connections')]

/** The names of the members of a JSON body: both must answer with the same. */
async function shape(url: string, { request }: Workload): Promise<string> {
  const { method, target, fields, body } = request
  const asking = httpRequest(url + target, { method, headers: Object.fromEntries(fields), agent: false }).end(body)
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  const bytes = Buffer.concat(await answer.toArray())
  const isJson = answer.headers['content-type']?.startsWith('application/json') === true
  return `${answer.statusCode} ${isJson ? Object.keys(JSON.parse(bytes.toString()) as object).sort() : bytes.length}`
}

const ATTEMPTS = 3
/** Of the seconds of a sample: a server under load works more than that, however busy the machine is. */
const LEAST_SHARE = 0.1

/** Measured again when the load generator was stopped before it had begun, as by a clock that was set. */
async function rate(server: Server, load: Load): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const measured = await sample(server.pid, load, generator)
    if (measured.cpuSeconds > LEAST_SHARE * load.seconds) return perCpuSecond(measured)
  }
  throw new Error(`${server.url} has hardly been asked in ${ATTEMPTS} attempts`)
}

async function compare(workload: Workload, servers: readonly [Server, Server]): Promise<string[]> {
  const [own, other] = await Promise.all(servers.map(({ url }) => shape(url, workload)))
  if (own !== other) throw new Error(`${workload.name}: the target answers ${own}, go-httpbin ${other}`)
  const { request, pipelining } = workload
  const load = ({ url }: Server) => ({ url, connections, seconds, pipelining, requests: [request] })
  for (const server of servers) await warmUp(server.pid, load(server), generator)
  const measured: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    // In turn, and the other way round each time: a moment in which the machine is busy is not one's alone.
    for (const place of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      measured[place].push(await rate(servers[place], load(servers[place])))
    }
  }
  const ratios = measured[0].map((rate, round) => rate / (measured[1][round] as number))
  return [workload.name, grouped(median(measured[0])), grouped(median(measured[1])), `${median(ratios).toFixed(1)}`]
}

const servers: [Server, Server] = [await startTarget(), await startGoHttpbin(values['go-httpbin'])]
const rows: string[][] = []
try {
  for (const workload of WORKLOADS.filter(({ name }) => name.startsWith(values.only))) {
    rows.push(await compare(workload, servers))
    console.log(rows.at(-1)?.join('  '))
  }
} finally {
  await Promise.all(servers.map((server) => server.stop()))
}
console.log(`
Requests per second of the server's CPU time, median of ${rounds} rounds of ${seconds} s; ${generator.name}, ${connections} connections.
${machine()}

${markdownTable(['endpoint', 'brink target', 'go-httpbin', 'ratio'], rows)}`)
