// brink's workers.
import { workers } from '../../../dist/workers.js'

const supervisor = await workers(new URL('./brink_app.mjs', import.meta.url), {
  count: Number(process.argv[2]),
  host: '127.0.0.1',
  port: 0,
  onEvent: (event) => {
    if (event.type === 'reload') console.log(event.error === undefined ? 'reloaded' : String(event.error))
  },
})
console.log(supervisor.url)
