// app.js in a process for each CPU. SIGHUP replaces them without a failed request.
import { health, metrics, serve } from 'brink'
import { workers } from 'brink/workers'

const { PORT = 8080, HOST = 'localhost', ADMIN_PORT, WORKERS = 'max', READINESS_DELAY = 0, LISTEN_FDS } = process.env

const supervisor = await workers(new URL('app.js', import.meta.url), {
  count: WORKERS === 'max' ? 'max' : Number(WORKERS),
  ...(LISTEN_FDS ? { fd: 'systemd' } : { port: PORT, host: HOST }),
  // The port is that of all workers, below.
  env: { ADMIN_PORT: undefined },
  readinessDelay: Number(READINESS_DELAY),
  onEvent: (event) => {
    if (event.type === 'exit' && !event.expected) console.error(event)
  },
})
if (ADMIN_PORT) {
  const router = health(supervisor).get('/metrics', metrics(supervisor))
  const admin = await serve(router, { port: ADMIN_PORT, host: HOST })
  // It answers until the workers have ended, and keeps nobody alive.
  admin.unref()
}
console.log(`Listening on ${supervisor.url}`)
