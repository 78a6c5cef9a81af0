import type { DrawnFault } from '../faults/drawn_fault.js'
import { Reply } from '../reply/reply.js'
import { statusPhrase } from './status_phrase.js'

const BLOCK = Buffer.alloc(64 * 1024, 'brink target. 16')

/** The answer that a fault gives in the place of the path's; undefined when it gives none. */
export function insteadOf({ status, retryAfter, size }: DrawnFault): Reply | undefined {
  if (status === undefined && size === undefined) return undefined
  const headers: Record<string, string> = {}
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter)
  if (size === undefined) return new Reply(status ?? 200, statusPhrase(status ?? 200) || String(status), headers)
  headers['content-type'] = 'application/octet-stream'
  if (size <= BLOCK.length) return new Reply(status ?? 200, BLOCK.subarray(0, size), headers)
  headers['content-length'] = String(size)
  return new Reply(status ?? 200, blocks(size), headers)
}

function* blocks(size: number): Generator<Uint8Array> {
  for (let left = size; left > 0; left -= BLOCK.length) yield BLOCK.subarray(0, Math.min(left, BLOCK.length))
}
