// A server whose JavaScript stands still while a request to /block is handled, until the shared flag is raised.
import { parentPort, workerData } from 'node:worker_threads'
import { file, Router, serve } from 'brink'

const { flag, path } = workerData as { flag: Int32Array; path: string }
const app = new Router()
  .get('/', () => 'hello')
  .get('/file', () => file(path))
  .get('/block', () => {
    parentPort?.postMessage('blocked')
    Atomics.wait(flag, 0, 0)
    return 'free again'
  })
const server = await serve(app, { port: 0, host: '127.0.0.1', headersTimeout: 100, bodyLimit: 1000 })
parentPort?.once('message', () => server.close({ force: 0 }))
parentPort?.postMessage({ port: server.port, threads: server.threads })
