// Opens the port of a server at each address of its host name.

import type { NativeFailure, NativeReactor } from '../exchange/native.js'
import { systemError } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import type { CheckedOptions } from './options.js'

/** Where a server listens. */
export interface Bound {
  readonly url: string
  readonly port: number
}

/** A server whose reactors listen, all on the same addresses. */
export interface Listeners {
  readonly reactors: readonly NativeReactor[]
  /** Closes the reactors. */
  abandon(): void
}

/** Attempts to find a port that is free at every address of a name, for port 0. */
const FREE_PORT_TRIES = 16

/**
 * Creates a server and opens its port at every address of the host. A name such as `localhost` has several addresses,
 * and clients use any of them. Addresses that this machine does not have are skipped, if there is another one.
 */
export async function listenOn<S extends Listeners>(
  options: CheckedOptions,
  make: () => S,
): Promise<{ server: S; bound: Bound }> {
  const addresses = await addressesOf(options.host)
  for (let tries = 1; ; tries += 1) {
    const server = make()
    try {
      return { server, bound: bind(server.reactors, addresses, options) }
    } catch (error) {
      server.abandon()
      const portWasTaken = options.port === 0 && (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!portWasTaken || tries === FREE_PORT_TRIES) throw error
    }
  }
}

function bind(reactors: readonly NativeReactor[], addresses: readonly string[], options: CheckedOptions): Bound {
  const { backlog, reusePort } = options
  const settings = {
    backlog,
    reusePort,
    // `::` alone accepts IPv4 too.
    ipv6Only: addresses.length > 1,
  }
  const [first, ...others] = reactors as readonly [NativeReactor, ...NativeReactor[]]
  // With reusePort, each loop has its own socket, and the kernel distributes connections over these and the sockets of
  // other processes. Otherwise the loops share one socket, so that other processes cannot listen on the port.
  const listening: readonly [NativeReactor, readonly NativeReactor[]][] = reusePort
    ? reactors.map((reactor) => [reactor, []])
    : [[first, others]]
  let port = options.port
  let reachable: string | undefined
  let absent: Error | undefined
  const listenAt = (address: string): void => {
    for (const [reactor, sharing] of listening) {
      const result = reactor.listen(address, port, settings, sharing)
      if ('errno' in result) {
        const error = listenError(result, address, port)
        if (error.code !== 'EADDRNOTAVAIL' && error.code !== 'EAFNOSUPPORT') throw error
        absent = error
      } else {
        reachable ??= address
        port = result.port
      }
    }
  }
  for (const address of addresses) {
    listenAt(address)
    // A system without IPv6 listens on all IPv4 addresses.
    if (address === '::' && reachable === undefined) listenAt('0.0.0.0')
  }
  if (reachable === undefined) throw absent
  return { url: `http://${urlHost(reachable)}:${port}`, port }
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

/** The host in the URL for clients on this machine. A wildcard address is no destination. */
function urlHost(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  if (address === '::') return hasIpv6Loopback() ? '[::1]' : '127.0.0.1'
  return address.includes(':') ? `[${address.replace('%', '%25')}]` : address
}

/** A system may support IPv6 without an IPv6 address. Then `::` is only reached over IPv4. */
function hasIpv6Loopback(): boolean {
  const interfaces = Object.values(lateBuiltin('node:os').networkInterfaces())
  return interfaces.some((addresses) => addresses?.some(({ address }) => address === '::1'))
}

/** The error that Node's own servers emit. */
function listenError({ errno, syscall }: NativeFailure, address: string, port: number): NodeJS.ErrnoException {
  const [code, meaning] = systemError(errno)
  // Node's errors say `listen` for `bind`, too.
  const named = syscall === 'bind' ? 'listen' : syscall
  const error = new Error(`${named} ${code}: ${meaning} ${address}:${port}`)
  return Object.assign(error, { code, errno, syscall: named, address, port })
}
