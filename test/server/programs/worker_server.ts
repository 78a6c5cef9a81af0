// A server in a worker thread, at a path if its data has one. Says its port, and closes when it is told to.
import { parentPort, threadId, workerData } from 'node:worker_threads'
import { Router, serve } from 'brink'

const app = new Router()
  .get('/', () => `thread ${threadId}`)
  .get('/bytes', () => new Uint8Array(200_000))
  .get('/later', () => new Promise((resolve) => setTimeout(resolve, 1, 'later')))
  .post('/', async (req) => (await req.bytes()).length)
const server = await serve(app, workerData ?? { port: 0, host: '127.0.0.1' })
parentPort?.once('message', () => server.close({ force: 0 }))
parentPort?.postMessage(server.port)
