// Many clients in one process: some that will vanish, some that stay and count what they are sent.

import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { answerOrders } from '../processes/orders.js'
import { percentile } from '../processes/percentile.js'
import { get as getRequest, head } from '../server/messages.js'

/** So many come at a time: the backlog is not what is tried here. */
const AT_ONCE = 100

/** What clients are in the middle of when they vanish. */
const IN_THE_MIDDLE = [
  `${head('POST', '/upload', 'Content-Length: 1000000000')}${'b'.repeat(100_000)}`,
  `${head('POST', '/upload', 'Transfer-Encoding: chunked')}ffffff\r\n${'c'.repeat(1000)}`,
  getRequest('/download'),
  getRequest('/events'),
  getRequest(
    '/socket',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ),
]

let doomed: Socket[] = []
let sockets: WebSocket[] = []

async function inGroups<T>(count: number, come: (index: number) => Promise<T>): Promise<T[]> {
  const all: T[] = []
  while (all.length < count) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - all.length) }, (_, n) => come(all.length + n))
    all.push(...(await Promise.all(group)))
  }
  return all
}

export interface Ticks {
  readonly streams: number
  readonly events: number
  /** Streams in which an event was missing, twice, or out of its order. */
  readonly wrong: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly longestMs: number
}

/** Reads a stream of events to its end: how late each came, in milliseconds. Throws for one that is out of order. */
async function follow(response: IncomingMessage): Promise<number[]> {
  const lateMs: number[] = []
  let id = 0
  for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
    const [, name, value] = /^(id|data): (\d+)$/.exec(line) ?? []
    if (name === 'id') id = Number(value)
    if (name !== 'data') continue
    lateMs.push(Date.now() - Number(value))
    if (id !== lateMs.length) throw new Error(`event ${id} came as the ${lateMs.length}th`)
  }
  return lateMs
}

const orders = {
  /** Resolves when all are connected and have sent what they will send. */
  async come({ port, clients }: { port: number; clients: number }): Promise<void> {
    doomed = await inGroups(clients, async (index) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.on('error', () => {})
      await once(socket, 'connect')
      // What it is sent is taken, but for every second one: the buffers between the two are full when that goes.
      if (index % 2 === 0) socket.resume()
      socket.write(IN_THE_MIDDLE[index % IN_THE_MIDDLE.length] as string)
      return socket
    })
  },
  /** Half of them close, half are reset. */
  vanish(): void {
    doomed.forEach((socket, index) => {
      if (Math.floor(index / IN_THE_MIDDLE.length) % 2 === 0) socket.destroy()
      else socket.resetAndDestroy()
    })
    doomed = []
  },

  /** Follows so many streams of events to their ends. */
  async follow({ url, streams, count }: { url: string; streams: number; count: number }): Promise<Ticks> {
    const followed: Promise<number[] | undefined>[] = []
    await inGroups(streams, async () => {
      const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
      followed.push(follow(response).catch(() => undefined))
    })
    const all = await Promise.all(followed)
    const lateMs = all.flatMap((one) => one ?? []).sort((a, b) => a - b)
    return {
      streams: all.length,
      events: lateMs.length,
      wrong: all.filter((one) => one?.length !== count).length,
      p50Ms: percentile(lateMs, 50),
      p99Ms: percentile(lateMs, 99),
      longestMs: lateMs.at(-1) ?? 0,
    }
  },

  /** Opens so many WebSockets, which say nothing. */
  async open({ port, count }: { port: number; count: number }): Promise<void> {
    sockets = await inGroups(count, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, { perMessageDeflate: false })
      await once(socket, 'open')
      return socket
    })
  },
  /** Each sends a message: how many got it back. */
  async echo(): Promise<number> {
    const echoed = await Promise.all(
      sockets.map(async (socket, index) => {
        socket.send(`I am ${index}`)
        const [data] = await once(socket, 'message')
        return String(data) === `I am ${index}`
      }),
    )
    return echoed.filter(Boolean).length
  },
  /** Closes them in order. */
  async close(): Promise<void> {
    await Promise.all(
      sockets.map(async (socket) => {
        socket.close()
        await once(socket, 'close')
      }),
    )
  },
}

export type CrowdOrders = typeof orders

answerOrders(orders)
