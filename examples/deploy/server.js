// app.js in a process for each CPU. SIGHUP replaces them without a failed request.
import { workers } from 'brink/workers'

const { PORT = 8080, HOST = 'localhost', WORKERS = 'max', READINESS_DELAY = 0, LISTEN_FDS } = process.env

const supervisor = await workers(new URL('app.js', import.meta.url), {
  count: WORKERS === 'max' ? 'max' : Number(WORKERS),
  ...(LISTEN_FDS ? { fd: 'systemd' } : { port: PORT, host: HOST }),
  readinessDelay: Number(READINESS_DELAY),
  onEvent: (event) => {
    if (event.type === 'exit' && !event.expected) console.error(event)
  },
})
console.log(`Listening on ${supervisor.url}`)
