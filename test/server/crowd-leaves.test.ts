// A crowd that leaves costs the app no more than its connections, however large the app's heap is.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { connect } from './raw_client.js'
import { until, within } from './waiting.js'

// select() takes no descriptor above 1,023.
const CROWD = process.env.BRINK_BACKEND === 'select' ? 900 : 1_150
/** A trim of the allocator took 75 ms of such a heap, and connections that end take 5. */
const MOST_CPU_MS = 30

test('an app with a large heap does not stall when a crowd leaves', async () => {
  const program = fileURLToPath(new URL('./programs/large_heap.js', import.meta.url))
  const child = fork(program, { execArgv: ['--expose-gc'] })
  try {
    const heard = async <T>(): Promise<T> => (await within(once(child, 'message'), 'the server'))[0] as T
    const ask = (): Promise<{ most: number; open: number }> => {
      const answer = heard<{ most: number; open: number }>()
      child.send('ask')
      return answer
    }
    const { port } = await heard<{ port: number }>()
    const clients = await Promise.all(Array.from({ length: CROWD }, () => connect({ port })))
    await until(async () => (await ask()).open === CROWD, 'all are there')
    child.send('watch')
    for (const client of clients) client.crash()
    await until(async () => (await ask()).open === 0, 'all have left')
    for (let turns = 0; turns < 20; turns += 1) await ask()
    const { most } = await ask()
    assert.ok(most < MOST_CPU_MS, `${most} ms of CPU in one turn of the loop`)
  } finally {
    child.kill('SIGKILL')
  }
})

test.run()
