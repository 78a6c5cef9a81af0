// Many clients that stay: streams of events, and WebSockets that say nothing.

import * as assert from 'uvu/assert'
import { startWorker } from '../processes/orders.js'
import { until } from '../server/waiting.js'
import type { CrowdOrders } from './crowd_program.js'
import { mib } from './resident.js'
import type { StreamingOrders } from './streaming_program.js'
import type { Suite } from './suite.js'

const EVENTS = 50
const EVERY_MS = 100
const STREAMS = 1000
const SOCKETS = 2000
/** select() watches descriptors below 1,024 alone. */
const MOST_WITH_SELECT = 900
/** Of a process, for one idle WebSocket: `ws` has most of it. */
const MOST_SOCKET_BYTES = 16 * 1024

export const crowds: Suite = {
  name: 'crowds',
  async run({ backend, threads }, check) {
    const most = backend === 'select' ? MOST_WITH_SELECT : Infinity
    const streams = Math.min(STREAMS, most)
    const count = Math.min(SOCKETS, most)
    const server = startWorker<StreamingOrders>('clients/streaming_program')
    const clients = startWorker<CrowdOrders>('clients/crowd_program')
    const quiet = async () => {
      await until(async () => (await server.order('counts')).open === 0, 'no connection is open')
      return server.order('look')
    }
    try {
      const { url, port } = await server.order('start', { backend, threads })
      const before = await quiet()
      await check(`${count} WebSockets that say nothing, and then something`, async () => {
        await clients.order('open', { port, count })
        const { memoryBytes, descriptors } = await server.order('look')
        assert.is(descriptors - before.descriptors, count)
        assert.is(await clients.order('echo'), count)
        const each = (memoryBytes - before.memoryBytes) / count
        assert.ok(each <= MOST_SOCKET_BYTES, `${each} bytes each`)
        return `${(each / 1024).toFixed(1)} KiB each, ${mib(memoryBytes)} together`
      })
      await check('they close in order, and leave no descriptor', async () => {
        await clients.order('close')
        assert.is((await quiet()).descriptors, before.descriptors)
      })
      await check(`${streams} streams of ${EVENTS} events, one each ${EVERY_MS} ms: all come, in order`, async () => {
        const ticks = `${url}/ticks/${EVENTS}/${EVERY_MS}`
        const { cpuSeconds } = await server.order('counts')
        const seen = await clients.order('follow', { url: ticks, streams, count: EVENTS })
        assert.equal([seen.streams, seen.events, seen.wrong], [streams, streams * EVENTS, 0])
        const cost = (await server.order('counts')).cpuSeconds - cpuSeconds
        return `${cost.toFixed(1)} s of CPU, late by ${seen.p50Ms} ms (p50), ${seen.p99Ms} ms (p99), ${seen.longestMs} ms`
      })
      await server.order('close')
    } finally {
      await clients.kill()
      await server.kill()
    }
  },
}
