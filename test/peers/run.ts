// Thousands of requests, as they should be and not, to brink, node:http and nginx. Where is brink not by the book? Where
// do the others differ from it, and is there a reason? Then HAProxy and nginx in front of it: is the client known?
//
//   npm run test:peers -- --requests 5000 --seed 1
//
// A case is made from its seed alone: --seed 4711 --requests 1 repeats one.

import { parseArgs } from 'node:util'
import { missingFor } from '../proxy_program.js'
import type { PeerName } from './peers.js'
import { tryProxies } from './proxies.js'
import { explainedTable } from './report.js'
import { runTrial } from './trial.js'

const MOST_SHOWN = 20

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '5000' }, seed: { type: 'string', default: '1' } },
})

const peers: PeerName[] = ['node:http']
let problems = 0
const missing = missingFor('nginx')
if (missing === undefined) peers.push('nginx')
else {
  console.log(missing)
  if (process.env.CI === 'true') problems += 1
}

const verdict = await runTrial(peers, Number(values.seed), Number(values.requests))
problems += verdict.failures.length
for (const failure of verdict.failures.slice(0, MOST_SHOWN)) console.log(`FAIL ${failure}\n`)
if (verdict.failures.length > MOST_SHOWN) console.log(`… and ${verdict.failures.length - MOST_SHOWN} more\n`)
console.log(explainedTable(verdict))
console.log(`\n${verdict.cases} connections: the app saw ${verdict.accepted} requests, ${verdict.refused} were refused`)
const proxies = await tryProxies()
problems += proxies.failures.length
for (const failure of proxies.failures) console.log(`FAIL ${failure}`)
console.log(`${proxies.passed} ways through a proxy`)
console.log(`${verdict.cases - verdict.failures.length + proxies.passed} passed, ${problems} failed`)
process.exitCode = problems > 0 ? 1 : 0
