// A server in a worker thread whose handlers compute, so that requests wait for their turn. Says its port, and when the
// first handler runs.
import { parentPort } from 'node:worker_threads'
import { Router, serve } from 'brink'

let ran = 0
const app = new Router().get('/', () => {
  const begun = process.cpuUsage()
  const spent = () => {
    const { user, system } = process.cpuUsage(begun)
    return user + system
  }
  while (spent() < 4000);
  ran += 1
  if (ran === 1) parentPort?.postMessage('computing')
})
const server = await serve(app, { port: 0, host: '127.0.0.1' })
parentPort?.postMessage(server.port)
