// What the handshakes of connections with TLS have agreed on, for as long as their slots are theirs.
import {
  EVENT_GENERATION,
  EVENT_SLOT,
  SECURED_AUTHORIZED,
  SECURED_CERTIFICATE_LENGTH,
  SECURED_CERTIFICATE_OFFSET,
  SECURED_FLAGS,
  SECURED_RESUMED,
  SECURED_TEXT_LENGTH,
  SECURED_TEXT_OFFSET,
} from './layout.js'
import type { RawBuffer } from './raw_buffer.js'
import { TlsFacts } from './tls_facts.js'

interface Entry {
  readonly generation: number
  readonly facts: TlsFacts
}

export class SecuredConnections {
  /** By their slots. Those of connections that are gone stay until the slot is used again. */
  readonly #entries: (Entry | undefined)[] = []

  /** Takes an EVENT_SECURED. */
  add(words: Int32Array, bytes: RawBuffer, at: number): void {
    this.#entries[words[at + EVENT_SLOT]] = {
      generation: words[at + EVENT_GENERATION],
      facts: tlsFactsAt(words, bytes, at),
    }
  }

  find(slot: number, generation: number): TlsFacts | undefined {
    const entry = this.#entries[slot]
    return entry?.generation === generation ? entry.facts : undefined
  }
}

/** Reads an EVENT_SECURED. */
export function tlsFactsAt(words: Int32Array, bytes: RawBuffer, at: number): TlsFacts {
  const start = words[at + SECURED_TEXT_OFFSET]
  const text = bytes.latin1Slice(start, start + words[at + SECURED_TEXT_LENGTH])
  const from = words[at + SECURED_CERTIFICATE_OFFSET]
  const size = words[at + SECURED_CERTIFICATE_LENGTH]
  const certificate = size > 0 ? Buffer.from(bytes.subarray(from, from + size)) : undefined
  const flags = words[at + SECURED_FLAGS]
  return new TlsFacts(text, (flags & SECURED_RESUMED) !== 0, (flags & SECURED_AUTHORIZED) !== 0, certificate)
}
