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

const secured = new Map<number | string, Handshakes>()

function nameOf({ port, path }: Place): number | string {
  return path ?? port ?? ''
}

/**
 * Notes where a server listens until it is closed: then a port or a path may be another one's. What it counts is without the bytes of
 * handshakes, because tests wait for the first byte of an answer, or count those of a request.
 */
export function noteListeners(server: Server): void {
  const handshakes: Handshakes = { bytesIn: 0, bytesOut: 0 }
  for (const { url, ...place } of server.listeners) {
    if (url.startsWith('https')) secured.set(nameOf(place), handshakes)
    else secured.delete(nameOf(place))
  }
  const close = server.close.bind(server)
  server.close = (options) =>
    close(options).finally(() => {
      for (const listener of server.listeners) secured.delete(nameOf(listener))
    })
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

/** Notes that a server of another thread speaks TLS there. */
export function noteSecured(place: Place): void {
  secured.set(nameOf(place), { bytesIn: 0, bytesOut: 0 })
}

export function isSecured(place: Place): boolean {
  return secured.has(nameOf(place))
}

export function noteHandshake(place: Place, { bytesIn, bytesOut }: Handshakes): void {
  const handshakes = secured.get(nameOf(place))
  if (handshakes === undefined) return
  handshakes.bytesIn += bytesIn
  handshakes.bytesOut += bytesOut
}
