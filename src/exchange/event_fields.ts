// Reads the fields of events from the words of a block.
import { addressText } from './address.js'
import type { ClientError } from './client_error.js'
import {
  BODY_LENGTH,
  BODY_OFFSET,
  CLIENT_ERROR_ADDRESS,
  CLIENT_ERROR_FLAGS,
  CLIENT_ERROR_PORT,
  CLIENT_ERROR_REASON_LENGTH,
  CLIENT_ERROR_REASON_OFFSET,
  CLIENT_ERROR_REFUSAL,
  CLIENT_ERROR_UNTOLD,
  EVENT_GENERATION,
  EVENT_SLOT,
  FLAG_IPV4,
  REQUEST_ANNOUNCED_HIGH,
  REQUEST_ANNOUNCED_LOW,
  REQUEST_SEQUENCE,
} from './layout.js'
import { native } from './native.js'
import type { RawBuffer } from './raw_buffer.js'
import type { Recipient } from './recipient.js'

/** A piece of a body. It is copied, because the block is reused. */
export function pieceAt(words: Int32Array, bytes: Buffer, at: number): Buffer {
  const start = words[at + BODY_OFFSET]
  return Buffer.from(bytes.subarray(start, start + words[at + BODY_LENGTH]))
}

export function recipientAt(words: Int32Array, at: number): Recipient {
  return {
    slot: words[at + EVENT_SLOT],
    generation: words[at + EVENT_GENERATION],
    sequence: words[at + REQUEST_SEQUENCE],
  }
}

export function announcedAt(words: Int32Array, at: number): number {
  return (words[at + REQUEST_ANNOUNCED_HIGH] >>> 0) * 2 ** 32 + (words[at + REQUEST_ANNOUNCED_LOW] >>> 0)
}

export function refusalAt(number: number): { readonly code: string; readonly status: number } {
  return native.refusals[number] as { code: string; status: number }
}

export function clientErrorAt(words: Int32Array, bytes: RawBuffer, at: number): ClientError {
  const { code, status } = refusalAt(words[at + CLIENT_ERROR_REFUSAL])
  const isIpv4 = (words[at + CLIENT_ERROR_FLAGS] & FLAG_IPV4) !== 0
  const ip = addressText(words, at + CLIENT_ERROR_ADDRESS, isIpv4)
  const error = { code, status, ip, port: words[at + CLIENT_ERROR_PORT], untold: words[at + CLIENT_ERROR_UNTOLD] }
  const start = words[at + CLIENT_ERROR_REASON_OFFSET]
  const reason = bytes.latin1Slice(start, start + words[at + CLIENT_ERROR_REASON_LENGTH])
  return reason === '' ? error : { ...error, reason }
}
