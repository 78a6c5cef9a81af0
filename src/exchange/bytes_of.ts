import { lateBuiltin } from '../runtime/late_builtin.js'
import { bodyChanged } from './body_changed.js'

/** A view of the bytes of any buffer or view; undefined for any other value. */
export function bytesOf(body: unknown): Uint8Array | undefined {
  if (body instanceof Uint8Array) return body
  try {
    if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
    return isBuffer(body) ? new Uint8Array(body) : undefined
  } catch {
    // This happens only for a view whose memory was detached or became too small.
    throw bodyChanged()
  }
}

/** Whether a value is an `ArrayBuffer` or a `SharedArrayBuffer` of any realm. */
function isBuffer(body: unknown): body is ArrayBuffer {
  if (body instanceof ArrayBuffer) return true
  if (typeof body !== 'object' || body === null) return false
  const { [Symbol.toStringTag]: tag } = body as { [Symbol.toStringTag]?: unknown }
  const isTagged = tag === 'ArrayBuffer' || tag === 'SharedArrayBuffer'
  return isTagged && lateBuiltin('node:util').types.isAnyArrayBuffer(body)
}
