// The same Hono app, on brink.
import { serve } from '../../../dist/index.js'
import { honoApp } from './hono_app.mjs'

export async function listen() {
  const { port } = await serve(honoApp(), { port: 0, host: '127.0.0.1' })
  return port
}
