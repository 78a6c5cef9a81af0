// Runs chapters of the table on node:http and on the server under test, in a process of its own: a crash costs one
// chapter.
//
//   node dist/test/frameworks/program.js SUBJECT CHAPTER [PART]

import { createServer as nodeServer } from 'node:http'
import { DIFFERS, type Extent, extentOf, worse } from './differences.js'
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
  const row = `${chapter}: ${exchange.name}`
  const listed = extentOf(row)
  let worst: Extent | undefined
  for (const watched of [false, true]) {
    const { extent, complaint } = await compared(exchange, watched).catch(unrunnable)
    worst = worse(worst, extent)
    if (extent === undefined || worse(listed, extent) === listed) passed += 1
    else {
      failed += 1
      console.log(`FAIL ${row}${watched ? ' (watched)' : ''}\n${complaint}\n`)
    }
  }
  if (listed !== undefined && worst !== listed) console.log(`${row}: no longer differs by ${listed}`)
  if (worst !== undefined) console.log(`${DIFFERS}${JSON.stringify([row, worst])}`)
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

interface Outcome {
  /** How far the two differ, if they do. */
  readonly extent: Extent | undefined
  readonly complaint: string
}

function unrunnable(error: unknown): Outcome {
  return { extent: 'hangs', complaint: `it cannot be run: ${error}` }
}

async function compared(exchange: Exchange, watched: boolean): Promise<Outcome> {
  const expected = await runTrial(exchange, nodeServer as CreateServer, watched)
  const got = await runTrial(exchange, createServer, watched)
  // Rows are made by what node:http does: one that waits there for what never comes is wrong itself.
  const waits = told(expected).find((line) => UNFIT.test(line))
  if (waits !== undefined) return { extent: 'hangs', complaint: `node:http itself: ${waits}` }
  const complaint = difference(expected, got, exchange.interleaved === true)
  return complaint === undefined
    ? { extent: undefined, complaint: '' }
    : { extent: extentBetween(expected, got), complaint }
}

function extentBetween(expected: Transcript, got: Transcript): Extent {
  if (told(got).some((line) => UNFIT.test(line))) return 'hangs'
  if (difference(expected, got, true) === undefined) return 'order'
  return difference({ ...expected, server: [] }, { ...got, server: [] }, true) === undefined ? 'events' : 'bytes'
}

function told({ clients, server }: Transcript): string[] {
  return [...clients.flat(), ...server]
}
