// Hono on Node.
import { serve } from '@hono/node-server'
import { honoApp } from './hono_app.mjs'

export function listen() {
  const { fetch } = honoApp()
  // Node's own five seconds are over before ten thousand clients have come.
  const serverOptions = { keepAliveTimeout: 72_000 }
  const setup = { fetch, port: 0, hostname: '127.0.0.1', serverOptions }
  return new Promise((resolve) => serve(setup, ({ port }) => resolve(port)))
}
