// A server with TLS for real clients: one listener for everybody, one that asks for certificates, and a folder with the
// files that the clients need.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Router, type Server, serve } from 'brink'
import { certificate, signedBy } from '../server/certificates.js'
import { noise } from '../server/messages.js'
import { told } from '../server/tls_told.js'
import type { Variant } from '../variants.js'

const LARGE = noise(3_000_000)

export interface TlsServer {
  readonly server: Server
  /** Of the listener for everybody, with the name that its certificate has. */
  readonly url: string
  readonly port: number
  readonly mutualPort: number
  /** A file of the folder: `ca.pem`, `client.pem` and `client.key`, or a new one. */
  path(name: string): string
  close(): Promise<void>
}

const authority = certificate('localhost', 'ec', ['DNS:localhost', 'IP:127.0.0.1'])
const byName = certificate('other.example')
const client = signedBy(authority, 'client')

const app = new Router()
  .get('/', () => 'hello')
  .get('/tls', told)
  .get('/large', () => LARGE)
  .post('/echo', (req) => req.bytes(), { bodyLimit: Infinity })
  .post('/digest', async (req) => digest(await req.bytes()), { bodyLimit: Infinity })

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export async function serveTls({ backend, threads }: Pick<Variant, 'backend' | 'threads'>): Promise<TlsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'brink-tls-clients-'))
  const path = (name: string) => join(folder, name)
  writeFileSync(path('ca.pem'), authority.cert)
  writeFileSync(path('other.pem'), byName.cert)
  writeFileSync(path('client.pem'), client.cert)
  writeFileSync(path('client.key'), client.key)
  writeFileSync(path('large'), LARGE)
  const server = await serve(app, {
    listen: [
      { port: 0, host: '127.0.0.1', tls: { ...authority, contexts: { 'other.example': byName } } },
      { port: 0, host: '127.0.0.1', tls: { ...authority, requestCert: true, ca: authority.cert } },
    ],
    backend,
    threads,
  })
  const [port = 0, mutualPort = 0] = server.listeners.map((listener) => listener.port ?? 0)
  return {
    server,
    url: `https://localhost:${port}`,
    port,
    mutualPort,
    path,
    async close() {
      await server.close({ force: 0 })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
