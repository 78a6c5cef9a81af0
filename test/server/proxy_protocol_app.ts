// Serves connections that a proxy announces by the PROXY protocol.
import { Router, type ServeOptions } from 'brink'
import * as assert from 'uvu/assert'
import type { RawClient } from './raw_client.js'
import { until } from './waiting.js'

export const app = new Router()
  .get('/port', (req) => String((req as unknown as { port: number }).port))
  .get('/peer', (req) => `${req.ip} by ${req.peer}`)
  .post('/echo', (req) => req.text())
  .fixed('/fixed', 'fixed')
  .all('/*', ({ ip }) => ip)

export const REQUIRED: ServeOptions = { proxyProtocol: 'require' }
export const ACCEPTED: ServeOptions = { proxyProtocol: 'accept', trustProxy: 'loopback' }
export const CLIENT = '192.0.2.1'
export const PEER = '127.0.0.1'

/** In order, or by a reset where more was sent than was read. */
export async function endsUntold(client: RawClient): Promise<void> {
  await until(() => client.ending !== undefined, 'the end of the connection')
  assert.is(client.arrived.length, 0)
}
