// A server in a worker thread. Says its port.
import { parentPort, workerData } from 'node:worker_threads'
import { Router, serve } from 'brink'

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n'

const app = new Router()
  .get('/', () => 'Hello')
  .get('/never', () => new Promise(() => {}))
  .get('/exit', () => process.exit(0))
  .get('/large', () => new Uint8Array(4_000_000))
  .get('/made', async function* () {
    for (;;) yield new Uint8Array(10_000)
  })
  .upgrade('/raw', (_req, socket) => {
    socket.write(SWITCHING)
    socket.pipe(socket)
  })

const { threads, servers } = workerData as { threads?: number; servers: number }
const options = { port: 0, host: '127.0.0.1', threads }
const all = await Promise.all(Array.from({ length: servers }, () => serve(app, options)))
parentPort?.postMessage(all.map(({ port }) => port))
