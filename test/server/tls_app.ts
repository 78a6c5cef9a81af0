// Serves requests over TLS: an app, and certificates for it.
import type { ConnectionOptions } from 'node:tls'
import { Router, type ServeOptions, type Server } from 'brink'
import { certificate } from './certificates.js'
import { connectTls } from './tls_client.js'
import { told } from './tls_told.js'

export const own = certificate('localhost')
export const other = certificate('other.example')
export const TLS: ServeOptions = { tls: own }
export const LARGE = 8 * 1024 * 1024

export const app = new Router()
  .get('/', (req) => `${req.secure} ${req.url}`)
  .get('/tls', told)
  .get('/later', async (req) => {
    await new Promise((resolve) => setImmediate(resolve))
    return `${req.tls?.version} ${req.url}`
  })
  .get('/large', () => Buffer.alloc(LARGE, 'x'))
  .post('/echo', (req) => req.text())
  .fixed('/fixed', 'fixed')

export function getAt(host: string, target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
}

/** What an app is told of a connection. */
export async function tlsOf(server: Server, options: ConnectionOptions = {}): Promise<Record<string, unknown>> {
  const { raw } = await connectTls(server, options)
  const { body } = await raw.send(getAt(options.servername ?? 'brink', '/tls')).response()
  raw.leave()
  return JSON.parse(String(body)) as Record<string, unknown>
}
