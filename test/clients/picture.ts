// Takes the picture of the live page that docs/target.md shows: a target under load, with a plan of three phases.
//
//   npm run picture

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { target } from 'brink/target'
import { DebuggedPage } from './devtools.js'

const FILE = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/target.png')
const SECONDS = 75
const SIZE = { width: 1200, height: 1010 }
const PLAN = {
  repeat: true,
  phases: [
    { name: 'good', for: '25s', fault: 'delay=lognormal(2ms, 0.4)' },
    { name: 'outage', for: '8s', fault: 'delay=lognormal(6ms, 0.8); status=503:5%; reset=head:0.2%' },
    { name: 'slow', for: '20s', fault: 'delay=lognormal(4ms, 0.6)' },
  ],
}

const t = await target({ host: '127.0.0.1', threads: 2, seed: 7, plan: PLAN })
const page = await DebuggedPage.open(`${t.url}/_brink/`, SIZE)
const autocannon = createRequire(import.meta.url).resolve('autocannon/autocannon.js')
const load = spawn(process.execPath, [autocannon, '-c', '40', '-d', `${SECONDS}`, `${t.url}/json`], { stdio: 'ignore' })
setTimeout(
  async () => {
    const picture = await page.picture()
    writeFileSync(FILE, picture)
    console.log(`${FILE}: ${picture.length} bytes`)
    load.kill()
  },
  (SECONDS - 5) * 1000,
)
await once(load, 'exit')
await page.close()
await t.close()
