// Two servers that are closed by signals, with the options of its first argument. The second one says what else it does.
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
const servers: Server[] = await Promise.all([1, 2].map(() => serve(app, { port: 0, host: '127.0.0.1' })))
// Whatever else keeps a process alive.
setInterval(() => {}, 1 << 30)
if (way === 'exit code') process.exitCode = 7
process.on('exit', (code) => process.stdout.write(`exit ${code}\n`))
closeOnSignals(servers, {
  ...JSON.parse(options),
  onClosed: async (reports) => {
    await new Promise((done) => setImmediate(done))
    process.stdout.write(`closed ${JSON.stringify(reports)}\n`)
    if (way === 'fails') throw new Error('failed to close the rest')
    if (way === 'hangs') await never()
  },
})
process.stdout.write(`ports ${servers.map(({ port }) => port).join(' ')}\n`)
