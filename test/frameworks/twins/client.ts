// A client that sends bytes as they are, and keeps what comes as it is. It takes what node:http may send, which is more
// than a strict client would accept.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { turn, within } from '../../server/waiting.js'
import { type Framing, frame } from './framing.js'
import { WAIT_MS } from './log.js'

export const PROBE = '/twin-probe'

export class Client {
  readonly #socket: Socket
  readonly #lines: string[]
  readonly #waiting = new Set<() => void>()
  #arrived = ''
  #ending: 'end' | 'reset' | undefined
  #left = false
  #closes = false
  #told = false

  constructor(socket: Socket, lines: string[]) {
    this.#socket = socket
    this.#lines = lines
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#arrived += text
      this.#wake()
    })
    socket.on('end', () => this.#end('end'))
    socket.on('error', () => this.#end('reset'))
    socket.on('close', () => this.#end('end'))
  }

  send(...parts: (string | Uint8Array)[]): this {
    if (this.#socket.writable) {
      this.#socket.write(
        Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
      )
    }
    return this
  }

  /** The next answer that is not 1xx, with those before it. */
  async answer(method = 'GET'): Promise<void> {
    for (;;) {
      const answer = await this.#next(method, false)
      if (answer === undefined) return
      this.#lines.push(`answer ${answer.text}`)
      if (answer.status >= 200) {
        this.#closes = answer.closes
        return
      }
    }
  }

  /** The next answer, also if it is 1xx. */
  async interim(): Promise<void> {
    const answer = await this.#next('GET', false)
    if (answer !== undefined) this.#lines.push(`answer ${answer.text}`)
  }

  /** Waits for the server to end the connection, and keeps what had come before. */
  async ended(): Promise<void> {
    await this.#when(() => this.#ending !== undefined, 'the end')
    this.#tell()
  }

  /** Waits until this much has arrived, and takes it. */
  async text(wanted: string): Promise<void> {
    await this.#when(() => this.#arrived.includes(wanted) || this.#ending !== undefined, `"${wanted}"`)
    const at = this.#arrived.indexOf(wanted)
    if (at < 0) return this.#tell()
    this.#lines.push(`bytes ${withoutDate(this.#arrived.slice(0, at + wanted.length))}`)
    this.#arrived = this.#arrived.slice(at + wanted.length)
  }

  /** Waits until so many bytes have arrived. They stay for who takes them. */
  async size(bytes: number): Promise<void> {
    await this.#when(() => this.#arrived.length >= bytes || this.#ending !== undefined, `${bytes} bytes`)
  }

  /** Whether the server takes another request: noted, with what ended the connection if it did. */
  async probe(): Promise<void> {
    if (this.#ending === undefined && !this.#closes) this.send(`GET ${PROBE} HTTP/1.1\r\nHost: x\r\n\r\n`)
    if (this.#closes || this.#ending !== undefined) return this.ended()
    const answer = await this.#next('GET', true)
    if (answer !== undefined) this.#lines.push(answer.text.endsWith('alive') ? 'stays open' : `probe ${answer.text}`)
  }

  pause(): this {
    this.#socket.pause()
    return this
  }

  resume(): this {
    this.#socket.resume()
    return this
  }

  /** Sends nothing more, and goes on listening. */
  finish(): this {
    this.#socket.end()
    return this
  }

  async leave(): Promise<void> {
    this.#left = true
    this.#socket.destroy()
    await turn()
  }

  async crash(): Promise<void> {
    this.#left = true
    this.#socket.resetAndDestroy()
    await turn()
  }

  /** What a script leaves open is probed. */
  async conclude(): Promise<void> {
    if (!this.#left && !this.#told) await this.probe()
    if (!this.#left) await this.leave()
  }

  async #next(method: string, probing: boolean): Promise<Framing | undefined> {
    let found: Framing | undefined
    await this.#when(() => {
      found = frame(this.#arrived, method, this.#ending !== undefined)
      return found !== undefined || this.#ending !== undefined
    }, 'an answer')
    if (found === undefined) {
      if (probing && this.#ending !== undefined) this.#lines.push('does not stay open')
      this.#tell()
      return undefined
    }
    this.#arrived = this.#arrived.slice(found.size)
    return { ...found, text: withoutDate(found.text) }
  }

  #tell(): void {
    if (this.#told) return
    this.#told = true
    if (this.#arrived !== '') this.#lines.push(`bytes ${withoutDate(this.#arrived)}`)
    this.#arrived = ''
    this.#lines.push(this.#ending ?? 'neither an answer nor an end')
  }

  async #when(condition: () => boolean, what: string): Promise<void> {
    let look = () => {}
    const seen = new Promise<void>((resolve) => {
      look = () => {
        if (condition()) resolve()
      }
      this.#waiting.add(look)
      look()
    })
    try {
      await within(seen, what, WAIT_MS)
    } catch {
      this.#lines.push(`waited in vain for ${what}`)
    } finally {
      this.#waiting.delete(look)
    }
  }

  #end(ending: 'end' | 'reset'): void {
    this.#ending ??= ending
    this.#wake()
  }

  #wake(): void {
    for (const look of this.#waiting) look()
  }
}

export async function open(port: number, lines: string[]): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  await within(once(socket, 'connect'), 'a connection')
  return new Client(socket, lines)
}

function withoutDate(text: string): string {
  return text.replace(/^Date: [A-Z][a-z]{2}, [^\r\n]*GMT/gim, 'Date: *')
}
