// Clients that go away in the middle of an upload, a download, events or a WebSocket, wave after wave. Whoever gave them
// something or took it has to stop, and nothing of them may stay.

import * as assert from 'uvu/assert'
import type { Look } from '../processes/look.js'
import { startWorker } from '../processes/orders.js'
import { until } from '../server/waiting.js'
import type { CrowdOrders } from './crowd_program.js'
import { mib } from './resident.js'
import type { StreamingOrders } from './streaming_program.js'
import type { Suite } from './suite.js'

const WAVE = 100
/** What JavaScript may hold besides: some more blocks for replies, and no more than 400 bytes for each of 10,000. */
const MOST_HELD_BYTES = 4 * 2 ** 20
/** What the process may have grown by: malloc keeps so much more or less. */
const MOST_GROWTH_BYTES = 12 * 2 ** 20

export const vanishing: Suite = {
  name: 'vanishing',
  async run({ name, backend, threads }, check, { full }) {
    if (!full && !name.startsWith('epoll ')) return
    const [firstWaves, waves] = full ? [20, 100] : [8, 12]
    const server = startWorker<StreamingOrders>('clients/streaming_program')
    const clients = startWorker<CrowdOrders>('clients/crowd_program')
    try {
      const { port } = await server.order('start', { backend, threads })
      let came = 0
      const wave = async () => {
        await clients.order('come', { port, clients: WAVE })
        came += WAVE
        await server.order('begun', came)
        await clients.order('vanish')
        await server.order('ended', came)
      }
      const quiet = async () => {
        await until(async () => (await server.order('counts')).open === 0, 'no connection is open')
        return server.order('look')
      }
      // The tables and the code get their size.
      for (let n = 0; n < firstWaves; n += 1) await wave()
      const before = await quiet()

      await check(`${waves * WAVE} clients vanish, and all that worked for them stops`, async () => {
        for (let n = 0; n < waves; n += 1) await wave()
        const { begun, ended } = await server.order('counts')
        assert.equal([begun, ended], [came, came])
      })
      const after = await quiet()
      await check('no descriptor is left', async () => {
        assert.is(after.descriptors, before.descriptors)
        return `${before.descriptors} before and after`
      })
      await check('nor is memory', async () => {
        const of = (look: Look) => `${mib(look.inUseBytes)}, of which JavaScript holds ${mib(look.heldBytes)}`
        const measured = `${of(before)}; afterwards ${of(after)}`
        assert.ok(after.heldBytes - before.heldBytes <= MOST_HELD_BYTES, measured)
        assert.ok(after.inUseBytes - before.inUseBytes <= MOST_GROWTH_BYTES, measured)
        return measured
      })
      await server.order('close')
    } finally {
      await clients.kill()
      await server.kill()
    }
  },
}
