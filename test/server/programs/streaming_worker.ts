// A server in a worker thread that is busy with streams in every direction. Says its port.
import { parentPort } from 'node:worker_threads'
import { Router, serve } from 'brink'

const app = new Router()
  .get('/made', async function* () {
    for (;;) yield new Uint8Array(10_000)
  })
  .post(
    '/take',
    async (req) => {
      for await (const _ of req.body ?? []) await new Promise((resolve) => setImmediate(resolve))
    },
    { stream: true, bodyLimit: Infinity },
  )
  .upgrade('/tunnel', (_req, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n')
    socket.pipe(socket)
  })
const server = await serve(app, { port: 0, host: '127.0.0.1' })
parentPort?.postMessage(server.port)
