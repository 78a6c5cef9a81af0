import { AsyncResource } from 'node:async_hooks'
import type { Duplex, DuplexOptions } from 'node:stream'
import type { AbortListener, AbortListeners } from '../exchange/abort_listeners.js'
import type { Lender } from '../exchange/body_changed.js'
import type { Exchange } from '../exchange/exchange.js'
import { FLAG_CHUNK_ASKS, FLAG_CHUNK_END } from '../exchange/layout.js'
import type { Recipient } from '../exchange/recipient.js'
import { coded } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'

/** How many bytes are sent before the stream waits until the client has taken some. */
const WINDOW = 128 * 1024
/** Larger chunks may be sent without a copy, so they belong to the writer again only when the client has taken them. */
const COPIED = 32 * 1024

/** What a tunnel needs of its server. */
export interface TunnelSurroundings {
  readonly exchange: Exchange
  readonly tunnels: AbortListeners<Tunnel>
  readonly remoteAddress: string
  readonly remotePort: number
  /** The object to notify when written memory was changed before it was sent. */
  readonly lender: Lender
  /** Called with errors of listeners, and with stream errors that have no listener. */
  readonly report: (error: unknown) => void
}

/** The method that is called when an async listener rejects: `captureRejectionSymbol` of `node:events`. */
const REJECTION = Symbol.for('nodejs.rejection')

type Done = (error?: Error | null) => void

/** A connection that was handed over to an upgrade or CONNECT handler. */
export class Tunnel implements AbortListener {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  nextListener: AbortListener | undefined
  /** The connection as a Node Duplex. */
  readonly socket: Duplex
  readonly #exchange: Exchange
  readonly #tunnels: AbortListeners<Tunnel>
  readonly #lender: Lender
  readonly #report: (error: unknown) => void
  // The async context of the request: data arrives in a call of the native side, which has another one.
  readonly #context = new AsyncResource('BRINK_TUNNEL')
  #untaken = 0
  #unasked = 0
  #drained: Done | undefined
  #heardEnd = false
  #saidEnd = false
  #gone = false

  constructor(to: Recipient, { exchange, tunnels, remoteAddress, remotePort, lender, report }: TunnelSurroundings) {
    this.slot = to.slot
    this.generation = to.generation
    this.sequence = to.sequence
    this.#exchange = exchange
    this.#tunnels = tunnels
    this.#lender = lender
    this.#report = report
    tunnels.add(this)
    Socket ??= socketClass()
    this.socket = new Socket(this, remoteAddress, remotePort)
  }

  /** Bytes have arrived from the client. They must not be changed afterwards. */
  arrived(bytes: Buffer): void {
    if (this.socket.destroyed || bytes.length === 0) return
    this.#untaken += bytes.length
    this.#inContext(() => this.socket.push(bytes))
  }

  /** The client has closed its sending side. */
  finished(): void {
    this.#heardEnd = true
    if (!this.socket.destroyed) this.#inContext(() => this.socket.push(null))
  }

  /** The client has taken enough of the output. */
  drained(): void {
    this.#inContext(() => this.#sent())
  }

  lender(): Lender {
    return this
  }

  bodyChanged(error: Error): void {
    this.#lender.bodyChanged(error)
    // Without a listener, an error would end the process.
    this.socket.destroy(this.socket.listenerCount('error') === 0 ? undefined : error)
  }

  clientGone(half: boolean): void {
    if (half) return
    this.#gone = true
    this.#tunnels.remove(this)
    // Both sides have ended. Data that arrived before the end may still be read, and then the stream closes.
    if (this.#heardEnd && this.#saidEnd) return
    this.#inContext(() => {
      // Without a listener, the error would end the process, and every client can cause it.
      if (this.socket.listenerCount('error') === 0) this.socket.destroy()
      else this.socket.destroy(coded(new Error('The connection was broken by the client.'), 'ECONNRESET'))
    })
  }

  /** A listener threw: the state of the protocol is unknown, so the connection is closed. */
  broke(error: unknown): void {
    this.#report(error)
    this.socket.destroy()
  }

  #inContext(tell: () => void): void {
    try {
      this.#context.runInAsyncScope(tell)
    } catch (error) {
      // An error of a callback that the app gave to the stream. Errors of listeners were caught in emit().
      this.#context.runInAsyncScope(this.broke, this, error)
    }
  }

  #sent(): void {
    const done = this.#drained
    this.#drained = undefined
    done?.()
  }

  /** The reader of the socket wants more. */
  read(): void {
    if (this.#untaken === 0 || this.#gone) return
    this.#exchange.read(this, this.#untaken)
    this.#untaken = 0
  }

  send(chunks: Buffer[], done: Done): void {
    if (this.#gone) return done()
    let waits = false
    try {
      chunks.forEach((chunk, place) => {
        this.#unasked += chunk.length
        waits ||= chunk.length > COPIED || this.#unasked >= WINDOW
        const asks = waits && place === chunks.length - 1
        this.#exchange.chunk(this, asks ? FLAG_CHUNK_ASKS : 0, '', chunk)
      })
    } catch (error) {
      this.bodyChanged(error as Error)
      return done()
    }
    if (!waits) return done()
    this.#unasked = 0
    this.#drained = done
  }

  end(done: Done): void {
    this.#saidEnd = true
    if (!this.#gone) this.#exchange.chunk(this, FLAG_CHUNK_END, '', undefined)
    done()
  }

  destroyed(error: Error | null, done: Done): void {
    this.#sent()
    // When both sides have ended, the connection closes by itself after the last byte was sent.
    if (!this.#gone && !(this.#heardEnd && this.#saidEnd)) this.#exchange.abort(this)
    done(error)
  }
}

let Socket: ReturnType<typeof socketClass> | undefined

/** Loads Node's streams, which takes time, when the first connection is handed over. */
function socketClass() {
  const { Duplex } = lateBuiltin('node:stream')
  return class extends Duplex {
    readonly remoteAddress: string
    readonly remotePort: number
    readonly _tunnel: Tunnel

    constructor(tunnel: Tunnel, remoteAddress: string, remotePort: number) {
      super({ captureRejections: true } as DuplexOptions)
      this._tunnel = tunnel
      this.remoteAddress = remoteAddress
      this.remotePort = remotePort
    }

    // Methods that libraries call on sockets. They have no effect here.
    setTimeout(_ms: number, _listener?: () => void): this {
      return this
    }
    setNoDelay(_on?: boolean): this {
      return this
    }
    setKeepAlive(_on?: boolean, _delay?: number): this {
      return this
    }
    ref(): this {
      return this
    }
    unref(): this {
      return this
    }

    // Node calls most listeners in ticks of its own, where an error would end the process. So would an `error` event
    // without a listener.
    override emit(event: string | symbol, ...args: unknown[]): boolean {
      try {
        return super.emit(event, ...args)
      } catch (error) {
        this._tunnel.broke(error)
        return true
      }
    }

    /** An async listener rejected. */
    [REJECTION](error: unknown): void {
      this._tunnel.broke(error)
    }

    override _read(): void {
      this._tunnel.read()
    }

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
      this._tunnel.send([chunk], done)
    }

    override _writev(chunks: { chunk: Buffer }[], done: Done): void {
      this._tunnel.send(
        chunks.map(({ chunk }) => chunk),
        done,
      )
    }

    override _final(done: Done): void {
      this._tunnel.end(done)
    }

    override _destroy(error: Error | null, done: Done): void {
      this._tunnel.destroyed(error, done)
    }
  }
}
