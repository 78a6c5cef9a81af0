// node:http in node:cluster, closed as Node's documentation says. At SIGHUP it replaces its workers one by one, as brink
// does: the new one listens before the old one closes, which has as much time for it.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'

const DEADLINE_MS = 10_000

async function start() {
  const worker = cluster.fork()
  const [address] = await once(worker, 'listening')
  return { worker, address }
}

async function supervise() {
  const all = await Promise.all(Array.from({ length: Number(process.argv[2]) }, start))
  let reloading = Promise.resolve()
  const reload = async () => {
    for (const [place, { worker }] of all.entries()) {
      all[place] = await start()
      worker.send('close')
    }
    console.log('reloaded')
  }
  process.on('SIGHUP', () => {
    reloading = reloading.then(reload)
  })
  process.on('SIGTERM', () => process.exit())
  console.log(`http://127.0.0.1:${all[0].address.port}`)
}

function work() {
  const server = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1')
  process.on('message', () => {
    server.close(() => process.exit())
    server.closeIdleConnections()
    setTimeout(() => process.exit(), DEADLINE_MS)
  })
  process.on('SIGHUP', () => {})
}

if (cluster.isPrimary) await supervise()
else work()
