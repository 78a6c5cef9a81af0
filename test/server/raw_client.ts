// A client that sends bytes as they are, one line a step:
//
//   const client = await connect(server)
//   client.send(get('/'), get('/late'))
//   const [first, second] = await client.receive(2)

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { dial, finish, reset } from './dialing.js'
import { type ChunksSoFar, parseResponse, type RawResponse } from './raw_response.js'
import { until, within } from './waiting.js'

/** How the server's side of a connection ended: in order, or with whatever was on its way lost. */
export type Ending = 'fin' | 'reset'

const clients = new Set<RawClient>()

/** Connects to a port, or to a path. */
export async function connect(
  { port, path }: { port: number; path?: string | undefined },
  host = '127.0.0.1',
): Promise<RawClient> {
  const { socket, connected } = dial({ port, path }, host)
  const client = new RawClient(socket)
  clients.add(client)
  client.localPort = await connected
  return client
}

/** Ends every client that a test has left open: they would keep the process alive. */
export function leaveAll(): void {
  for (const client of clients) client.leave()
  clients.clear()
}

/** Asks on a connection of its own, and leaves. */
export async function ask(
  server: { port: number; path?: string | undefined },
  bytes: string | Uint8Array,
  host?: string,
): Promise<RawResponse> {
  const client = await connect(server, host)
  const answer = await client.send(bytes).response()
  client.leave()
  return answer
}

export class RawClient {
  /** The local port, by which the server may know this client. */
  localPort = 0
  readonly #socket: Socket
  // What has come, with room for more.
  #room = Buffer.alloc(0)
  #size = 0
  #needs = 1
  #soFar: ChunksSoFar | undefined
  #ending: Ending | undefined
  readonly #waiting = new Set<() => void>()

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#add(chunk)
      this.#wake()
    })
    socket.on('end', () => this.#end('fin'))
    socket.on('error', () => this.#end('reset'))
  }

  /** How the server has ended the connection, if it has. */
  get ending(): Ending | undefined {
    return this.#ending
  }

  /** Sends it all in one segment, if the system likes. */
  send(...bytes: (string | Uint8Array)[]): this {
    if (bytes.length > 0 && this.#socket.writable) {
      this.#socket.write(Buffer.concat(bytes.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))))
    }
    return this
  }

  /** Sends, and waits until the server has read it: what is sent next arrives in a read of its own. */
  async sendSeen(server: { stats(): { bytesIn: number } }, bytes: string | Uint8Array): Promise<void> {
    const seen = server.stats().bytesIn + Buffer.byteLength(bytes)
    this.send(bytes)
    await until(() => server.stats().bytesIn >= seen || this.#ending !== undefined, 'the server has read what was sent')
  }

  /** Resolves when the system has taken everything that was sent. */
  async flushed(): Promise<void> {
    if (this.#socket.writableLength > 0) await within(once(this.#socket, 'drain'), 'the server to take what was sent')
  }

  /** The next responses, in order. `methods` are those that were asked with, where they are not GET or the like. */
  async receive(count: number, methods: readonly string[] = []): Promise<RawResponse[]> {
    const responses: RawResponse[] = []
    await this.#when(() => {
      while (responses.length < count) {
        const next = this.#next(methods[responses.length] ?? 'GET')
        if (next === undefined) break
        responses.push(next)
      }
      if (responses.length < count && this.#ending !== undefined) {
        throw new Error(`${this.#ending} after ${responses.length} of ${count} responses${this.#leftovers()}`)
      }
      return responses.length === count
    }, `${count} responses`)
    return responses
  }

  /** The next response. */
  async response(method = 'GET'): Promise<RawResponse> {
    const [response] = await this.receive(1, [method])
    return response as RawResponse
  }

  /** Says that nothing more will be sent, and goes on listening. */
  finish(): this {
    finish(this.#socket)
    return this
  }

  /** Waits until the server has ended the connection. What had arrived and was not received is an error. */
  async closed(): Promise<Ending> {
    await this.#when(() => this.#ending !== undefined, 'the end of the connection')
    if (this.#size > 0) throw new Error(`more than was expected${this.#leftovers()}`)
    return this.#ending as Ending
  }

  /** Waits until something has come, and leaves it for who receives it. */
  async touched(): Promise<void> {
    await this.#when(() => this.#size > 0 || this.#ending !== undefined, 'anything')
  }

  /** All that comes before the server ends the connection in order. */
  async everything(): Promise<string> {
    await this.#when(() => this.#ending !== undefined, 'the end of the connection')
    if (this.#ending === 'reset') throw new Error('the connection was reset')
    return this.#room.toString('latin1', 0, this.#size)
  }

  /** Waits until the server has broken the connection, with whatever had come before. */
  async broken(): Promise<void> {
    await this.#when(() => this.#ending !== undefined, 'the end of the connection')
    // libuv tells of a reset as of an end when it comes together with the last bytes: then they must not look whole.
    if (this.#ending === 'reset') return
    const looksWhole = this.#size === 0 || this.#next('GET') !== undefined
    if (looksWhole) throw new Error(`ended in order${this.#leftovers()}`)
  }

  /** What has come and was not received. */
  get arrived(): Buffer {
    return Buffer.from(this.#room.subarray(0, this.#size))
  }

  /** Stops reading, so that the server's answers fill the system's buffers. */
  pause(): this {
    this.#socket.pause()
    return this
  }

  resume(): this {
    this.#socket.resume()
    return this
  }

  leave(): void {
    this.#socket.destroy()
  }

  /** Leaves with a reset, as a client does that crashed. */
  crash(): void {
    reset(this.#socket)
  }

  #next(method: string): RawResponse | undefined {
    if (this.#size < this.#needs || this.#size === 0) return undefined
    const parsed = parseResponse(this.#room.subarray(0, this.#size), method, this.#soFar)
    if ('needs' in parsed) {
      this.#needs = parsed.needs
      this.#soFar = parsed.soFar
      return undefined
    }
    this.#room = this.#room.subarray(parsed.size)
    this.#size -= parsed.size
    this.#needs = 1
    this.#soFar = undefined
    return parsed.response
  }

  #add(chunk: Buffer): void {
    const size = this.#size + chunk.length
    if (size > this.#room.length) {
      const room = Buffer.allocUnsafe(2 * size)
      this.#room.copy(room, 0, 0, this.#size)
      this.#room = room
    }
    chunk.copy(this.#room, this.#size)
    this.#size = size
  }

  #when(condition: () => boolean, what: string): Promise<void> {
    let look = () => {}
    const seen = new Promise<void>((resolve, reject) => {
      look = () => {
        try {
          if (condition()) resolve()
        } catch (error) {
          reject(error)
        }
      }
      this.#waiting.add(look)
      look()
    })
    return within(seen, what).finally(() => this.#waiting.delete(look))
  }

  #end(ending: Ending): void {
    this.#ending ??= ending
    this.#wake()
  }

  #wake(): void {
    for (const look of this.#waiting) look()
  }

  #leftovers(): string {
    const text = this.#room.toString('latin1', 0, Math.min(this.#size, 300))
    return text === '' ? '' : `: ${JSON.stringify(text)}`
  }
}
