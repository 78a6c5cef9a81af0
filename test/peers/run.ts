// Thousands of requests, as they should be and not, to brink, node:http and nginx: where do they differ, and is brink right?
//
//   npm run test:peers -- --requests 5000 --seed 1

import { parseArgs } from 'node:util'
import { hasNginx } from './nginx.js'
import { runTrial } from './trial.js'

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '5000' }, seed: { type: 'string', default: '1' } },
})
const v = await runTrial(['node:http', ...(hasNginx() ? ['nginx' as const] : [])], Number(values.seed), Number(values.requests))
console.log(v.cases, v.accepted, v.refused)
for (const f of v.failures) console.log(`${f}\n`)
console.log(v.failures.length)
