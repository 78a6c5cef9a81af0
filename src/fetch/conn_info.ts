import type { FetchInfo } from './info.js'

/** Who asks, as Hono's helpers tell it. */
export interface ConnInfo {
  readonly remote: {
    readonly address: string
    readonly port: number
    readonly addressType: 'IPv4' | 'IPv6'
    readonly transport: 'tcp'
  }
}

/** The peer of the connection of a Hono context: the client, or the proxy that it came through. */
export function getConnInfo(c: { readonly env: unknown }): ConnInfo {
  const { remoteAddress, port, incoming } = c.env as FetchInfo
  const { remoteFamily } = incoming.socket
  return { remote: { address: remoteAddress, port, addressType: remoteFamily, transport: 'tcp' } }
}
