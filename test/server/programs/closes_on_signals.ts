// Two servers that are closed by signals, with the options of its first argument. The second one says what else it does:
// with 'apart' each server has a call of its own, and with 'late' the second one's follows the signal.
import { once } from 'node:events'
import { closeOnSignals, Router, type Server, serve } from 'brink'

const [options = '{}', way] = process.argv.slice(2)
const never = () => new Promise<never>(() => {})
// Answered when the servers drain.
const later = () =>
  new Promise<string>((done) => {
    servers[0]?.signal.addEventListener('abort', () => setImmediate(done, 'later'))
  })
const app = new Router()
  .get('/', () => 'hello')
  .get('/never', never)
  .get('/later', later)
  .get('/input', async () => {
    process.stdout.write('asked\n')
    return String((await once(process.stdin, 'data'))[0])
  })
const servers: Server[] = await Promise.all([1, 2].map(() => serve(app, { port: 0, host: '127.0.0.1' })))
// Whatever else keeps a process alive.
setInterval(() => {}, 1 << 30)
if (way === 'exit code') process.exitCode = 7
process.on('exit', (code) => process.stdout.write(`exit ${code}\n`))

function listen(closed: readonly Server[], name = ''): void {
  closeOnSignals(closed, {
    ...JSON.parse(options),
    onClosed: async (reports) => {
      await new Promise((done) => setImmediate(done))
      process.stdout.write(`closed${name} ${JSON.stringify(reports)}\n`)
      if (way === 'fails') throw new Error('failed to close the rest')
      if (way === 'hangs') await never()
    },
  })
}

const [first, second] = servers as [Server, Server]
if (way === 'apart' || way === 'late') {
  listen([first], ' first')
  if (way === 'apart') listen([second], ' second')
  else first.signal.addEventListener('abort', () => listen([second], ' second'))
} else listen(servers)
process.stdout.write(`ports ${servers.map(({ port }) => port).join(' ')}\n`)
