// The URL of a request, normalized like `new URL()`, because apps match its text. Most URLs need no parsing.
import { HttpError } from '../fields/http_error.js'

/** A target that `URL` does not change, except for dot segments. */
const PLAIN_TARGET = /^\/(?!\/)[A-Za-z0-9\-_~!$&()*+,;=:@/.?%]*$/
const DOTS = /\/\.|%2e/i
const PLAIN_HOST = /^[a-z0-9]+(?:[-.][a-z0-9]+)*(?::[1-9]\d{0,4})?$/

/** Most servers have few hosts. The limit bounds the memory when clients invent names. */
const MOST_HOSTS = 64
const origins = { 'http:': new Map<string, string>(), 'https:': new Map<string, string>() }

/**
 * The absolute URL of a request target at a host. The scheme has its colon.
 * @throws HttpError 400 `ERR_INVALID_URL` when the result is not a URL
 */
export function urlOf(scheme: string, host: string, target: string): string {
  try {
    if (PLAIN_TARGET.test(target) && !DOTS.test(target)) return originOf(scheme, host) + target
    if (/^https?:\/\//i.test(target)) return new URL(target).href
    const origin = originOf(scheme, host)
    return new URL(target.startsWith('/') ? origin + target : `${origin}/${target}`).href
  } catch (cause) {
    throw new HttpError(400, 'The request target and the Host field are not a valid URL.', {
      code: 'ERR_INVALID_URL',
      cause,
    })
  }
}

function originOf(scheme: string, host: string): string {
  const ofScheme = scheme === 'https:' ? origins['https:'] : origins['http:']
  const known = ofScheme.get(host)
  if (known !== undefined) return known
  // `URL` rewrites numbers that it takes for IPv4 addresses.
  const isPlain = PLAIN_HOST.test(host) && !/^[\d.:]|\.\d|xn--|:(?:80|443)$/.test(host)
  const origin = isPlain ? `${scheme}//${host}` : new URL(`${scheme}//${host}`).origin
  if (ofScheme.size >= MOST_HOSTS) ofScheme.clear()
  ofScheme.set(host, origin)
  return origin
}
