// The servers that can be put under test.

import { createServer } from 'node:http'
import type { CreateServer } from './twins/exchange.js'

/** `node` proves that the comparison itself is the same each time. */
export async function subject(name: string): Promise<CreateServer> {
  if (name === 'node') return createServer as CreateServer
  const place: string = '#brink/node.js'
  return ((await import(place)) as { createServer: CreateServer }).createServer
}
