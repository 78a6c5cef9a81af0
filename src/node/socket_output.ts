// Passes what a socket writes to the exchange, with backpressure.
import type { Exchange } from '../exchange/exchange.js'
import { FLAG_CHUNK_ASKS } from '../exchange/layout.js'
import type { Recipient } from '../exchange/recipient.js'
import type { Done, Written } from './socket.js'

/** Bytes that may be sent before the writer waits for the client to take them. */
const WINDOW = 128 * 1024
/** Larger pieces are sent without a copy, and belong to the writer again when the client has taken them. */
const COPIED = 32 * 1024

export class SocketOutput {
  readonly #exchange: Exchange
  /** Bytes that were sent since the last FLAG_CHUNK_ASKS. */
  #unasked = 0
  #drained: Done | undefined

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  /** Sends the pieces, and calls `done` when the writer may continue. */
  send(to: Recipient, pieces: readonly Written[], done: Done): void {
    let size = 0
    for (const { chunk } of pieces) size += chunk.length
    this.#unasked += size
    const waits = size > COPIED || this.#unasked >= WINDOW
    this.write(to, pieces, waits ? FLAG_CHUNK_ASKS : 0)
    if (!waits) return done()
    this.#unasked = 0
    this.#drained = done
  }

  /** Sends the pieces. The flags belong to the last one. Latin-1 text is sent together with the bytes after it. */
  write(to: Recipient, pieces: readonly Written[], flags = 0): void {
    let text = ''
    for (let place = 0; place < pieces.length; place += 1) {
      const { chunk, encoding } = pieces[place] as Written
      const isLast = place === pieces.length - 1
      const isLatin1 =
        typeof chunk === 'string' && (encoding === 'latin1' || encoding === 'ascii' || encoding === 'binary')
      if (isLatin1 && chunk.length < COPIED) {
        text += chunk
        if (isLast || text.length > COPIED) {
          this.#exchange.rawChunk(to, isLast ? flags : 0, text, undefined)
          text = ''
        }
        continue
      }
      const isUtf8 = encoding === 'utf8' || encoding === 'utf-8' || encoding === undefined || encoding === null
      const body = typeof chunk !== 'string' || isUtf8 ? chunk : Buffer.from(chunk, encoding as BufferEncoding)
      this.#exchange.rawChunk(to, isLast ? flags : 0, text, body)
      text = ''
    }
  }

  /** The client has taken what was sent, or the connection has closed. */
  drained(): void {
    const done = this.#drained
    this.#drained = undefined
    done?.()
  }
}

export function bytesOf(pieces: readonly Written[]): Buffer {
  return Buffer.concat(
    pieces.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk,
    ),
  )
}
