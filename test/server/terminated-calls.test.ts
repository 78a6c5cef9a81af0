// Workers that are terminated in the middle of a call of the addon: from then on, what could run JavaScript fails, and
// the addon goes on to the end of the call with what it has.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import { within } from './waiting.js'

const WORKERS = 4
const CALLS = ['new Reactor', 'listen', 'setDeadlines', 'setFixed', 'lend', 'flush', 'losers', 'stats', 'open', 'read']

for (const call of [...CALLS, 'isSameAs']) {
  test(`a worker that is terminated in the middle of ${call} ends alone`, async () => {
    for (let times = 0; times < WORKERS; times += 1) {
      const worker = new Worker(new URL('./programs/calling_worker.js', import.meta.url), { workerData: call })
      await within(once(worker, 'message'), 'the worker to call')
      await within(worker.terminate(), 'the worker to end')
    }
  })
}

test.run()
