// A WebSocket that sends every message back (RFC 6455).
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { TextDecoder } from 'node:util'
import {
  CLOSE,
  CONTINUATION,
  closePayload,
  type Frame,
  FrameError,
  FrameReader,
  frameBytes,
  framesOf,
  PING,
  PONG,
  TEXT,
} from './_frames.js'

export interface WebSocketLimits {
  /** The largest payload of a frame, in both directions. */
  readonly maxFragment: number
  readonly maxMessage: number
  /** How long it may stay open, in milliseconds. */
  readonly maxDuration: number
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** So long a client has to answer the last frame before its connection is ended. */
const CLOSING_MS = 1_000

/** The head of the answer with which the connection becomes a WebSocket. */
export function acceptance(key: string): string {
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}

/** Echoes until one side closes. */
export function echoMessages(socket: Duplex, limits: WebSocketLimits): void {
  const echo = new Echo(socket, limits)
  const limit = setTimeout(() => echo.close(1008, 'it was open for too long'), limits.maxDuration)
  socket.on('data', (chunk: Buffer) => echo.receive(chunk))
  socket.on('drain', () => socket.resume())
  // The client has gone without a word: there is nobody to tell.
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
  socket.on('close', () => clearTimeout(limit))
}

class Echo {
  readonly #socket: Duplex
  readonly #limits: WebSocketLimits
  readonly #reader: FrameReader
  #opcode = CONTINUATION
  #parts: Buffer[] = []
  #size = 0
  #text: TextDecoder | undefined
  #isClosed = false

  constructor(socket: Duplex, limits: WebSocketLimits) {
    this.#socket = socket
    this.#limits = limits
    this.#reader = new FrameReader(limits.maxFragment)
  }

  /** Handles what has arrived. All answers to it leave at once. */
  receive(chunk: Buffer): void {
    if (this.#isClosed) return
    const out: Buffer[] = []
    try {
      this.#reader.push(chunk)
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
        this.#handle(frame, out)
        if (this.#isClosed) break
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#end(closePayload(error.code, error.message), out)
    }
    // A client that does not take its echoes is not read.
    if (out.length > 0 && !this.#socket.write(Buffer.concat(out))) this.#socket.pause()
    if (this.#isClosed) this.#finish()
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return
    const out: Buffer[] = []
    this.#end(closePayload(code, reason), out)
    this.#socket.write(Buffer.concat(out))
    this.#finish()
  }

  #handle(frame: Frame, out: Buffer[]): void {
    const { opcode, payload } = frame
    if (opcode === PING) out.push(...frameBytes({ opcode: PONG, isLast: true, payload }))
    else if (opcode === CLOSE) this.#end(closeAnswer(payload), out)
    else if (opcode !== PONG) this.#add(frame, out)
  }

  #add({ opcode, isLast, payload }: Frame, out: Buffer[]): void {
    if (opcode === CONTINUATION && this.#opcode === CONTINUATION)
      throw new FrameError(1002, 'there is no message to continue')
    if (opcode !== CONTINUATION && this.#opcode !== CONTINUATION)
      throw new FrameError(1002, 'the message before is not complete')
    if (opcode !== CONTINUATION) this.#opcode = opcode
    this.#size += payload.length
    if (this.#size > this.#limits.maxMessage)
      throw new FrameError(1009, `a message is larger than ${this.#limits.maxMessage} bytes`)
    if (this.#opcode === TEXT) this.#checkText(payload, isLast)
    if (payload.length > 0) this.#parts.push(payload)
    // Empty parts must not be kept, and many small ones take little more than their bytes.
    if (this.#parts.length > 1024) this.#parts = [Buffer.concat(this.#parts)]
    if (!isLast) return
    const [only] = this.#parts
    const message = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts)
    for (const frame of framesOf(this.#opcode, message, this.#limits.maxFragment)) out.push(...frameBytes(frame))
    this.#opcode = CONTINUATION
    this.#parts = []
    this.#size = 0
  }

  /** A character may be cut by a frame, and a message that begins wrong is refused before its end (RFC 6455 §8.1). */
  #checkText(payload: Buffer, isLast: boolean): void {
    if (isLast && this.#text === undefined) {
      if (!isUtf8(payload)) throw new FrameError(1007, 'a text is not UTF-8')
      return
    }
    try {
      this.#text ??= new TextDecoder('utf-8', { fatal: true })
      this.#text.decode(payload, { stream: !isLast })
      if (isLast) this.#text = undefined
    } catch {
      throw new FrameError(1007, 'a text is not UTF-8')
    }
  }

  #end(payload: Buffer, out: Buffer[]): void {
    this.#isClosed = true
    out.push(...frameBytes({ opcode: CLOSE, isLast: true, payload }))
  }

  /** What still comes is read and dropped, so that no reset destroys the last frame. */
  #finish(): void {
    this.#socket.end()
    this.#socket.resume()
    setTimeout(() => this.#socket.destroy(), CLOSING_MS).unref()
  }
}

/** A close frame is answered with its own code (RFC 6455 §5.5.1). */
function closeAnswer(payload: Buffer): Buffer {
  if (payload.length === 0) return closePayload()
  if (payload.length === 1) throw new FrameError(1002, 'a close frame has half a code')
  const code = payload.readUInt16BE(0)
  const isKnown =
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999)
  if (!isKnown) throw new FrameError(1002, `the code ${code} may not be sent`)
  if (!isUtf8(payload.subarray(2))) throw new FrameError(1007, 'a reason is not UTF-8')
  return closePayload(code)
}
