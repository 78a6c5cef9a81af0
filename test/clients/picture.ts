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
const SECONDS = 80
const SIZE = { width: 1200, height: 1010 }
const PLAN = {
  repeat: true,
  phases: [
    { name: 'good', for: '25s', fault: 'delay=lognormal(1ms, 0.3):20%' },
    { name: 'outage', for: '10s', fault: 'delay=lognormal(8ms, 0.8); status=503:15%; reset=head:0.5%' },
    { name: 'slow', for: '18s', fault: 'delay=lognormal(3ms, 0.6)' },
  ],
}
/** So few that the machine has time for the browser, too. */
const RATE = 3000

const t = await target({ host: '127.0.0.1', threads: 2, seed: 7, plan: PLAN })
const page = await DebuggedPage.open(`${t.url}/_brink/`, SIZE)
const autocannon = createRequire(import.meta.url).resolve('autocannon/autocannon.js')
const usual = ['-c', '60', '-R', `${RATE}`, '-d', `${SECONDS}`]
const load = spawn(process.execPath, [autocannon, ...usual, `${t.url}/json`], { stdio: 'ignore' })
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
