// Hono on the server that Bun or Deno has itself.
import { honoApp } from './hono_app.mjs'

export function listen() {
  const { fetch } = honoApp()
  const hostname = '127.0.0.1'
  if (globalThis.Bun !== undefined) return Bun.serve({ hostname, port: 0, idleTimeout: 240, fetch }).port
  return new Promise((resolve) => {
    Deno.serve({ hostname, port: 0, onListen: ({ port }) => resolve(port) }, fetch)
  })
}
