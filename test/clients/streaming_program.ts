// A server of streams, in a process of its own, so that its memory and its descriptors are nobody else's. It counts who
// has begun to give or take, and who has ended.

import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { events, file, Router, type ServeOptions, type Server, serve } from 'brink'
import { WebSocketServer } from 'ws'
import { lookAt } from '../processes/look.js'
import { answerOrders } from '../processes/orders.js'

const MIB = 2 ** 20
const PIECE_BYTES = 64 * 1024
const COLLECTED_BYTES = 4 * MIB

let server: Server
let path = ''
let begun = 0
let ended = 0
/** Bytes that the generators have given. */
let given = 0
/** Those who wait for a count. */
const looking = new Set<() => void>()

function begin(): void {
  begun += 1
  for (const look of looking) look()
}

function end(): void {
  ended += 1
  for (const look of looking) look()
}

function when(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!condition()) return
      looking.delete(look)
      resolve()
    }
    looking.add(look)
    look()
  })
}

/**
 * Collects the garbage of pieces each time so many bytes have passed: what is left is what the server holds. V8 by itself
 * lets it come to 32 MiB, or to twice that where the machine is busy.
 */
class Collecting {
  #bytes = 0

  passed(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < COLLECTED_BYTES) return
    this.#bytes = 0
    globalThis.gc?.()
  }
}

/** Takes a body no faster than so many MiB a second. */
async function taken(body: AsyncIterable<Uint8Array> | null, pace: number): Promise<number> {
  const began = performance.now()
  const collecting = new Collecting()
  let bytes = 0
  for await (const piece of body ?? []) {
    bytes += piece.length
    collecting.passed(piece.length)
    const aheadMs = bytes / MIB / (pace / 1000) - (performance.now() - began)
    if (aheadMs > 5) await pause(aheadMs)
  }
  return bytes
}

function* made(bytes: number): Generator<Uint8Array> {
  begin()
  const collecting = new Collecting()
  try {
    for (given = 0; given < bytes; given += PIECE_BYTES) {
      yield Buffer.alloc(PIECE_BYTES, given)
      collecting.passed(PIECE_BYTES)
    }
  } finally {
    end()
  }
}

const sockets = new WebSocketServer({ noServer: true })
sockets.on('connection', (socket) => {
  begin()
  socket.on('close', end)
  // A client that breaks its connection is an error to it.
  socket.on('error', () => {})
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})

const app = new Router()
  .all('/take/:pace', (req) => taken(req.body, Number(req.params.pace)), { stream: true, bodyLimit: Infinity })
  .get('/make/:mib', ({ params }) => made(Number(params.mib) * MIB))
  .get('/file', () => file(path))
  .post(
    '/upload',
    async (req) => {
      begin()
      try {
        return await taken(req.body, Infinity)
      } finally {
        end()
      }
    },
    { stream: true, bodyLimit: Infinity },
  )
  .get('/download', () => made(Infinity))
  .get('/events', (req) =>
    events(req, async function* ({ signal }) {
      begin()
      try {
        yield 'hello'
        await once(signal, 'abort')
      } finally {
        end()
      }
    }),
  )
  .get('/ticks/:count/:everyMs', (req) =>
    events(req, async function* () {
      const began = Date.now()
      for (let id = 1; id <= Number(req.params.count); id += 1) {
        await pause(began + id * Number(req.params.everyMs) - Date.now())
        yield { id: `${id}`, data: `${Date.now()}` }
      }
    }),
  )
  .upgrade('/socket', (req, socket, head) =>
    sockets.handleUpgrade(req, socket, head, (opened) => sockets.emit('connection', opened, req)),
  )

const orders = {
  async start(options: ServeOptions & { path?: string }): Promise<{ url: string; port: number }> {
    const { path: sent = '', ...rest } = options
    path = sent
    server = await serve(app, { port: 0, host: '127.0.0.1', ...rest })
    const { url, port } = server
    return { url, port }
  },
  /** Waits until so many have begun. */
  begun: (count: number): Promise<void> => when(() => begun >= count),
  /** Waits until so many have ended. */
  ended: (count: number): Promise<void> => when(() => ended >= count),
  counts: () => {
    const { user, system } = process.cpuUsage()
    return { begun, ended, given, open: server.stats().open, cpuSeconds: (user + system) / 1e6 }
  },
  look: () => lookAt(server),
  close: (): Promise<unknown> => server.close({ force: 0 }),
}

export type StreamingOrders = typeof orders

answerOrders(orders)
