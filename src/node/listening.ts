// Listening. Node binds the socket, as for its own servers (ports, paths, descriptors, handles, handles of a cluster's
// primary). The loop accepts the connections.
import net from 'node:net'
import { systemError } from '../runtime/errors.js'
import type { Loop } from './loop.js'

/** Node's handle of a listening socket. */
export interface NodeHandle {
  readonly fd?: number
  getsockname?(out: object): number
  fchmod?(mode: number): number
  ref(): void
  unref(): void
  close(callback?: () => void): void
}

/** The arguments that Node's `listen` passes to `_listen2`. */
export interface ListenTarget {
  readonly address: string | null
  readonly port: number | null
  readonly addressType: number | null
  readonly backlog: number
  readonly fd: number | undefined
  readonly flags: number | undefined
}

type CreateHandle = (
  address: string | null,
  port: number | null,
  addressType: number | null,
  fd: number | undefined,
  flags: number | undefined,
) => NodeHandle | number

const { _createServerHandle: createHandle } = net as unknown as { _createServerHandle: CreateHandle }

/** Node's default. The kernel rounds it up to 512. */
const BACKLOG = 511

/** Takes the place of Node's handle in `server._handle`. */
export class ListeningHandle {
  readonly getsockname: ((out: object) => number) | undefined
  readonly fchmod: ((mode: number) => number) | undefined
  readonly #handle: NodeHandle
  readonly #loop: Loop

  constructor(handle: NodeHandle, loop: Loop) {
    this.#handle = handle
    this.#loop = loop
    if (handle.getsockname) this.getsockname = (out) => handle.getsockname?.(out) ?? 0
    if (handle.fchmod) this.fchmod = (mode) => handle.fchmod?.(mode) ?? 0
  }

  get fd(): number {
    return this.#handle.fd ?? -1
  }

  ref(): void {
    this.#loop.reactor.ref()
  }

  unref(): void {
    this.#loop.reactor.unref()
  }

  close(callback?: () => void): void {
    this.#loop.stopListening()
    this.#handle.close(callback)
  }
}

/** Binds as Node does. On failure, `handle` is the negative errno, and `address` is the address that failed. */
export function bound({ address, port, addressType, fd, flags }: ListenTarget): BoundHandle {
  if (!address && typeof fd !== 'number') {
    // `::` accepts IPv4 too. A system without IPv6 gets `0.0.0.0`.
    const handle = createHandle('::', port, 6, fd, flags)
    if (typeof handle !== 'number') return checked(handle, '::', 6)
    return checked(createHandle('0.0.0.0', port, 4, fd, flags), '0.0.0.0', 4)
  }
  return checked(createHandle(address, port, addressType, fd, flags), address, addressType)
}

export interface BoundHandle {
  readonly handle: NodeHandle | number
  readonly address: string | null
  readonly addressType: number | null
}

/** libuv reports an address in use late: not when it binds, but in `getsockname` or when it listens. */
function checked(handle: NodeHandle | number, address: string | null, addressType: number | null): BoundHandle {
  const errno = typeof handle === 'number' ? 0 : (handle.getsockname?.({}) ?? 0)
  if (errno === 0 || typeof handle === 'number') return { handle, address, addressType }
  handle.close()
  return { handle: errno, address, addressType }
}

export function backlogOf(place: ListenTarget): number {
  return place.backlog || BACKLOG
}

/** The error that Node's own servers emit. */
export function listenError(errno: number, address: string | null, port: number | null): Error {
  const [code, meaning] = systemError(errno)
  const hasPort = port !== null && port > 0
  const where = hasPort ? ` ${address}:${port}` : address ? ` ${address}` : ''
  const error = new Error(`listen ${code}: ${meaning}${where}`)
  return Object.assign(
    error,
    { code, errno, syscall: 'listen', address: address ?? undefined },
    hasPort ? { port } : {},
  )
}
