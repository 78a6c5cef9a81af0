// Opening the port: which addresses a host name stands for, and what the system says to them.

import type { NativeFailure, NativeReactor } from '../exchange/native.js'
import { systemError } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import type { CheckedOptions } from './options.js'

/** Where a server listens. */
export interface Bound {
  readonly url: string
  readonly port: number
}

/** What listens: all of its reactors at the same addresses. */
export interface Listeners {
  readonly reactors: readonly NativeReactor[]
  /** Ends what was opened. */
  abandon(): void
}

/** Tries for a port that is free at every address of a name, when any port will do. */
const FREE_PORT_TRIES = 16

/**
 * Makes a server and opens its port at every address of the host. A name such as `localhost` has several, and its
 * clients choose among them; an address that this machine does not have is passed over if another can be had.
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
    // `::` alone means every network, IPv4 too.
    ipv6Only: addresses.length > 1,
  }
  const [first, ...others] = reactors as readonly [NativeReactor, ...NativeReactor[]]
  // A port that is shared with others is so among the server's own loops, too: each has a socket, and the kernel spreads
  // connections over all that there are. Otherwise they have one socket, so that nobody else can have a share.
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
    // Every network there is: where the system knows no IPv6, those of IPv4.
    if (address === '::' && reachable === undefined) listenAt('0.0.0.0')
  }
  if (reachable === undefined) throw absent
  return { url: `http://${urlHost(reachable)}:${port}`, port }
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (isAddress(host)) return [host]
  // RFC 6761 §6.3: it is the loopback, whatever a resolver says.
  if (host.toLowerCase() === 'localhost') return ['127.0.0.1', '::1']
  const { lookup } = await import('node:dns/promises')
  const found = await lookup(host, { all: true })
  return [...new Set(found.map(({ address }) => address))]
}

/** Whether it is no name. Node's own `isIP` would take a third of the time that starting takes, to be loaded. */
function isAddress(host: string): boolean {
  if (host.includes(':')) return true
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

/** The host by which a client on this machine reaches an address: the wildcards are no destination. */
function urlHost(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  if (address === '::') return hasIpv6Loopback() ? '[::1]' : '127.0.0.1'
  return address.includes(':') ? `[${address.replace('%', '%25')}]` : address
}

/** A system may know IPv6 without having an address of it: who listens at `::` is found by IPv4 alone then. */
function hasIpv6Loopback(): boolean {
  const interfaces = Object.values(lateBuiltin('node:os').networkInterfaces())
  return interfaces.some((addresses) => addresses?.some(({ address }) => address === '::1'))
}

/** The error that Node's own servers give. */
function listenError({ errno, syscall }: NativeFailure, address: string, port: number): NodeJS.ErrnoException {
  const [code, meaning] = systemError(errno)
  // Node calls it `listen`, whichever call it was of those that listening takes.
  const named = syscall === 'bind' ? 'listen' : syscall
  const error = new Error(`${named} ${code}: ${meaning} ${address}:${port}`)
  return Object.assign(error, { code, errno, syscall: named, address, port })
}
