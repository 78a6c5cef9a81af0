// Does a request fail while workers are reloaded under load?
//
//   npm run load:reloads                                       # a minute for each server
//   npm run load:reloads -- --seconds 20 --every 2
//   npm run load:reloads -- --servers brink --connections 64 --clients 100
//
// Each server runs in two or more processes, and replaces them one by one when it is told to. Beside a load generator,
// which never rests, there are clients that keep their connections, because those that idle are in danger. Failures are
// what counts: the servers are measured one after the other, so their numbers of requests do not compare.

import { parseArgs } from 'node:util'
import { bestGenerator } from '../generators.js'
import { machine } from '../machine.js'
import { grouped, markdownTable } from '../table.js'
import { measure, type Plan, type Reloads } from './measure.js'
import { namedServers } from './servers.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    every: { type: 'string', default: '5' },
    connections: { type: 'string', default: '16' },
    clients: { type: 'string', default: '34' },
    workers: { type: 'string', default: '2' },
    servers: { type: 'string', default: 'brink,cluster' },
  },
})

function whole(name: 'seconds' | 'every' | 'connections' | 'clients' | 'workers', most: number): number {
  const value = Number(values[name])
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new Error(`--${name} takes a whole number from 1 to ${most}, not ${values[name]}`)
}

function row(name: string, { requests, failures, reloads }: Reloads): string[] {
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
  const how = [...failures].map(([what, count]) => `${grouped(count)} ${what}`).join(', ')
  return [name, grouped(requests), grouped(failed), how || 'none', String(reloads)]
}

const generator = bestGenerator()
const plan: Plan = {
  seconds: whole('seconds', 3600),
  every: whole('every', 600),
  connections: whole('connections', 1000),
  clients: whole('clients', 1000),
  workers: whole('workers', 64),
}
const rows: string[][] = []
for (const server of namedServers(values.servers.split(','))) {
  const measured = await measure(server, plan, generator)
  const last = row(server.name, measured)
  console.log(`${server.name}: ${last[1]} requests, ${last[2]} failed, ${measured.reloads} reloads`)
  rows.push(last)
}
console.log(`
${plan.seconds} s, a reload every ${plan.every} s, ${plan.workers} workers; ${generator.name} with ${plan.connections} connections, and \
${plan.clients} clients that keep theirs.
${machine()}

${markdownTable(['server', 'requests', 'failed', 'how', 'reloads'], rows)}`)
