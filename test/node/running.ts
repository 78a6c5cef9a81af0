// A server of Node's kind that listens for one test.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { within } from '../server/waiting.js'

type AnyServer = Pick<Server, 'listen' | 'address' | 'close' | 'closeAllConnections' | 'once' | 'on' | 'removeListener'>

/** What `use` gives, with the server on a free port. It is closed afterwards. */
export async function running<Some extends AnyServer, Result>(
  server: Some,
  use: (open: { readonly server: Some; readonly port: number }) => Promise<Result>,
): Promise<Result> {
  server.listen(0, '127.0.0.1')
  await within(once(server as never, 'listening'), 'the server to listen')
  try {
    return await use({ server, port: (server.address() as AddressInfo).port })
  } finally {
    await closed(server)
  }
}

/** Closes a server with all its connections. */
export async function closed(server: AnyServer): Promise<void> {
  const end = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await within(end, 'the server to close')
}
