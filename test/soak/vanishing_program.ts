// Clients that will be gone in a moment, with their whole process: in the middle of a request, of an answer that they
// do not read, of an answer that is not there yet.

import { connect } from 'node:net'
import { answerOrders } from '../processes/orders.js'
import { get, head } from '../server/messages.js'

const IN_THE_MIDDLE = [
  get('/page').repeat(8),
  get('/later').repeat(8),
  get('/').repeat(64),
  `${head('POST', '/', 'Content-Length: 100000')}${'b'.repeat(50_000)}`,
  'GET / HTTP/1.1\r\nHost: br',
  '',
]

const orders = {
  /** Resolves when all are connected and have sent what they will send. */
  async start({ port, clients }: { port: number; clients: number }): Promise<void> {
    const come = (index: number) =>
      new Promise<void>((resolve) => {
        const socket = connect({ port, host: '127.0.0.1' }, () => {
          socket.write(IN_THE_MIDDLE[index % IN_THE_MIDDLE.length] as string, () => resolve())
        })
        socket.on('error', () => resolve())
      })
    await Promise.all(Array.from({ length: clients }, (_, index) => come(index)))
  },
}

export type VanishingOrders = typeof orders

answerOrders(orders)
