// Hono on Node.
import { serve } from '@hono/node-server'
import { honoApp } from './hono_app.mjs'

export function listen() {
  const { fetch } = honoApp()
  return new Promise((resolve) => serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port)))
}
