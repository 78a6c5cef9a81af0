// Where a server listens: the options of its listeners, and what is checked of them.
import { describe } from '../runtime/describe.js'
import { didYouMean } from '../runtime/did_you_mean.js'
import { coded } from '../runtime/errors.js'
import { wholeNumber, wrongType, wrongValue } from '../runtime/option_errors.js'
import { SecureContext, type TlsOptions } from './tls_options.js'

/** Whether connections begin with a header of the PROXY protocol. */
export type ProxyProtocol = 'require' | 'accept' | false

/** A listener at a port. */
export interface ListenAtPort {
  /**
   * The port to listen on, 0 to 65535, as a number or a string of digits such as `process.env.PORT`. 0 takes any free
   * port. Default: 8080.
   */
  port?: number | string | undefined
  /**
   * The address or host name to listen on; for a name, all of its addresses. The default, `localhost`, accepts
   * connections from this machine only; `0.0.0.0` accepts them from every IPv4 network, `::` from every network. An
   * IPv6 address may have brackets. Default: `localhost`.
   */
  host?: string | undefined
  /**
   * Whether `host: '::'` accepts IPv6 alone. Otherwise it accepts IPv4 too, and where the system has no IPv6 it is
   * `0.0.0.0`. Only for IPv6 addresses. Default: false.
   */
  ipv6Only?: boolean | undefined
  /**
   * Whether other servers or processes may listen on the same port (`SO_REUSEPORT`); the kernel then spreads
   * connections over them. Not needed for `threads`. Default: false.
   */
  reusePort?: boolean | undefined
  /**
   * The number of connections that may wait in the kernel to be accepted. The system may have a lower limit. Default:
   * 1024.
   */
  backlog?: number | undefined
  /**
   * The PROXY protocol for the connections of this listener. See `ServeOptions.proxyProtocol`, which counts where a
   * listener does not say otherwise.
   */
  proxyProtocol?: ProxyProtocol | undefined
  /** TLS for this listener, or false for none. See `ServeOptions.tls`, which counts where a listener does not say otherwise. */
  tls?: TlsOptions | false | undefined
  path?: undefined
  mode?: undefined
  fd?: undefined
}

/** A listener at a path: a Unix domain socket. */
export interface ListenAtPath {
  /**
   * The path of a Unix domain socket, at most 107 bytes. A socket that a server has left there is replaced; one that
   * answers is `EADDRINUSE`, any other file `EEXIST`. The file is removed when the server closes. On Linux, a path that
   * begins with `\0` is a name without a file.
   */
  path: string
  /**
   * The permissions of the socket's file, such as `0o660`: who may write to it can connect. They are set before anybody
   * can. Default: what the process's umask leaves of `0o777`.
   */
  mode?: number | undefined
  /** As for a port. */
  backlog?: number | undefined
  /** As for a port. */
  proxyProtocol?: ProxyProtocol | undefined
  /** As for a port. */
  tls?: TlsOptions | false | undefined
  port?: undefined
  host?: undefined
  ipv6Only?: undefined
  reusePort?: undefined
  fd?: undefined
}

/** A listener on a socket that was opened elsewhere. */
export interface ListenOnDescriptor {
  /**
   * The descriptor of a bound stream socket, TCP or Unix, that was opened elsewhere. The server takes it over and
   * closes it, but not 0, 1 and 2. `'systemd'` is all sockets that systemd has passed to this process, `'systemd:name'` those
   * with this `FileDescriptorName`.
   */
  fd: number | 'systemd' | `systemd:${string}`
  /** As for a port. Default: that of a socket that listens already. */
  backlog?: number | undefined
  /** As for a port. */
  proxyProtocol?: ProxyProtocol | undefined
  /** As for a port. */
  tls?: TlsOptions | false | undefined
  port?: undefined
  host?: undefined
  ipv6Only?: undefined
  reusePort?: undefined
  path?: undefined
  mode?: undefined
}

/** One of a server's listeners. */
export type ListenOptions = ListenAtPort | ListenAtPath | ListenOnDescriptor

/** The short form of one listener, or a list of them. */
export interface PlaceOptions extends Pick<ListenAtPort, 'port' | 'host' | 'ipv6Only' | 'reusePort' | 'backlog'> {
  /** A Unix domain socket instead of a port. See `ListenAtPath`. */
  path?: ListenAtPath['path'] | undefined
  /** The permissions of the file of `path`. See `ListenAtPath`. */
  mode?: ListenAtPath['mode']
  /** A socket that was opened elsewhere, instead of a port. See `ListenOnDescriptor`. */
  fd?: ListenOnDescriptor['fd'] | undefined
  /**
   * Several listeners, each with its own options, instead of `port`, `path` or `fd`. When one of them fails, none
   * listens.
   */
  listen?: readonly ListenOptions[] | undefined
}

/** What all places have. */
interface AnyPlace {
  /** Undefined: the server's. */
  readonly proxyProtocol: ProxyProtocol | undefined
  /** The same; false: none. */
  readonly tls: SecureContext | false | undefined
}

export interface PortPlace extends AnyPlace {
  readonly kind: 'port'
  readonly port: number
  readonly host: string
  readonly ipv6Only: boolean
  readonly reusePort: boolean
  /** With `reusePort`: only what this server opens may share the port. */
  readonly claimsPort: boolean
  readonly backlog: number
}

export interface PathPlace extends AnyPlace {
  readonly kind: 'path'
  readonly path: string
  readonly mode: number | undefined
  readonly backlog: number
}

export interface DescriptorPlace extends AnyPlace {
  readonly kind: 'fd'
  readonly fd: ListenOnDescriptor['fd']
  /** 0: that of the socket. */
  readonly backlog: number
}

export type Place = PortPlace | PathPlace | DescriptorPlace

const LISTENER_OPTIONS = [
  'port',
  'host',
  'ipv6Only',
  'reusePort',
  'path',
  'mode',
  'fd',
  'backlog',
] as const satisfies readonly (keyof PlaceOptions)[]

export const PLACE_OPTIONS = [...LISTENER_OPTIONS, 'listen'] as const satisfies readonly (keyof PlaceOptions)[]

/** In the list, a listener may say what is the server's otherwise. */
const LISTED_OPTIONS = [...LISTENER_OPTIONS, 'proxyProtocol', 'tls'] as const satisfies readonly (keyof ListenOptions)[]

type ListenerOption = (typeof LISTENER_OPTIONS)[number]
type Given = Pick<PlaceOptions, ListenerOption> & Pick<ListenAtPort, 'proxyProtocol' | 'tls'>

const PORT_OPTIONS: readonly ListenerOption[] = ['port', 'host', 'ipv6Only', 'reusePort']
const BACKLOG = 1024
const UNIX_SOCKET = 'the path of a Unix socket is the option "path"'

/**
 * Validates the listeners and fills in the defaults.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`, TypeError `ERR_INVALID_ARG_VALUE`
 */
export function checkedPlaces(given: PlaceOptions): readonly Place[] {
  const { listen } = given
  if (listen === undefined) return [placeOf({ ...given, proxyProtocol: undefined, tls: undefined }, '')]
  const short = LISTENER_OPTIONS.find((name) => given[name] !== undefined)
  if (short !== undefined) throw wrongValue(short, 'cannot be given beside "listen": give it to a listener in the list')
  if (!Array.isArray(listen)) throw wrongType('listen', 'a list of listeners, such as [{ port: 8080 }]', listen)
  if (listen.length === 0) throw wrongValue('listen', 'must have at least one listener')
  return listen.map((listener: ListenOptions, index) => {
    const name = `listen[${index}]`
    if (typeof listener !== 'object' || listener === null) throw wrongType(name, 'an object', listener)
    const unknown = Object.keys(listener).find((key) => !(LISTED_OPTIONS as readonly string[]).includes(key))
    if (unknown === undefined) return placeOf(listener, `${name}.`)
    const hint = didYouMean(unknown, LISTED_OPTIONS) || `: the options are ${[...LISTED_OPTIONS].sort().join(', ')}`
    throw wrongValue(`${name}.${unknown}`, `does not exist${hint}`)
  })
}

/** @param prefix stands before the names in errors */
function placeOf(given: Given, prefix: string): Place {
  if (given.path !== undefined) return pathPlace(given, prefix)
  if (given.fd !== undefined) return descriptorPlace(given, prefix)
  return portPlace(given, prefix)
}

/** @throws TypeError `ERR_INVALID_ARG_VALUE` */
export function checkedProxyProtocol(name: string, given: ProxyProtocol | undefined): ProxyProtocol | undefined {
  if (given === undefined || given === false || given === 'accept' || given === 'require') return given
  throw wrongValue(name, `must be false, 'accept' or 'require', not ${describe(given)}`)
}

function proxyProtocolOf({ proxyProtocol }: Given, prefix: string): ProxyProtocol | undefined {
  return checkedProxyProtocol(`${prefix}proxyProtocol`, proxyProtocol)
}

function tlsOf({ tls }: Given, prefix: string): SecureContext | false | undefined {
  return tls === undefined || tls === false ? tls : new SecureContext(`${prefix}tls`, tls)
}

/** Each listener has one place. */
function refuse(names: readonly ListenerOption[], given: Given, beside: string, prefix: string): void {
  const name = names.find((candidate) => given[candidate] !== undefined)
  if (name !== undefined) throw wrongValue(prefix + name, `cannot be given ${beside}`)
}

function portPlace(given: Given, prefix: string): PortPlace {
  refuse(['mode'], given, 'without "path"', prefix)
  const { host = 'localhost' } = given
  const port = wholeNumber(`${prefix}port`, portNumber(given.port, prefix), 8080, 0, 65535)
  if (typeof host !== 'string') throw wrongType(`${prefix}host`, 'a string', host)
  const address = withoutBrackets(host, prefix)
  const ipv6Only = flag('ipv6Only', given, prefix)
  if (ipv6Only && !address.includes(':')) {
    throw wrongValue(`${prefix}ipv6Only`, 'is for a "host" that is an IPv6 address, such as "::"')
  }
  const reusePort = flag('reusePort', given, prefix)
  const backlog = backlogOf(given, BACKLOG, prefix)
  const proxyProtocol = proxyProtocolOf(given, prefix)
  const tls = tlsOf(given, prefix)
  return { kind: 'port', port, host: address, ipv6Only, reusePort, claimsPort: false, backlog, proxyProtocol, tls }
}

function pathPlace(given: Given, prefix: string): PathPlace {
  const { path, mode } = given
  refuse([...PORT_OPTIONS, 'fd'], given, 'beside "path"', prefix)
  if (typeof path !== 'string') throw wrongType(`${prefix}path`, 'a string', path)
  const isAbstract = path.startsWith('\0')
  if (path === '' || path === '\0') throw wrongValue(`${prefix}path`, 'must not be empty')
  // Others are no UTF-8.
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(path)) {
    throw wrongValue(`${prefix}path`, 'must not have half a surrogate pair')
  }
  if (!isAbstract && path.includes('\0')) throw wrongValue(`${prefix}path`, 'must not have a zero but at its begin')
  if (mode !== undefined) {
    if (typeof mode !== 'number') throw wrongType(`${prefix}mode`, 'a number', mode)
    if (!(Number.isInteger(mode) && mode >= 0 && mode <= 0o777)) {
      const expected = 'a whole number from 0 to 0o777, such as 0o660'
      const error = new RangeError(`The option "${prefix}mode" must be ${expected}, not ${mode}.`)
      throw coded(error, 'ERR_OUT_OF_RANGE')
    }
    if (isAbstract) throw wrongValue(`${prefix}mode`, 'is for a "path" with a file, and this one is a name without one')
  }
  const proxyProtocol = proxyProtocolOf(given, prefix)
  const tls = tlsOf(given, prefix)
  return { kind: 'path', path, mode, backlog: backlogOf(given, BACKLOG, prefix), proxyProtocol, tls }
}

function descriptorPlace(given: Given, prefix: string): DescriptorPlace {
  const { fd } = given
  refuse([...PORT_OPTIONS, 'mode'], given, 'beside "fd"', prefix)
  const backlog = given.backlog === undefined ? 0 : backlogOf(given, BACKLOG, prefix)
  const proxyProtocol = proxyProtocolOf(given, prefix)
  const tls = tlsOf(given, prefix)
  if (typeof fd === 'number') {
    return { kind: 'fd', fd: wholeNumber(`${prefix}fd`, fd, 0, 0, 2 ** 31 - 1), backlog, proxyProtocol, tls }
  }
  if (typeof fd !== 'string') throw wrongType(`${prefix}fd`, "a number, 'systemd' or 'systemd:name'", fd)
  if (fd === 'systemd' || /^systemd:./.test(fd)) return { kind: 'fd', fd, backlog, proxyProtocol, tls }
  throw wrongValue(`${prefix}fd`, `must be a number, 'systemd' or 'systemd:name', not ${describe(fd)}`)
}

function backlogOf(given: Given, standard: number, prefix: string): number {
  return wholeNumber(`${prefix}backlog`, given.backlog, standard, 1, 65535)
}

function flag(name: 'ipv6Only' | 'reusePort', given: Given, prefix: string): boolean {
  const value = given[name] ?? false
  if (typeof value !== 'boolean') throw wrongType(prefix + name, 'a boolean', value)
  return value
}

/** Environment variables are strings. Everything but a string of digits is refused, the empty string too. */
function portNumber(value: number | string | undefined, prefix: string): number | undefined {
  if (typeof value !== 'string') return value
  if (/^\d+$/.test(value)) return Number(value)
  const hint = value.includes('/') ? `; ${UNIX_SOCKET}` : ''
  throw wrongValue(`${prefix}port`, `must be a number, or a string of digits, not ${describe(value)}${hint}`)
}

/** Removes the brackets of an IPv6 address. A scheme, a port or a path is not part of a host. */
function withoutBrackets(host: string, prefix: string): string {
  const [, bracketed] = /^\[(.*)\]$/.exec(host) ?? []
  const address = bracketed ?? host
  const isIpv6 = /^[\da-f]*:[\da-f:.]*:[\da-f.]*(?:%.+)?$/i.test(address)
  if (address === '')
    throw wrongValue(`${prefix}host`, "must not be empty: write 'localhost', or '0.0.0.0' for all networks")
  if (address === '*')
    throw wrongValue(`${prefix}host`, "must be an address or a name, not '*': write '::', or '0.0.0.0' for IPv4")
  if (isIpv6 || (bracketed === undefined && !/[:/[\]]/.test(host))) return address
  throw wrongValue(`${prefix}host`, `must be an address or a name alone, not ${describe(host)}: ${insteadOf(host)}`)
}

/** What to write instead of a URL, a host with a port, or the path of a socket. */
function insteadOf(host: string): string {
  if (/^[./~]/.test(host)) return UNIX_SOCKET
  const [, name, port] = /^(?:[a-z][a-z\d+.-]*:\/\/)?(\[[^\]]+\]|[^:/?#[\]]+)(?::(\d+))?(?:[/?#].*)?$/i.exec(host) ?? []
  if (name === undefined) return "write host: 'localhost', or host: '0.0.0.0' for all networks"
  return `write host: '${name}'${port === undefined ? '' : `, port: ${port}`}`
}
