import { HttpError, type Reply } from 'brink'
import { limitsOf } from 'brink/target'
import { chosenType, escaped, SANDBOX } from './_content_types.js'
import { type Asked, answer, TEXT_TYPE } from './_endpoint.js'
import type { Head } from './_head.js'
import { param, quoted } from './_query.js'

/** The decoded, or the encoded, with the content type that the client asks for. */
export function base64Answer(req: Asked, head: Head, operation: string, data: string): Reply {
  const { maxBodySize } = limitsOf(req)
  if (Buffer.byteLength(data) > maxBodySize) throw new HttpError(400, `input data exceeds max length of ${maxBodySize}`)
  const bytes = transformed(operation, data)
  const { type, escapes } = chosenType(req, param(req, 'content-type') ?? TEXT_TYPE)
  if (!escapes) return answer(head, 200, bytes, { 'content-type': type })
  // Latin-1 keeps every byte as it is.
  const harmless = Buffer.from(escaped(bytes.toString('latin1')), 'latin1')
  return answer(head, 200, harmless, { 'content-type': type, 'content-security-policy': SANDBOX })
}

function transformed(operation: string, data: string): Buffer {
  if (operation === 'decode') return decoded(data)
  // The alphabet for URLs with padding (RFC 4648 §5).
  if (operation === 'encode')
    return Buffer.from(Buffer.from(data).toString('base64').replaceAll('+', '-').replaceAll('/', '_'))
  throw new HttpError(400, `invalid operation: ${operation.slice(0, 100)}`)
}

/** Either alphabet, with padding (RFC 4648 §3.2). */
function decoded(data: string): Buffer {
  const isWhole = data.length % 4 === 0 && (/^[\w-]*={0,2}$/.test(data) || /^[A-Za-z\d+/]*={0,2}$/.test(data))
  if (!isWhole) throw new HttpError(400, `base64 decode failed: ${quoted(data)} is not base64`)
  return Buffer.from(data, 'base64')
}
