// Thousands of slow clients in one process. Each does one thing for ever, until the server ends its connection.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { answerOrders } from '../processes/orders.js'
import { beginOfHello, clientHello, HANDSHAKE, record } from '../server/client_hello.js'
import { get, head } from '../server/messages.js'

export interface CrowdPlan {
  readonly port: number
  readonly clients: number
  readonly habit: Habit
  /** Those that were cut off come again. */
  readonly persistent?: boolean
}

export type Habit =
  | 'a byte of a head'
  | 'a byte of a body'
  | 'a byte of a chunk size'
  | 'nothing'
  | 'never reads'
  | 'half a handshake'
  | 'a byte of a handshake'
  | 'a handshake that is said to be long'

const EVERY_MS = 200
/** So many come at a time: the backlog is not what is attacked here. */
const AT_ONCE = 100

/** What each sends at first, and then byte by byte. */
const HABITS: Readonly<Record<Habit, (hello: Buffer) => readonly [first: string | Buffer, then: string | Buffer]>> = {
  'a byte of a head': () => ['', `GET / HTTP/1.1\r\nHost: brink\r\nX-Slow: ${'a'.repeat(10_000)}`],
  'a byte of a body': () => [head('POST', '/', 'Content-Length: 10000'), 'b'.repeat(10_000)],
  'a byte of a chunk size': () => [head('POST', '/', 'Transfer-Encoding: chunked'), '0'.repeat(10_000)],
  nothing: () => ['', ''],
  'never reads': () => [get('/page').repeat(20), ''],
  'half a handshake': (hello) => [hello, ''],
  'a byte of a handshake': (hello) => ['', hello],
  // OpenSSL takes no longer ones.
  'a handshake that is said to be long': () => [record(HANDSHAKE, beginOfHello(131_000)), ''],
}

const sockets = new Set<Socket>()
let cutOff = 0
let stopped = true

async function come(plan: CrowdPlan, hello: Buffer): Promise<void> {
  const [first, then] = HABITS[plan.habit](hello)
  const socket = connect({ port: plan.port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  sockets.add(socket)
  if (plan.habit === 'never reads') socket.pause()
  else socket.resume()
  socket.write(first)
  let sent = 0
  const timer = setInterval(() => {
    if (sent < then.length && socket.writable) socket.write(then.slice(sent, ++sent))
  }, EVERY_MS)
  socket.once('close', () => {
    clearInterval(timer)
    sockets.delete(socket)
    if (stopped) return
    cutOff += 1
    if (plan.persistent) void come(plan, hello)
  })
}

const orders = {
  async start(plan: CrowdPlan): Promise<void> {
    stopped = false
    const hello = await clientHello()
    for (let already = 0; already < plan.clients; already += AT_ONCE) {
      const number = Math.min(AT_ONCE, plan.clients - already)
      await Promise.all(Array.from({ length: number }, () => come(plan, hello)))
    }
  },
  /** How many are still connected, as far as they know, and how many were cut off. */
  look: () => ({ connected: sockets.size, cutOff }),
  stop(): void {
    stopped = true
    for (const socket of sockets) socket.destroy()
  },
}

export type CrowdOrders = typeof orders

answerOrders(orders)
