// What endpoints that echo a request must know of it, and handlers of apps need not.
import { FLAG_ANNOUNCED, FLAG_HTTP_1_0, REQUEST_FLAGS } from '../exchange/layout.js'
import type { BrinkRequest } from '../request/request.js'

/** The header fields as they arrived: names at even places, values at odd ones. Values are Latin-1. */
export function fieldLines(req: BrinkRequest): readonly string[] {
  return req.headers.raw()
}

/**
 * An object that stands for the header fields: later requests with byte-for-byte equal fields bring the same one. A
 * `WeakMap` with it as the key remembers what was made of the fields. Undefined for fields that are not remembered.
 */
export function fieldsKey(req: BrinkRequest): object | undefined {
  return req.fieldMemory
}

/**
 * The body, if it has come whole with the head, which most small ones have; undefined for one that is to be read. The
 * bytes are the request's until it has been answered: copy what is kept.
 */
export function arrivedBody(req: BrinkRequest): Uint8Array | undefined {
  return req.incoming === undefined ? req.arrived() : undefined
}

/** The version of the protocol that the request names (RFC 9112 §2.3). */
export function protocolOf(req: BrinkRequest): 'HTTP/1.0' | 'HTTP/1.1' {
  return (req.event()[req.eventAt + REQUEST_FLAGS] & FLAG_HTTP_1_0) !== 0 ? 'HTTP/1.0' : 'HTTP/1.1'
}

/**
 * Whether somebody whom the server trusts has named the client, or may have: then `req.ip` and `req.url` are true. Where
 * nobody is trusted, an endpoint may repeat what fields such as `X-Forwarded-For` say, as httpbin does.
 */
export function trustsProxies(req: BrinkRequest): boolean {
  return req.trustsProxies || (req.event()[req.eventAt + REQUEST_FLAGS] & FLAG_ANNOUNCED) !== 0
}
