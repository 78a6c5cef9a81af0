// An app with TLS for workers: it tells which process answers, and whether the session was resumed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Router, serve } from 'brink'

const folder = process.argv[2] as string
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const certificate = () => ({ key: read('key.pem'), cert: read('cert.pem') })

const app = new Router()
  .get('/', (req) => `${process.pid} ${req.tls?.resumed}`)
  .get('/renew', () => {
    server.setSecureContext(certificate())
    return 'renewed'
  })
  .get('/key', () => {
    const { ticketKey } = (globalThis as Record<symbol, { ticketKey: Uint8Array } | undefined>)[
      Symbol.for('brink.worker')
    ] as { ticketKey: Uint8Array }
    return Buffer.from(ticketKey).toString('hex')
  })
  .get('/die', () => process.kill(process.pid, 'SIGKILL') && '')
const server = await serve(app, { tls: certificate(), threads: Number(process.argv[3] ?? 0) })
