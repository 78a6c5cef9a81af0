// A client that sees an answer while it arrives: its head, and the pieces of its body out of their chunks.

import type { Socket } from 'node:net'
import { dial, reset } from './dialing.js'
import { within } from './waiting.js'

export class ChunkReader {
  readonly #socket: Socket
  #bytes = Buffer.alloc(0)
  #ended = false
  #wake = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes])
      this.#wake()
    })
    for (const event of ['end', 'error', 'close']) {
      socket.on(event, () => {
        this.#ended = true
        this.#wake()
      })
    }
  }

  static async ask({ port }: { port: number }, request: string): Promise<ChunkReader> {
    const { socket, connected } = dial({ port })
    const reader = new ChunkReader(socket)
    await connected
    socket.write(request)
    return reader
  }

  /** The head of the answer. */
  async head(): Promise<string> {
    return (await this.#upTo('\r\n\r\n')).toString('latin1')
  }

  /** What the next chunk holds; undefined when the body, or the connection, has ended. */
  async chunk(): Promise<Buffer | undefined> {
    const line = await this.#upTo('\r\n')
    const size = Number.parseInt(line.toString('latin1'), 16)
    if (Number.isNaN(size)) return undefined
    const chunk = await this.#take(size + 2)
    return size === 0 ? undefined : chunk.subarray(0, size)
  }

  leave(): void {
    this.#socket.destroy()
  }

  crash(): void {
    reset(this.#socket)
  }

  async #upTo(text: string): Promise<Buffer> {
    await this.#until(() => this.#bytes.includes(text))
    const end = this.#bytes.indexOf(text)
    return this.#take(end === -1 ? this.#bytes.length : end + text.length)
  }

  async #take(size: number): Promise<Buffer> {
    await this.#until(() => this.#bytes.length >= size)
    const taken = this.#bytes.subarray(0, size)
    this.#bytes = this.#bytes.subarray(size)
    return taken
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!this.#ended && !condition()) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await within(changed, 'more of an answer')
    }
  }
}
