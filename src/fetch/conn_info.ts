import { wrongArgument } from '../runtime/option_errors.js'
import { isNoHandler } from '../runtime/uncalled.js'
import type { FetchInfo } from './info.js'

/** The client, in the form that Hono uses. */
export interface ConnInfo {
  readonly remote: {
    readonly address: string
    readonly port: number
    /** Undefined for a Unix domain socket. */
    readonly addressType: 'IPv4' | 'IPv6' | undefined
    readonly transport: 'tcp'
  }
}

/**
 * The client of a Hono context: the peer, unless `trustProxy` or `proxyProtocol` says otherwise.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for a context without one
 */
export function getConnInfo(c: { readonly env: unknown }): ConnInfo {
  if (typeof (c?.env as Partial<FetchInfo> | undefined)?.remoteAddress !== 'string') {
    throw wrongArgument('getConnInfo(c)', 'the context of an app that brink serves', c)
  }
  const { remoteAddress, port, incoming } = c.env as FetchInfo
  const { remoteFamily } = incoming.socket
  return { remote: { address: remoteAddress, port, addressType: remoteFamily, transport: 'tcp' } }
}

isNoHandler(getConnInfo, 'call it in a handler, getConnInfo(c)')
