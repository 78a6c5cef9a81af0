// An app that tests run in workers. Its arguments: a folder in which the files of a test are signs.
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { closeOnSignals, health, metrics, Router, serve } from 'brink'
import { workerSlot } from 'brink/workers'

const folder = process.argv[2] as string
const sign = (name: string) => join(folder, name)

if (existsSync(sign('hears late'))) {
  // Before brink hears of it. Loops on threads go on meanwhile.
  process.prependListener('message', () => {
    for (const end = performance.now() + 200; performance.now() < end; );
  })
}
if (existsSync(sign('throws'))) throw Object.assign(new Error('no database'), { code: 'ENODB' })
if (existsSync(sign('idles'))) setInterval(() => {}, 1000)
else if (existsSync(sign('exits'))) process.exit(5)
else if (workerSlot() === 1 && existsSync(sign('hesitates'))) {
  writeFileSync(sign('hesitates'), 'now')
  setInterval(() => {}, 1000)
} else {
  const app = new Router()
    .get('/', () => `${process.pid} ${workerSlot()} ${process.env.BRINK_WORKER} ${process.execArgv.length}`)
    .get('/exit', () => process.exit(3))
    .get('/wait', async () => {
      writeFileSync(sign('waits'), '')
      while (!existsSync(sign('go'))) await new Promise((resolve) => setTimeout(resolve, 10))
      return `${process.pid}`
    })
    .get('/catches', async () => {
      const caught = new Promise((resolve) => process.once('uncaughtException', resolve))
      process.on('uncaughtException', () => {})
      setImmediate(() => {
        throw new Error('caught')
      })
      return `${await caught}`
    })
    .get('/close', () => {
      void server.close()
      setInterval(() => {}, 1000)
      return `${process.pid}`
    })
    .get('/metrics', metrics())
    .mount('/', health())
    .get('/block', () => {
      writeFileSync(sign('blocks'), '')
      while (!existsSync(sign('go')));
      return 'blocked'
    })
    .get('/grandchild', () => execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }))
  const server = await serve(app, { port: 1 })
  // Only the first server of a worker listens on the handed sockets.
  if (existsSync(sign('second'))) writeFileSync(sign('second'), (await serve(app, { port: 0 })).url)
  // It is asked at once, since it is closed soon.
  const serveMore = async () => fetch(`${(await serve(app, { port: 0 })).url}/wait`)
  if (existsSync(sign('serves late'))) {
    const begun = setInterval(() => {
      if (server.ready) return
      clearInterval(begun)
      void serveMore()
    }, 10)
  }
  const listen = () => closeOnSignals(server, { onClosed: () => writeFileSync(sign('closed'), '') })
  if (existsSync(sign('closes'))) listen()
  if (existsSync(sign('removes'))) listen()()
  if (existsSync(sign('late'))) {
    server.signal.addEventListener('abort', () => {
      setImmediate(() => {
        listen()
        writeFileSync(sign('listens'), '')
      })
    })
  }
}
