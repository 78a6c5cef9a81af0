// How much garbage does a request leave behind in JavaScript, when its handler is synchronous and answers a constant
// string? Counts what V8 tells of its collections (--trace-gc) over a million requests.
//
//   npm run load:garbage
//   npm run load:garbage -- --requests 5000000

import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { Generator, Load } from './generator.js'
import { bestGenerator } from './generators.js'
import { nodeOnCore } from './pin.js'
import { startProgram } from './server.js'
import { grouped, table } from './table.js'

const PIPELINING = [1, 16]
const CONNECTIONS = 64
/** Requests after which the code that answers is compiled, and what it keeps is made. */
const WARM_UP = 300_000

const { values } = parseArgs({ options: { requests: { type: 'string', default: '1000000' } } })

/** One collection, as in "Scavenge 4.9 (5.8) -> 4.2 (6.8) MB, …". */
interface Collection {
  isScavenge: boolean
  freedMegabytes: number
}

function collectionIn(line: string): Collection | undefined {
  const [, kind, before, after] = /: (Scavenge|Mark-Compact)[^:]*? ([\d.]+) \([\d.]+\) -> ([\d.]+) \(/.exec(line) ?? []
  if (kind === undefined) return undefined
  return { isScavenge: kind === 'Scavenge', freedMegabytes: Number(before) - Number(after) }
}

/** At least so many requests: how many there were. */
async function generate(generator: Generator, load: Load, wanted: number): Promise<number> {
  let requests = 0
  while (requests < wanted) {
    const outcome = await generator.generate(load)
    if (outcome.errors > 0) throw new Error(`${outcome.errors} of ${outcome.requests} requests failed`)
    requests += outcome.requests
  }
  return requests
}

const collections: Collection[] = []
const server = await startProgram(
  nodeOnCore(0, ['--trace-gc', 'dist/cli.js', 'dist/routes', '--host', '127.0.0.1', '--port', '0']),
)
createInterface({ input: server.output }).on('line', (line) => {
  const collection = collectionIn(line)
  if (collection) collections.push(collection)
})
try {
  const generator = bestGenerator()
  const rows: string[][] = []
  for (const pipelining of PIPELINING) {
    const load: Load = { url: `${server.url}/plaintext`, connections: CONNECTIONS, seconds: 1, pipelining }
    await generate(generator, load, WARM_UP)
    collections.length = 0
    const requests = await generate(generator, load, Number(values.requests))
    const scavenges = collections.filter(({ isScavenge }) => isScavenge)
    const freed = collections.reduce((sum, { freedMegabytes }) => sum + freedMegabytes, 0)
    rows.push([
      `/plaintext${pipelining > 1 ? ` ×${pipelining}` : ''}`,
      grouped(requests),
      String(scavenges.length),
      String(collections.length - scavenges.length),
      freed.toFixed(1),
      ((freed * 2 ** 20) / requests).toFixed(1),
    ])
  }
  console.log(table(['', 'requests', 'scavenges', 'full collections', 'MB freed', 'bytes a request'], rows))
} finally {
  await server.stop()
}
