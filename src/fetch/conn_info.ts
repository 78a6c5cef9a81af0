import type { FetchInfo } from './info.js'

/** The client, in the form that Hono uses. */
export interface ConnInfo {
  readonly remote: {
    readonly address: string
    readonly port: number
    readonly addressType: 'IPv4' | 'IPv6'
    readonly transport: 'tcp'
  }
}

/** The client of a Hono context: the peer, unless `trustProxy` or `proxyProtocol` says otherwise. */
export function getConnInfo(c: { readonly env: unknown }): ConnInfo {
  const { remoteAddress, port, incoming } = c.env as FetchInfo
  const { remoteFamily } = incoming.socket
  return { remote: { address: remoteAddress, port, addressType: remoteFamily, transport: 'tcp' } }
}
