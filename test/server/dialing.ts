// Connects as the server wants it: in plain bytes, or by TLS where the tests run over it.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, createSecureContext, type SecureContext } from 'node:tls'
import { certificateOfRun } from '../over_tls/certificate.js'
import { isSecured, noteHandshake, type Place } from '../over_tls/places.js'
import { turn, within } from './waiting.js'

/** What lies below sockets with TLS. */
const carriers = new WeakMap<Socket, Socket>()
let trusting: SecureContext | undefined

export interface Dialed {
  /** It may stay half-open. */
  readonly socket: Socket
  /** When it is connected, and has a handshake behind it if the server wants one. Gives its local port. */
  readonly connected: Promise<number>
}

export function dial(place: Place, host = '127.0.0.1'): Dialed {
  const { port = 0, path } = place
  const socket = connect({ ...(path === undefined ? { port, host, noDelay: true } : { path }), allowHalfOpen: true })
  const reached = within(once(socket, 'connect'), `a connection to ${path ?? `port ${port}`}`)
  const connected = reached.then(() => socket.localPort as number)
  return isSecured(place) ? secure(place, socket, connected) : { socket, connected }
}

/** A client that is turned away before it has shaken hands is one whose connection has ended. */
function secure(place: Place, carrier: Socket, reached: Promise<number>): Dialed {
  trusting ??= createSecureContext({ ca: certificateOfRun()?.cert })
  const options = { socket: carrier, servername: 'brink', secureContext: trusting, allowHalfOpen: true }
  const socket = connectTls(options as ConnectionOptions)
  carriers.set(socket, carrier)
  // The tickets are the last that belongs to a handshake.
  const events = ['session', 'end', 'error', 'close'].map(
    (event) => new Promise((resolve) => socket.once(event, resolve)),
  )
  const connected = reached.then(async (localPort) => {
    await within(Promise.race(events), `a handshake on port ${localPort}`)
    noteHandshake(place, { bytesIn: carrier.bytesWritten, bytesOut: carrier.bytesRead })
    // What is written within the event is not sent, by Node 20.
    await turn()
    return localPort
  })
  return { socket, connected }
}

/**
 * Says that nothing more will be sent. With TLS not within an event of the socket: what has arrived and was not told yet
 * would be lost, because Node calls SSL_shutdown twice.
 */
export function finish(socket: Socket): void {
  if (carriers.has(socket)) setImmediate(() => socket.end())
  else socket.end()
}

/** Ends it with a reset, as a client does that crashed. */
export function reset(socket: Socket): void {
  ;(carriers.get(socket) ?? socket).resetAndDestroy()
}
