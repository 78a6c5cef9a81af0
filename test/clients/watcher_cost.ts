// What a page that watches costs a target.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { runBrink } from '../server/programs.js'
import { connect } from '../server/raw_client.js'
import type { Variant } from '../variants.js'
import { DebuggedPage } from './devtools.js'

/** The page asks for the statistics so often. */
const SECONDS = 5
const WINDOWS = 3
/** Of a core. */
const MOST = 0.01
const NS_OF_SECOND = 1e9
const ROUNDS = 200
const PIPELINED = 50

/** The CPU time of a process so far, in seconds. */
function cpuOf(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const times = tasks.map((task) => Number(/^\d+/.exec(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8'))))
  return times.reduce((sum, time) => sum + time, 0) / NS_OF_SECOND
}

/** The share of a core that a process uses while it answers nobody: the least of some times, because a busy machine adds to it. */
async function shareOf(pid: number): Promise<number> {
  const shares: number[] = []
  while (shares.length < WINDOWS) {
    const [before, beganAt] = [cpuOf(pid), performance.now()]
    await sleep(SECONDS * 1000)
    shares.push((cpuOf(pid) - before) / ((performance.now() - beganAt) / 1000))
  }
  return Math.min(...shares)
}

/** The share of a core that a watcher costs, with statistics that have something to tell. */
export async function watcherCost({ backend, threads }: Variant): Promise<string> {
  const brink = runBrink(['target', '--json', '--port', '0', '--host', '127.0.0.1', '--threads', `${threads}`], {
    BRINK_BACKEND: backend,
  })
  try {
    const { url, port, pid } = JSON.parse((await brink.says(/^\{.*\}\n/))[0])
    const client = await connect({ port })
    for (let round = 0; round < ROUNDS; round += 1) {
      await client.send(get('/json').repeat(PIPELINED)).receive(PIPELINED)
    }
    client.leave()
    const without = await shareOf(pid)
    const page = await DebuggedPage.open(`${url}/_brink/`)
    try {
      await page.holds(`document.querySelector('#link')?.dataset.state === 'live'`)
      await page.holds(`document.querySelector('.plot canvas')`)
      const share = (await shareOf(pid)) - without
      assert.ok(share < MOST, `${(share * 100).toFixed(2)} % of a core`)
      return `${(share * 100).toFixed(2)} % of a core`
    } finally {
      await page.close()
    }
  } finally {
    brink.child.kill('SIGTERM')
    await brink.ended()
  }
}
