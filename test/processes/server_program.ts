// A server that is attacked, in a process of its own, so that its memory and its descriptors are nobody else's.

import { setTimeout as later } from 'node:timers/promises'
import { Router, type ServeOptions, type Server, serve } from 'brink'
import { type Look, lookAt } from './look.js'
import { answerOrders } from './orders.js'

/** Several of these are more than the buffers of a connection hold. */
export const PAGE_BYTES = 1024 * 1024

/** An answer that is made anew each time, so that each is in memory by itself. */
export const FRESH_BYTES = 8 * 1024

const page = Buffer.alloc(PAGE_BYTES, 'brink ')
const app = new Router()
  .get('/', () => 'hello')
  .get('/page', () => page)
  .get('/fresh', () => 'brink '.repeat(FRESH_BYTES / 6 + 1).slice(0, FRESH_BYTES))
  .get('/later', async () => {
    await later(20)
    return 'late'
  })
  .post('/', async (req) => req.bytes())

let server: Server

const orders = {
  async start(options: ServeOptions): Promise<{ port: number; backend: string; threads: number }> {
    server = await serve(app, { port: 0, host: '127.0.0.1', ...options })
    const { port, backend, threads } = server
    return { port, backend, threads }
  },
  look: (): Look => lookAt(server),
  /** The same in passing, garbage and all. */
  glance: () => ({ stats: server.stats(), memoryBytes: process.memoryUsage.rss() }),
  close: (): Promise<unknown> => server.close({ force: 1000 }),
}

export type ServerOrders = typeof orders

answerOrders(orders)
