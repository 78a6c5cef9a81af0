// Opens the listeners of a server: ports at each address of their host names, paths, and descriptors.

import type {
  CommonListenSettings,
  ListenerOwner,
  ListenSettings,
  NativeFailure,
  NativeListening,
} from '../exchange/native.js'
import { errnoOf, systemError } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import type { DescriptorPlace, PathPlace, Place, PortPlace } from './listen_options.js'
import { systemdDescriptors, takeSystemdDescriptors } from './systemd_sockets.js'
import type { SecureContext } from './tls_options.js'
import { isAbstract, listenAtFile, type SocketFile, socketFile } from './unix_socket.js'

/** One of the places where a server listens. */
export interface Listening {
  /**
   * The URL for clients on this machine: `http://127.0.0.1:8080`; or `http+unix://` and the path, percent-encoded, for
   * a Unix domain socket. With TLS, it begins with `https`.
   */
  readonly url: string
  /** The port; 0 for a Unix domain socket. */
  readonly port: number
  /** The path of a Unix domain socket, which begins with `\0` if it is a name without a file. */
  readonly path: string | undefined
}

/** One of the sockets that a server has opened. A place may have several. */
export interface OpenedSocket {
  /** The address and port; undefined for a socket of another kind. */
  readonly port: { readonly address: string; readonly port: number; readonly settings: ListenSettings } | undefined
  /** Opens another one in its place. Undefined for one that was opened elsewhere. */
  readonly again: (() => NativeListening | NativeFailure) | undefined
}

/** Where a server listens. */
export interface Bound {
  readonly listeners: readonly Listening[]
  readonly sockets: readonly OpenedSocket[]
  /** Removes the files of its sockets. */
  release(): void
}

/** A server whose reactors listen, all on the same addresses. */
export interface Listeners {
  readonly reactors: readonly ListenerOwner[]
  /** Closes the reactors. It is awaited. */
  abandon(): unknown
}

/** Attempts to find a port that is free at every address of a name, for port 0. */
const FREE_PORT_TRIES = 16

/**
 * Creates a server and opens its listeners: all of them, or none. A name such as `localhost` has several addresses, and
 * clients use any of them. Addresses that this machine does not have are skipped, if there is another one.
 */
export async function listenOn<S extends Listeners>(
  places: readonly Place[],
  make: () => S,
): Promise<{ server: S; bound: Bound }> {
  const resolved = await Promise.all(places.map(resolvedPlace))
  const release = claimDescriptors(descriptorsOf(resolved))
  try {
    return await listenAt(resolved, make)
  } finally {
    release()
  }
}

async function listenAt<S extends Listeners>(
  resolved: readonly Resolved[],
  make: () => S,
): Promise<{ server: S; bound: Bound }> {
  for (let tries = 1; ; tries += 1) {
    const server = make()
    const opening = new Opening(server.reactors)
    try {
      return { server, bound: await opening.open(resolved) }
    } catch (error) {
      opening.release()
      await server.abandon()
      if (!opening.portWasTaken || tries === FREE_PORT_TRIES) throw error
    }
  }
}

type Resolved = { readonly number: number } & (
  | (PortPlace & { readonly addresses: readonly string[] })
  | PathPlace
  | (DescriptorPlace & { readonly descriptors: readonly number[] })
)

async function resolvedPlace(place: Place, number: number): Promise<Resolved> {
  switch (place.kind) {
    case 'port':
      return { ...place, number, addresses: await addressesOf(place.host) }
    case 'fd': {
      const { fd } = place
      const [, name] = String(fd).split(/:(.*)/s)
      return { ...place, number, descriptors: typeof fd === 'number' ? [fd] : systemdDescriptors(name) }
    }
    case 'path':
      return { ...place, number }
  }
}

/** The listeners of one server, while they are opened. */
class Opening {
  /** Whether the port that the system has chosen at one address was taken at another one. */
  portWasTaken = false
  readonly #reactors: readonly [ListenerOwner, ...ListenerOwner[]]
  readonly #files: SocketFile[] = []
  readonly #sockets: OpenedSocket[] = []

  constructor(reactors: readonly ListenerOwner[]) {
    this.#reactors = reactors as readonly [ListenerOwner, ...ListenerOwner[]]
  }

  async open(places: readonly Resolved[]): Promise<Bound> {
    const opened = new Map<Resolved, Listening[]>()
    // Free ports first: when one of them is to be sought again, nothing else was opened.
    const isFree = (place: Resolved) => place.kind === 'port' && place.port === 0
    for (const place of [...places].sort((a, b) => Number(isFree(b)) - Number(isFree(a)))) {
      opened.set(place, await this.#open(place))
    }
    takeOver(descriptorsOf(places))
    const listeners = places.flatMap((place) => opened.get(place) ?? [])
    return { listeners, sockets: this.#sockets, release: () => this.release() }
  }

  release(): void {
    for (const file of this.#files.splice(0)) file.remove()
  }

  #open(place: Resolved): Listening[] | Promise<Listening[]> {
    switch (place.kind) {
      case 'port':
        return [this.#atPort(place)]
      case 'path':
        return this.#atPath(place)
      case 'fd':
        return place.descriptors.map((descriptor) => this.#onDescriptor(descriptor, place))
    }
  }

  #atPort(place: Extract<Resolved, { kind: 'port' }>): Listening {
    const { addresses, port: wanted, reusePort, claimsPort, ipv6Only } = place
    // `::` alone accepts IPv4 too.
    const settings = { ...commonSettings(place), reusePort, ipv6Only: ipv6Only || addresses.length > 1 }
    const [first, ...others] = this.#reactors
    // With reusePort, each loop has its own socket, and the kernel distributes connections over these and the sockets
    // of other processes. Otherwise the loops share one socket, so that other processes cannot listen on the port.
    const listening: readonly [ListenerOwner, readonly ListenerOwner[]][] = reusePort
      ? this.#reactors.map((reactor) => [reactor, []])
      : [[first, others]]
    let port = wanted
    let reachable: string | undefined
    let absent: Error | undefined
    const listenAt = (address: string): void => {
      for (const [reactor, sharing] of listening) {
        const claims = claimsPort && reactor === first
        const result = reactor.listen(address, port, { ...settings, claimsPort: claims }, sharing)
        if ('errno' in result) {
          const error = listenError(result, `${address}:${port}`, { address, port })
          this.portWasTaken = wanted === 0 && error.code === 'EADDRINUSE'
          if (error.code !== 'EADDRNOTAVAIL' && error.code !== 'EAFNOSUPPORT') throw error
          absent = error
        } else {
          reachable ??= address
          port = result.port
          const again = () => reactor.listen(address, result.port, settings, sharing)
          this.#sockets.push({ port: { address, port, settings }, again })
        }
      }
    }
    for (const address of addresses) {
      listenAt(address)
      // A system without IPv6 listens on all IPv4 addresses.
      if (address === '::' && reachable === undefined && !ipv6Only) listenAt('0.0.0.0')
    }
    if (reachable === undefined) throw absent
    if (!ipv6Only || reachable !== '::') return atAddress(reachable, port, place)
    const own = ownIpv6Address()
    if (own !== undefined) return atAddress(own, port, place)
    const unreachable = { errno: -lateBuiltin('node:os').constants.errno.EADDRNOTAVAIL, syscall: 'listen' }
    throw listenError(unreachable, `:::${port}, because no interface has an IPv6 address`, { address: '::', port })
  }

  async #atPath(place: Extract<Resolved, { kind: 'path' }>): Promise<Listening[]> {
    const { path, mode } = place
    const [first, ...others] = this.#reactors
    const settings = mode === undefined ? commonSettings(place) : { ...commonSettings(place), mode }
    const result = await listenAtFile(path, () => first.listenAtPath(path, settings, others))
    if ('errno' in result) throw pathError(result, path)
    let file = isAbstract(path) ? undefined : socketFile(path)
    if (file !== undefined) this.#files.push(file)
    const again = () => {
      file?.remove()
      const opened = first.listenAtPath(path, settings, others)
      if (file === undefined || 'errno' in opened) return opened
      const before = this.#files.indexOf(file)
      file = socketFile(path)
      this.#files[before] = file
      return opened
    }
    this.#sockets.push({ port: undefined, again })
    return [atPath(file?.path ?? path, place)]
  }

  #onDescriptor(descriptor: number, place: Extract<Resolved, { kind: 'fd' }>): Listening {
    const [first, ...others] = this.#reactors
    const result = first.listenOn(descriptor, commonSettings(place), others)
    if ('errno' in result) {
      throw listenError(result, `descriptor ${descriptor}, which must be a listening or bound stream socket`, {
        fd: descriptor,
      })
    }
    this.#sockets.push({ port: undefined, again: undefined })
    if (result.path !== undefined) return atPath(result.path, place)
    return atAddress(result.address ?? '', result.port, place)
  }
}

function commonSettings({ backlog, proxyProtocol, tls, number: place }: Resolved): CommonListenSettings {
  const settings = { backlog, proxyProtocol, place }
  return tls ? { ...settings, tls: tls.native } : settings
}

function descriptorsOf(places: readonly Resolved[]): number[] {
  return places.flatMap((place) => (place.kind === 'fd' ? place.descriptors : []))
}

/** Those that a server is taking over. */
const claimed = new Set<number>()

/**
 * Of two servers that take over the same descriptor at the same time, the second would close what has got its number.
 * Gives what to call when they were taken over, or not.
 * @throws Error `EBUSY`
 */
function claimDescriptors(descriptors: readonly number[]): () => void {
  const taken = descriptors.find((descriptor) => claimed.has(descriptor))
  if (taken !== undefined) {
    const busy = { errno: errnoOf('EBUSY'), syscall: 'listen' }
    throw listenError(busy, `descriptor ${taken}: another server is taking it over at this moment`, { fd: taken })
  }
  for (const descriptor of descriptors) claimed.add(descriptor)
  return () => {
    for (const descriptor of descriptors) claimed.delete(descriptor)
  }
}

/** The reactors have descriptors of their own. Those of the standard streams are left, since Node uses them. */
function takeOver(descriptors: readonly number[]): void {
  takeSystemdDescriptors(descriptors)
  for (const descriptor of new Set(descriptors)) if (descriptor > 2) lateBuiltin('node:fs').closeSync(descriptor)
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (isAddress(host)) return [host]
  // RFC 6761 §6.3: localhost is always the loopback, so it is not resolved.
  if (host.toLowerCase() === 'localhost') return ['127.0.0.1', '::1']
  const { lookup } = await import('node:dns/promises')
  const found = await lookup(host, { all: true })
  return [...new Set(found.map(({ address }) => address))]
}

/** Whether the host is an IP address. Loading Node's `isIP` would take a third of the start-up time. */
function isAddress(host: string): boolean {
  if (host.includes(':')) return true
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

function atAddress(address: string, port: number, place: Resolved): Listening {
  return opened({ url: `${schemeOf(place)}://${urlHost(address)}:${port}`, port, path: undefined }, place)
}

function atPath(path: string, place: Resolved): Listening {
  return opened({ url: `${schemeOf(place)}+unix://${encodeURIComponent(path)}`, port: 0, path }, place)
}

function schemeOf({ tls }: Resolved): string {
  return tls ? 'https' : 'http'
}

const secureContexts = new WeakMap<Listening, SecureContext>()

function opened(listening: Listening, { tls }: Resolved): Listening {
  if (tls) secureContexts.set(listening, tls)
  return listening
}

/** Of a listener with TLS; undefined for others. */
export function secureContextOf(listening: Listening): SecureContext | undefined {
  return secureContexts.get(listening)
}

/** The host in the URL for clients on this machine. A wildcard address is no destination. */
function urlHost(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  // A system may support IPv6 without an IPv6 address. Then `::` is only reached over IPv4.
  if (address === '::') return ipv6Addresses().includes('::1') ? '[::1]' : '127.0.0.1'
  return address.includes(':') ? `[${address.replace('%', '%25')}]` : address
}

/** The best for clients on this machine. A link-local one would need its interface. */
function ownIpv6Address(): string | undefined {
  const addresses = ipv6Addresses()
  return addresses.includes('::1') ? '::1' : addresses.find((address) => !/^fe[89ab]/i.test(address))
}

function ipv6Addresses(): string[] {
  const interfaces = Object.values(lateBuiltin('node:os').networkInterfaces())
  return interfaces.flatMap((list) => list?.map(({ address }) => address).filter((text) => text.includes(':')) ?? [])
}

function pathError(failure: NativeFailure, path: string): NodeJS.ErrnoException {
  const bytes = Buffer.byteLength(path)
  const isTooLong = systemError(failure.errno)[0] === 'ENAMETOOLONG'
  const where = isTooLong ? `${path}: it has ${bytes} bytes, and a Unix socket's path at most 107` : path
  return listenError(failure, where.replace(/^\0/, '@'), { address: path })
}

/** The error that Node's own servers emit. */
function listenError(
  { errno, syscall }: NativeFailure,
  where: string,
  facts: { address?: string; port?: number; fd?: number },
): NodeJS.ErrnoException {
  const [code, meaning] = systemError(errno)
  // Node's errors say `listen` for `bind`, too.
  const named = syscall === 'bind' ? 'listen' : syscall
  const error = new Error(`${named} ${code}: ${meaning} ${where}`)
  return Object.assign(error, { code, errno, syscall: named, ...facts })
}
