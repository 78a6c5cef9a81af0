// A ClientHello as Node sends it, for clients that go no further.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'

/** The record that a client with these options begins with. */
export async function clientHello(options: ConnectionOptions = {}): Promise<Buffer> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1', servername: 'localhost', ...options })
  client.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  socket.on('error', () => {})
  const [hello] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return hello
}

export const HANDSHAKE = 22
export const CHANGE_CIPHER_SPEC = 20
export const ALERT = 21
export const APPLICATION_DATA = 23

/** A record that nothing protects. */
export function record(type: number, content: Uint8Array): Buffer {
  const head = Buffer.of(type, 3, 3, 0, 0)
  head.writeUInt16BE(content.length, 3)
  return Buffer.concat([head, content])
}

/** The begin of a ClientHello that says that it is so long. */
export function beginOfHello(length: number): Buffer {
  const head = Buffer.of(1, 0, 0, 0)
  head.writeUIntBE(length, 1, 3)
  return head
}
