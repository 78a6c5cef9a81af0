// Where a request comes from: the addresses in its event, and what trusted proxies say of its client.
import { addressBytes, addressText } from '../exchange/address.js'
import {
  FLAG_ANNOUNCED,
  FLAG_CLIENT_UNKNOWN,
  FLAG_IPV4,
  FLAG_PEER_IPV4,
  PEER_ADDRESS,
  REQUEST_ADDRESS,
  REQUEST_FIELD_COUNT,
  REQUEST_FIELDS,
  REQUEST_FLAGS,
  REQUEST_PORT,
} from '../exchange/layout.js'
import { directly, type Forwarding, type ForwardingProxies } from './forwarding.js'
import type { RequestHeaders } from './request_headers.js'

/** The peer of the connection, or the client that it has announced by the PROXY protocol. */
export function clientAddress(words: Int32Array, eventAt: number): string {
  return addressText(words, eventAt + REQUEST_ADDRESS, (words[eventAt + REQUEST_FLAGS] & FLAG_IPV4) !== 0)
}

/** The peer of the connection. */
export function peerAddress(words: Int32Array, eventAt: number): string {
  const flags = words[eventAt + REQUEST_FLAGS]
  if ((flags & FLAG_ANNOUNCED) === 0) return clientAddress(words, eventAt)
  const end = eventAt + REQUEST_FIELDS + 2 * words[eventAt + REQUEST_FIELD_COUNT]
  return addressText(words, end + PEER_ADDRESS, (flags & FLAG_PEER_IPV4) !== 0)
}

/** What the trusted proxies before the server say of its client. */
export function forwardingOf(
  words: Int32Array,
  eventAt: number,
  headers: RequestHeaders,
  proxies: ForwardingProxies,
): Forwarding {
  const peer = { address: addressBytes(words, eventAt + REQUEST_ADDRESS), port: words[eventAt + REQUEST_PORT] }
  const flags = words[eventAt + REQUEST_FLAGS]
  // A client that its proxy does not know may have written the fields itself.
  if ((flags & FLAG_CLIENT_UNKNOWN) !== 0) return directly(peer)
  return proxies.forwarding(headers, peer, (flags & FLAG_ANNOUNCED) === 0 ? 0 : 1)
}

/** Whether whoever has sent the request may say more of it than what it is. */
export function trustsSender(words: Int32Array, at: number, proxies: ForwardingProxies): boolean {
  const flags = words[at + REQUEST_FLAGS]
  if ((flags & FLAG_CLIENT_UNKNOWN) !== 0) return false
  return proxies.trusts(addressBytes(words, at + REQUEST_ADDRESS), (flags & FLAG_ANNOUNCED) === 0 ? 0 : 1)
}
