// A supervisor as a program. Its arguments: the folder of the app's signs, and options as JSON.
import { workers } from 'brink/workers'

const [, , folder = '', options = '{}'] = process.argv
const supervisor = await workers(new URL('./app.js', import.meta.url), {
  count: 2,
  port: 0,
  args: [folder],
  ...(JSON.parse(options) as object),
  onEvent: (event) => process.stdout.write(`${event.type} ${'pid' in event ? event.pid : ''}\n`),
})
process.stdout.write(`port ${supervisor.port} pids ${supervisor.workers.map(({ pid }) => pid).join(',')}\n`)
