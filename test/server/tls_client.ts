// Clients that speak TLS.
import { once } from 'node:events'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { RawClient } from './raw_client.js'
import { within } from './waiting.js'

export interface TlsClient {
  readonly socket: TLSSocket
  readonly raw: RawClient
}

/** Connects, and waits for the end of the handshake. */
export async function connectTls({ port }: { port: number }, options: ConnectionOptions = {}): Promise<TlsClient> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    allowHalfOpen: true,
    ...options,
  } as ConnectionOptions)
  const raw = new RawClient(socket)
  await within(once(socket, 'secureConnect'), 'the end of a handshake')
  return { socket, raw }
}

/** The error of a handshake that fails. In TLS 1.3 it may come behind what looks like its end to the client. */
export async function failedHandshake({ port }: { port: number }, options: ConnectionOptions = {}): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  socket.resume()
  try {
    const [error] = (await within(once(socket, 'error'), 'a handshake to fail')) as [NodeJS.ErrnoException]
    return `${error.code}: ${error.message}`
  } finally {
    socket.destroy()
  }
}

/** The session that the client is given, in TLS 1.3 behind the handshake. */
export async function sessionOf({ socket, raw }: TlsClient, request: string): Promise<Buffer> {
  const known = socket.getProtocol() === 'TLSv1.2' ? socket.getSession() : undefined
  if (known !== undefined) return known
  const given = once(socket, 'session')
  raw.send(request)
  const [session] = (await within(given, 'a session')) as [Buffer]
  return session
}
