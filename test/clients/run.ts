// Real clients at their work: curl, a browser, and crowds that are watched for what they cost.
//
//   npm run test:clients                    on one kind of server of each host
//   npm run test:clients -- --full          the same with 1 GiB, and everything on every kind of server
//   npm run test:clients -- curl select     only suites whose name, or name and variant, has all of these

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { oneOfEachHost, type Variant, variants } from '../variants.js'
import { browser, browserOverTls } from './browser.js'
import { crowds } from './crowds.js'
import { curl } from './curl.js'
import { livePage } from './live_page.js'
import { loadTools } from './load_tools.js'
import { memory, memoryOverTls } from './memory.js'
import { promtool } from './promtool.js'
import { proxies } from './proxies.js'
import { type Count, runSuite, type Suite } from './suite.js'
import { tls } from './tls.js'
import { vanishing } from './vanishing.js'

const { values, positionals } = parseArgs({
  options: { full: { type: 'boolean', default: false } },
  allowPositionals: true,
})

const suites: readonly Suite[] = [
  curl,
  tls,
  browser,
  browserOverTls,
  livePage,
  proxies,
  promtool,
  loadTools,
  memory,
  memoryOverTls,
  vanishing,
  crowds,
]
const chosen = values.full || positionals.length > 0 ? variants : oneOfEachHost
const jobs = suites
  .flatMap((suite) => chosen.map((variant): [Suite, Variant] => [suite, variant]))
  .filter(([suite, variant]) => positionals.every((word) => `${suite.name} [${variant.name}]`.includes(word)))

const total: Count = { passed: 0, failed: 0 }
const waiting = jobs.filter(([{ tool }]) => tool === undefined || tool.isThere())
for (const missing of new Set(jobs.flatMap(([{ tool }]) => (tool?.isThere() === false ? [tool.missing] : [])))) {
  console.log(`skip ${missing}`)
  if (process.env.CI === 'true') total.failed += 1
}

async function work(): Promise<void> {
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
    const { passed, failed } = await runSuite(...job, { full: values.full })
    total.passed += passed
    total.failed += failed
  }
}

await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work))
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
