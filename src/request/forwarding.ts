// From the peer of a connection to its client, through the proxies that are trusted.
import { textOfPeer } from '../exchange/address.js'
import {
  fromTheRight,
  type Node,
  readForwarded,
  readForwardedFor,
  readHost,
  readPort,
  readScheme,
  type Scheme,
} from './forwarded_fields.js'
import type { TrustedProxies } from './trusted_proxies.js'

/** The fields that are read: `Forwarded`, those that begin with `X-Forwarded-`, or whichever there are. */
export type ForwardedFields = 'auto' | 'forwarded' | 'x-forwarded'

/** The fields of a request, by their names in lower case. */
export interface FieldsOfRequest {
  get(name: string): string | null
  has(name: string): boolean
}

/** The client of a request, and how it has addressed the server. */
export interface Forwarding {
  readonly ip: string
  /** 0 when it is not known. */
  readonly port: number
  /** Undefined when no trusted proxy has said it. */
  readonly scheme: Scheme | undefined
  /** With a port, if it is not the scheme's. */
  readonly host: string | undefined
}

const X_FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'] as const

/** The peer is the client, as far as anybody knows. */
export function directly({ address, port }: Node): Forwarding {
  return { ip: textOfPeer(address), port, scheme: undefined, host: undefined }
}

export class ForwardingProxies {
  readonly #trusted: TrustedProxies
  readonly #fields: ForwardedFields

  constructor(trusted: TrustedProxies, fields: ForwardedFields) {
    this.#trusted = trusted
    this.#fields = fields
  }

  /** Whether it is trusted, so many proxies before the peer of the connection. */
  trusts(address: Uint8Array, passed: 0 | 1): boolean {
    return this.#trusted.trusts(address, passed)
  }

  /**
   * @param peer the peer of the connection, or the client that it has announced by the PROXY protocol
   * @param passed the number of proxies before that: 1 when the peer has announced it
   */
  forwarding(headers: FieldsOfRequest, peer: Node, passed: 0 | 1): Forwarding {
    const direct = directly(peer)
    if (!this.#trusted.trusts(peer.address, passed)) return direct
    const said: Forwarding[] = []
    const forwarded = this.#fields === 'x-forwarded' ? null : headers.get('forwarded')
    if (forwarded !== null) said.push(this.#byForwarded(forwarded, peer, passed))
    if (this.#fields !== 'forwarded' && X_FORWARDED.some((name) => headers.has(name))) {
      said.push(this.#byXForwarded(headers, peer, passed))
    }
    const [first = direct, second = first] = said
    return agreed(first, second) ?? direct
  }

  #byForwarded(list: string, peer: Node, passed: number): Forwarding {
    let at = peer
    let hop = passed
    let scheme: Scheme | undefined
    let host: string | undefined
    for (const text of fromTheRight(list)) {
      const element = this.#trusted.trusts(at.address, hop) ? readForwarded(text) : undefined
      if (element === undefined) break
      scheme = element.scheme ?? scheme
      host = element.host ?? host
      if (element.for === undefined) break
      at = element.for
      hop += 1
    }
    return { ip: textOfPeer(at.address), port: at.port, scheme, host }
  }

  #byXForwarded(headers: FieldsOfRequest, peer: Node, passed: number): Forwarding {
    let at = peer
    let hop = passed
    for (const text of fromTheRight(headers.get('x-forwarded-for') ?? '')) {
      const node = this.#trusted.trusts(at.address, hop) ? readForwardedFor(text) : undefined
      if (node === undefined) break
      at = node
      hop += 1
    }
    // As many proxies may have added to the other fields.
    const most = Math.max(1, hop - passed)
    const scheme = lastOf(headers, 'x-forwarded-proto', most, readScheme)
    const host = lastOf(headers, 'x-forwarded-host', most, readHost)
    const port = lastOf(headers, 'x-forwarded-port', most, readPort)
    return {
      ip: textOfPeer(at.address),
      port: at.port,
      scheme,
      host: withPort(host ?? headers.get('host'), port, scheme),
    }
  }
}

/** What both say. Undefined when they name different clients: one of them is the client's own invention. */
function agreed(one: Forwarding, other: Forwarding): Forwarding | undefined {
  if (one === other) return one
  if (one.ip !== other.ip) return undefined
  return {
    ip: one.ip,
    port: one.port === other.port ? one.port : 0,
    scheme: one.scheme === other.scheme ? one.scheme : undefined,
    host: one.host === other.host ? one.host : undefined,
  }
}

/** The element that is farthest to the left, but not behind a malformed one, nor more than `most` from the right. */
function lastOf<Value>(
  headers: FieldsOfRequest,
  name: string,
  most: number,
  read: (text: string) => Value | undefined,
): Value | undefined {
  let last: Value | undefined
  let count = 0
  const list = headers.get(name)
  if (list === null) return undefined
  for (const text of fromTheRight(list)) {
    const value = count < most ? read(text) : undefined
    if (value === undefined) break
    last = value
    count += 1
  }
  return last
}

const STANDARD_PORTS: Readonly<Record<Scheme, number>> = { http: 80, https: 443 }

function withPort(host: string | null, port: number | undefined, scheme: Scheme = 'http'): string | undefined {
  if (host === null) return undefined
  const isNeeded = port !== undefined && port !== STANDARD_PORTS[scheme] && !/:\d*$/.test(host.replace(/^\[.*\]/, ''))
  return isNeeded ? `${host}:${port}` : host
}
