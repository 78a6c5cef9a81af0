// The connection as Node's server and its apps see it: a net.Socket whose bytes go through brink's loop. While HTTP is
// spoken nothing is read from it, since the requests come parsed; what is written belongs to the response that is due.
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Socket } from 'node:net'
import { timers } from '../runtime/timers.js'

/** What is written: Node's streams give strings with their encoding, and bytes. */
export interface Written {
  readonly chunk: string | Uint8Array
  readonly encoding: BufferEncoding | 'buffer'
}

export type Done = (error?: Error | null) => void

/** What a socket asks of its connection. */
export interface SocketOwner {
  readonly peer: Partial<AddressInfo>
  readonly local: Partial<AddressInfo>
  readonly bytesRead: number
  readonly bytesAnswered: number
  /** The reader wants more: of the request's body, or of what comes on a connection that was handed over. */
  wantsMore(): void
  /** `message`: the response that is due; null between two of them. */
  write(message: ServerResponse | null, pieces: readonly Written[], done: Done): void
  /** Has Node's server take what it does not know yet. */
  makeReal(): void
  /** The response has been given whole. */
  finished(message: ServerResponse): void
  /** Nothing more will be written. */
  ended(done: Done): void
  /** The connection is to be closed, or reset. */
  destroyed(resets: boolean): void
}

/** How Node names its parts that are no part of its types. */
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

  /** The response whose turn it is. Node's server sets it, and takes it back when all of the response was written. */
  get _httpMessage(): ServerResponse | null {
    return this.#message
  }

  set _httpMessage(message: ServerResponse | null) {
    const before = this.#message
    this.#message = message
    if (before === null || before === message) return
    // Behind a response Node waits for the next request with a timer of the socket's. The loop has one of its own.
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

  /** The client did something. */
  touch(): void {
    ;(this as unknown as Internals)._unrefTimer()
  }

  static {
    // Accessors of Node's, which its types call properties.
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

  // The loop has switched Nagle's delay off, and probes are left to its timeouts.
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

  /** 'close' says whether an error was the cause, in a turn of its own; Node says it so where there is a handle. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    // Node's listener tells the request and the response that it knows.
    if (event === 'timeout') this.#owner.makeReal()
    if (event !== 'close') return super.emit(event as 'close', ...(args as [boolean]))
    if (!this.#isClosing) {
      this.#isClosing = true
      timers.setImmediate(() => super.emit('close', this.#hadError))
    }
    return true
  }

  override destroy(error?: Error): this {
    // The messages that Node's server knows hear of it.
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
