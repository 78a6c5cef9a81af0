// brink and its peers at the same work, side by side: requests per second of server CPU time.
//
//   npm run load:compare                                      # all of it: writes load/reports/compare.svg, .md and .json
//   npm run load:compare -- --workloads json,echo --peers brink,uws,node --rounds 7 --seconds 2
//   npm run load:compare -- --workloads close --keep          # keeps what an earlier run measured of the others
//   npm run load:compare -- --draw                            # tells and draws the last run again
//
// Besides the workloads of workloads.ts there are half (latency at half of the load), idle (memory), start (time) and
// size (of the addon).

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bestGenerator } from '../generators.js'
import { machine } from '../machine.js'
import { compare, type Plan } from './comparing.js'
import { measureHalfLoad } from './half_load.js'
import { idleCost } from './idle_cost.js'
import { installPeers } from './install.js'
import { findPeers, isMissing, PEER_NAMES, type Peer, USUAL_PEERS } from './peers.js'
import { picture } from './picture.js'
import { report } from './report.js'
import type { Result } from './result.js'
import { measureSizes } from './sizes.js'
import { measureStart, STARTERS } from './starts.js'
import { makeSecrets } from './tls.js'
import { fileContents, WORKLOADS, type Workload } from './workloads.js'

/** What those that no workload is for are asked. */
const GREETING = WORKLOADS[0] as Workload
const FIGURES = ['half', 'idle', 'start', 'size']
const WORKLOAD_NAMES = [...WORKLOADS.map(({ name }) => name), ...FIGURES]

const { values } = parseArgs({
  options: {
    workloads: { type: 'string', default: WORKLOAD_NAMES.join(',') },
    peers: { type: 'string', default: USUAL_PEERS.join(',') },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    idle: { type: 'string', default: '10000' },
    to: { type: 'string', default: 'load/reports' },
    name: { type: 'string', default: 'compare' },
    keep: { type: 'boolean', default: false },
    draw: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const HELP = `npm run load:compare -- [option …]

  --workloads a,b    only these of ${WORKLOAD_NAMES.join(', ')}
  --peers a,b        only these of ${PEER_NAMES.join(', ')}
  --rounds 5         how often each is measured, in turn
  --seconds 3        for how long
  --connections 64   of the load generator
  --idle 10000       connections whose memory is measured
  --to load/reports  where the report is written
  --name compare     of its files
  --keep             keeps what an earlier run has measured of the others
  --draw             measures nothing, and writes the report of the last run again
`
const REPORT = `${values.to}/${values.name}`
const numbersFile = `${REPORT}.json`

function chosen(given: string, names: readonly string[], what: string): string[] {
  const list = given.split(',')
  const unknown = list.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Error(`There is no ${what} ${unknown}. There are: ${names.join(', ')}.`)
  return list
}

function count(name: 'rounds' | 'seconds' | 'connections' | 'idle'): number {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--${name} is a number above 0, not ${values[name]}.`)
}

async function measure(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('The CPU time of single threads can be read on Linux only.')
  const wanted = chosen(values.workloads, WORKLOAD_NAMES, 'workload')
  const names = chosen(values.peers, PEER_NAMES, 'peer')
  const trouble = installPeers()
  if (trouble !== undefined) console.log(trouble)
  const found = findPeers(names)
  const peers = found.filter((each): each is Peer => !isMissing(each))
  const missing = found.filter(isMissing)
  for (const { name, why } of missing) console.log(`${name} is left out: ${why}`)

  const generator = bestGenerator()
  const result: Result = {
    ...earlier(),
    machine: machine(),
    generator: generator.name,
    saturates: generator.saturates,
    date: new Date().toISOString().slice(0, 10),
    idleConnections: count('idle'),
  }
  result.peers = merged(
    result.peers,
    peers.map(({ name, about }) => ({ name, about })),
    PEER_NAMES,
  )
  result.missing = missing
  const folder = mkdtempSync(join(tmpdir(), 'brink-compare-'))
  const files = join(folder, 'files')
  mkdirSync(files)
  for (const each of [folder, files]) chmodSync(each, 0o755) // nginx reads them as somebody else
  for (const [name, content] of fileContents) writeFileSync(join(files, name), content)
  const isSecure = WORKLOADS.some(({ name, needs }) => needs === 'tls' && wanted.includes(name))
  const plan: Plan = {
    rounds: count('rounds'),
    seconds: count('seconds'),
    connections: count('connections'),
    files,
    ...(isSecure && { secrets: makeSecrets(folder) }),
    generator,
  }
  try {
    for (const workload of WORKLOADS.filter(({ name }) => wanted.includes(name))) {
      console.log(workload.title)
      result.workloads = merged(result.workloads, [await compare(workload, peers, plan)], WORKLOAD_NAMES)
      write(result)
    }
    if (wanted.includes('half')) {
      console.log('half of the load')
      result.half = await measureHalfLoad(GREETING, peers, plan)
      write(result)
    }
    if (wanted.includes('idle')) await measureIdle(result, peers, plan)
    if (wanted.includes('start')) await measureStarts(result, peers)
    if (wanted.includes('size')) result.sizes = measureSizes()
    write(result)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function earlier(): Pick<Result, 'peers' | 'missing' | 'workloads' | 'half' | 'idle' | 'starts' | 'sizes'> {
  if (values.keep) return JSON.parse(readFileSync(numbersFile, 'utf8')) as Result
  return { peers: [], missing: [], workloads: [], half: [], idle: [], starts: [], sizes: [] }
}

/** The new ones in the place of the old of the same name, in the order of the names. */
function merged<Named extends { name: string }>(old: Named[], fresh: Named[], order: readonly string[]): Named[] {
  const kept = old.filter(({ name }) => !fresh.some((each) => each.name === name))
  return [...kept, ...fresh].toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
}

async function measureIdle(result: Result, peers: Peer[], plan: Plan): Promise<void> {
  console.log(`the memory of ${result.idleConnections} idle connections`)
  result.idle = peers.filter((peer) => !peer.isYardstick).map(({ name }) => ({ peer: name, rounds: [] }))
  for (let round = 1; round <= plan.rounds; round++) {
    for (const line of result.idle) {
      const peer = peers.find(({ name }) => name === line.peer) as Peer
      const server = await peer.start(GREETING, plan)
      try {
        line.rounds.push(await idleCost(server, result.idleConnections, plan.generator))
      } catch (error) {
        console.log(`  ${peer.name} is left out: ${(error as Error).message}`)
      } finally {
        await server.stop()
      }
    }
    const told = result.idle.map(({ peer, rounds }) => `${peer} ${rounds.at(-1)?.bytesPerConnection.toFixed(0) ?? '-'}`)
    console.log(`  round ${round}, bytes for each: ${told.join(', ')}`)
  }
  result.idle = result.idle.filter(({ rounds }) => rounds.length > 0)
}

async function measureStarts(result: Result, peers: Peer[]): Promise<void> {
  console.log('the start')
  const starters = STARTERS.filter((name) => peers.some((peer) => peer.name === name))
  result.starts = starters.map((peer) => ({ peer, rounds: [] }))
  for (let round = 1; round <= Math.max(count('rounds'), 7); round++) {
    for (const line of result.starts) line.rounds.push(await measureStart(line.peer))
  }
}

function write(result: Result): void {
  mkdirSync(values.to, { recursive: true })
  writeFileSync(numbersFile, `${JSON.stringify(result, null, 2)}\n`)
  writeFileSync(`${REPORT}.svg`, picture(result))
  writeFileSync(`${REPORT}.md`, report(result, values.name))
}

if (values.help) {
  process.stdout.write(HELP)
} else {
  if (values.draw) write(JSON.parse(readFileSync(numbersFile, 'utf8')) as Result)
  else await measure()
  console.log(`Written: ${REPORT}.svg, ${values.name}.md, ${values.name}.json`)
}
