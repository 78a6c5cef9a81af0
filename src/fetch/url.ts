// The URL of a request, normalized like `new URL()`, because apps match its text. Most URLs need no parsing.
import { HttpError } from '../fields/http_error.js'

/** A target that `URL` does not change, except for dot segments. */
const PLAIN_TARGET = /^\/(?!\/)[A-Za-z0-9\-_~!$&()*+,;=:@/.?%]*$/
const DOTS = /\/\.|%2e/i
const PLAIN_HOST = /^[a-z0-9]+(?:[-.][a-z0-9]+)*(?::[1-9]\d{0,4})?$/

/** Most servers have few hosts. The limit bounds the memory when clients invent names. */
const MOST_HOSTS = 64
const origins = new Map<string, string>()

/**
 * The absolute URL of a request target at a host.
 * @throws HttpError 400 `ERR_INVALID_URL` when the result is not a URL
 */
export function urlOf(host: string, target: string): string {
  try {
    if (PLAIN_TARGET.test(target) && !DOTS.test(target)) return originOf(host) + target
    if (/^https?:\/\//i.test(target)) return new URL(target).href
    return new URL(target.startsWith('/') ? originOf(host) + target : `${originOf(host)}/${target}`).href
  } catch (cause) {
    throw new HttpError(400, 'The request target and the Host field are not a valid URL.', {
      code: 'ERR_INVALID_URL',
      cause,
    })
  }
}

function originOf(host: string): string {
  const known = origins.get(host)
  if (known !== undefined) return known
  // `URL` rewrites numbers that it takes for IPv4 addresses.
  const isPlain = PLAIN_HOST.test(host) && !/^[\d.:]|\.\d|xn--|:80$/.test(host)
  const origin = isPlain ? `http://${host}` : new URL(`http://${host}`).origin
  if (origins.size >= MOST_HOSTS) origins.clear()
  origins.set(host, origin)
  return origin
}
