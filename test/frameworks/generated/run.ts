// Generated exchanges on both servers. One seed is one exchange, on every machine.
//
//   node --expose-gc dist/test/frameworks/generated/run.js SUBJECT FIRST-SEED COUNT

import { createServer } from 'node:http'
import { subject } from '../subjects.js'
import { difference } from '../twins/compare.js'
import type { CreateServer } from '../twins/exchange.js'
import { runTrial } from '../twins/trial.js'
import { makeExchange } from './generator.js'

const MOST_SHOWN = 10
const [subjectName = 'brink', first = '1', count = '300'] = process.argv.slice(2)
const other = await subject(subjectName)
let failed = 0

for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  const watched = seed % 2 === 0
  const expected = await runTrial(makeExchange(seed), createServer as CreateServer, watched)
  const got = await runTrial(makeExchange(seed), other, watched)
  const parting = difference(expected, got, true)
  if (parting === undefined) continue
  failed += 1
  if (failed <= MOST_SHOWN) console.log(`FAIL seed ${seed}${watched ? ' (watched)' : ''}\n${parting}\n`)
}
console.log(`${Number(count) - failed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
