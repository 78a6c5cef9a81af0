// The socket of a connection: a net.Socket whose bytes go through brink's loop. While the connection speaks HTTP,
// nothing is read from the socket, because the loop parses the requests. What is written belongs to the current
// response.
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Socket } from 'node:net'
import type { TlsFacts } from '../exchange/tls_facts.js'
import { timers } from '../runtime/timers.js'

/** A written piece. Node's streams pass bytes, and strings with their encoding. */
export interface Written {
  readonly chunk: string | Uint8Array
  readonly encoding: BufferEncoding | 'buffer'
}

export type Done = (error?: Error | null) => void

/** The connection of a socket, as far as the socket needs it. */
export interface SocketOwner {
  readonly peer: Partial<AddressInfo>
  readonly local: Partial<AddressInfo>
  readonly bytesRead: number
  readonly bytesAnswered: number
  /** What the handshake has agreed on. Undefined before its end, and without TLS. */
  readonly tls: TlsFacts | undefined
  /** The reader wants more of the request's body, or of a connection that has switched protocols. */
  wantsMore(): void
  /** `message`: the current response; null between two responses. */
  write(message: ServerResponse | null, pieces: readonly Written[], done: Done): void
  /** Makes the light requests and responses real. */
  makeReal(): void
  /** Node's server has detached the response from the socket. */
  finished(message: ServerResponse): void
  /** The writable side has ended. */
  ended(done: Done): void
  /** The socket was destroyed. The connection is closed, or reset. */
  destroyed(resets: boolean): void
}

/** Internals of Node's sockets that Node's types do not declare. */
interface Internals {
  _unrefTimer(): void
  _destroy(error: Error | null, done: Done): void
}

const { prototype: netSocket } = Socket as unknown as { prototype: Internals }

export class BrinkSocket extends Socket {
  readonly #owner: SocketOwner
  #message: ServerResponse | null = null
  #resets = false
  #hadError = false
  #bytesWritten = 0
  #ignoresTimeout = false
  #isClosing = false

  constructor(owner: SocketOwner, highWaterMark: number) {
    super({ allowHalfOpen: true, readableHighWaterMark: highWaterMark, writableHighWaterMark: highWaterMark } as object)
    this.#owner = owner
  }

  /** The current response. Node's server sets it, and resets it when the whole response was written. */
  get _httpMessage(): ServerResponse | null {
    return this.#message
  }

  set _httpMessage(message: ServerResponse | null) {
    const before = this.#message
    this.#message = message
    if (before === null || before === message) return
    // After a response, Node sets the timeout of the socket to wait for the next request. The loop has its own timeout.
    this.#ignoresTimeout = true
    timers.nextTick(() => {
      this.#ignoresTimeout = false
    })
    this.#owner.finished(before)
  }

  override setTimeout(ms: number, listener?: () => void): this {
    if (this.#ignoresTimeout && listener === undefined) {
      this.#ignoresTimeout = false
      return this
    }
    return super.setTimeout(ms, listener)
  }

  /** Restarts the timeout, because of activity. */
  touch(): void {
    ;(this as unknown as Internals)._unrefTimer()
  }

  static {
    // Accessors in Node, but properties in its types, so TypeScript does not let a class override them.
    Object.defineProperties(BrinkSocket.prototype, {
      constructor: { value: Socket, configurable: true },
      pending: {
        configurable: true,
        get: () => false,
      },
      bytesRead: {
        configurable: true,
        get(this: BrinkSocket): number {
          return this.#owner.bytesRead
        },
      },
      bytesWritten: {
        configurable: true,
        get(this: BrinkSocket): number {
          return this.#bytesWritten + this.#owner.bytesAnswered + this.writableLength
        },
      },
    })
  }

  _getpeername(): Partial<AddressInfo> {
    return this.#owner?.peer ?? {}
  }

  _getsockname(): Partial<AddressInfo> {
    return this.#owner?.local ?? {}
  }

  // The loop has disabled Nagle's algorithm and enabled TCP keep-alive.
  override setNoDelay(_on?: boolean): this {
    return this
  }

  override setKeepAlive(_on?: boolean, _delay?: number): this {
    return this
  }

  override ref(): this {
    return this
  }

  override unref(): this {
    return this
  }

  override resume(): this {
    super.resume()
    this.#owner.wantsMore()
    return this
  }

  override resetAndDestroy(): this {
    this.#resets = true
    return this.destroy()
  }

  override _read(): void {
    this.#owner.wantsMore()
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, done: Done): void {
    this.touch()
    this.#bytesWritten += lengthOf(chunk, encoding)
    this.#owner.write(this.#message, [{ chunk, encoding }], done)
  }

  override _writev(pieces: Written[], done: Done): void {
    this.touch()
    for (const { chunk, encoding } of pieces) this.#bytesWritten += lengthOf(chunk, encoding)
    this.#owner.write(this.#message, pieces, done)
  }

  override _final(done: Done): void {
    this.#owner.ended(done)
  }

  /** Emits 'close' in a later turn, with whether there was an error, as Node does for sockets with a handle. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    // Node's listener emits 'timeout' on real requests and responses.
    if (event === 'timeout') this.#owner.makeReal()
    if (event !== 'close') return super.emit(event as 'close', ...(args as [boolean]))
    if (!this.#isClosing) {
      this.#isClosing = true
      timers.setImmediate(() => super.emit('close', this.#hadError))
    }
    return true
  }

  override destroy(error?: Error): this {
    // Node's server emits the events of real requests and responses.
    if (!this.destroyed) this.#owner.makeReal()
    return super.destroy(error)
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#hadError = error !== null && error !== undefined
    this.#owner.destroyed(this.#resets)
    netSocket._destroy.call(this, error, done)
  }
}

function lengthOf(chunk: string | Uint8Array, encoding: BufferEncoding | 'buffer'): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding as BufferEncoding) : chunk.length
}
