// Where the servers of this process speak TLS, and what its clients have needed for handshakes there.
import type { Server } from 'brink'

/** Where a server listens. */
export interface Place {
  readonly port?: number
  readonly path?: string | undefined
}

interface Handshakes {
  bytesIn: number
  bytesOut: number
}

/** Of each place the servers: two may share a port, or one take over a path before the other has closed. */
const secured = new Map<number | string, Set<Handshakes>>()

function nameOf({ port, path }: Place): number | string {
  return path ?? port ?? ''
}

/**
 * Notes where a server listens, until it is closed. What it counts is without the bytes of handshakes, because tests
 * wait for the first byte of an answer, or count those of a request.
 */
export function noteListeners(server: Server): void {
  const handshakes: Handshakes = { bytesIn: 0, bytesOut: 0 }
  for (const listener of server.listeners) {
    if (listener.url.startsWith('https')) add(listener, handshakes)
  }
  const close = server.close.bind(server)
  server.close = (options) => {
    const closing = close(options)
    const forget = () => {
      for (const listener of server.listeners) secured.get(nameOf(listener))?.delete(handshakes)
    }
    closing.then(forget, forget)
    return closing
  }
  const stats = server.stats.bind(server)
  server.stats = () => {
    const counted = stats()
    return {
      ...counted,
      bytesIn: counted.bytesIn - handshakes.bytesIn,
      bytesOut: counted.bytesOut - handshakes.bytesOut,
    }
  }
}

function add(place: Place, handshakes: Handshakes): void {
  const there = secured.get(nameOf(place))
  if (there === undefined) secured.set(nameOf(place), new Set([handshakes]))
  else there.add(handshakes)
}

/** Notes that a server of another thread speaks TLS there. */
export function noteSecured(place: Place): void {
  add(place, { bytesIn: 0, bytesOut: 0 })
}

export function isSecured(place: Place): boolean {
  return (secured.get(nameOf(place))?.size ?? 0) > 0
}

export function noteHandshake(place: Place, { bytesIn, bytesOut }: Handshakes): void {
  // Which of those that share a port has had it is not known.
  const [handshakes] = secured.get(nameOf(place)) ?? []
  if (handshakes === undefined) return
  handshakes.bytesIn += bytesIn
  handshakes.bytesOut += bytesOut
}
