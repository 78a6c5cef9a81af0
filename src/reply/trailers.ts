import { type HeadersSource, ReplyHeaders } from '../fields/headers.js'
import { coded } from '../runtime/errors.js'

type Trailers = HeadersSource | (() => HeadersSource) | undefined

// Fields for framing, routing, authentication or interpreting the content cannot be trailers (RFC 9110 §6.5.1).
const TOO_LATE = new Set([
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'expires',
  'host',
  'location',
  'proxy-authenticate',
  'retry-after',
  'set-cookie',
  'vary',
  'www-authenticate',
])

/** The names of trailers that are known in advance, as the value of `Trailer` (RFC 9110 §6.6.2). */
export function trailerNames(trailers: Trailers): string {
  if (trailers === undefined || typeof trailers === 'function') return ''
  return [...new Set([...checked(trailers)].map(([name]) => name))].join(', ')
}

/** A trailer section as field lines. */
export function trailerLines(trailers: Trailers): string {
  if (trailers === undefined) return ''
  const fields = checked(typeof trailers === 'function' ? trailers() : trailers)
  return fieldLines(fields)
}

/**
 * @throws TypeError `ERR_INVALID_TRAILER`, and the errors of `ReplyHeaders`
 */
function checked(source: HeadersSource): ReplyHeaders {
  const fields = new ReplyHeaders(source)
  for (const [name] of fields) {
    if (!TOO_LATE.has(name)) continue
    throw coded(
      new TypeError(`'${name}' cannot be a trailer: send it as a header, before the body.`),
      'ERR_INVALID_TRAILER',
    )
  }
  return fields
}

/** With the names as they were written. */
function fieldLines(fields: ReplyHeaders): string {
  const flat = fields.flat()
  let lines = ''
  for (let place = 0; place < flat.length; place += 3) lines += `${flat[place + 2]}: ${flat[place + 1]}\r\n`
  return lines
}
