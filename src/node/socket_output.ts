// What a socket writes, on its way into the exchange.
import type { Exchange } from '../exchange/exchange.js'
import { FLAG_CHUNK_ASKS } from '../exchange/layout.js'
import type { Recipient } from '../exchange/recipient.js'
import type { Done, Written } from './socket.js'

/** So many bytes are handed over before the next ones wait for the client to take some. */
const WINDOW = 128 * 1024
/** Larger pieces are sent from where they lie, and are their writer's again when the client has taken them. */
const COPIED = 32 * 1024

export class SocketOutput {
  readonly #exchange: Exchange
  /** Bytes since the last ones of which the client's taking was asked for. */
  #unasked = 0
  #drained: Done | undefined

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  /** Sends, and calls `done` when the writer may go on. */
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

  /** Sends. The flags are the last piece's. Text in front of other bytes crosses together with them. */
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

  /** The client has taken what was sent, or never will. */
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
