// A relay between a client and a server.
import { createConnection, createServer, type Socket } from 'node:net'
import { within } from './waiting.js'

export interface Relay {
  readonly port: number
  close(): void
}

/** A relay, and how it passes on what a client sends. */
export async function relayTo(port: number, pass: (chunk: Buffer, server: Socket) => void): Promise<Relay> {
  const sockets: Socket[] = []
  const relay = createServer((client) => {
    const server = createConnection({ port, host: '127.0.0.1', noDelay: true })
    sockets.push(client, server)
    server.pipe(client)
    client.on('data', (chunk) => pass(chunk, server))
    for (const socket of [client, server]) socket.on('error', () => {})
  })
  await within(new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve)), 'a relay')
  return {
    port: (relay.address() as { port: number }).port,
    close() {
      for (const socket of sockets) socket.destroy()
      relay.close()
    },
  }
}
