// Runs chapters of the table on node:http and on the server under test, in a process of its own: a crash costs one
// chapter.
//
//   node dist/test/frameworks/program.js SUBJECT CHAPTER [PART]

import { createServer as nodeServer } from 'node:http'
import { differenceOf } from './differences.js'
import { subject } from './subjects.js'
import { chapters } from './table/chapters.js'
import { difference } from './twins/compare.js'
import type { CreateServer, Exchange } from './twins/exchange.js'
import { runTrial, type Transcript } from './twins/trial.js'

const [subjectName = 'brink', chapter = '', part = ''] = process.argv.slice(2)
const createServer = await subject(subjectName)
const exchanges = (chapters[chapter] ?? []).filter(({ name }) => name.includes(part))
const UNFIT = /^(waited in vain|neither an answer|the server does not end|the script fails)/

let passed = 0
let failed = 0

for (const exchange of exchanges) {
  for (const watched of [false, true]) {
    const complaint = await compared(exchange, watched).catch((error: unknown) => `it cannot be run: ${error}`)
    if (complaint === undefined) passed += 1
    else {
      failed += 1
      console.log(`FAIL ${chapter}: ${exchange.name}${watched ? ' (watched)' : ''}\n${complaint}\n`)
    }
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

async function compared(exchange: Exchange, watched: boolean): Promise<string | undefined> {
  const expected = await runTrial(exchange, nodeServer as CreateServer, watched)
  const got = await runTrial(exchange, createServer, watched)
  // Rows are made by what node:http does: one that waits there for what never comes is wrong itself.
  const waits = told(expected).find((line) => UNFIT.test(line))
  if (waits !== undefined) return `node:http itself: ${waits}`
  const interleaved = exchange.interleaved === true
  const parting = difference(expected, got, interleaved)
  const known = differenceOf(`${chapter}: ${exchange.name}`)
  if (parting === undefined || known === undefined) return parting
  if (known.extent === 'order') return difference(expected, got, true)
  if (known.extent === 'events') return difference({ ...expected, server: [] }, { ...got, server: [] }, interleaved)
  return told(got).some((line) => UNFIT.test(line)) ? parting : undefined
}

function told({ clients, server }: Transcript): string[] {
  return [...clients.flat(), ...server]
}
