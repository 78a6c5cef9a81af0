// Notes the events of a server, its sockets, requests and responses, and what they say of themselves when it matters.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Log, nameOf, shown } from './log.js'

export class Watch {
  readonly #log: Log
  #requests = 0
  readonly #sockets = new Map<Socket, string>()

  constructor(log: Log) {
    this.#log = log
  }

  server(server: Server): void {
    server.on('connection', (socket: Socket) => this.socket(socket))
    server.on('drop', () => this.#log.note('server drop'))
  }

  socket(socket: Socket): void {
    if (this.#sockets.has(socket)) return
    const name = `socket${this.#sockets.size + 1}`
    this.#sockets.set(socket, name)
    this.#log.note(`${name} connection ${socket.remoteFamily} ${socket.remoteAddress}`)
    socket.on('end', () => this.#log.note(`${name} end`))
    socket.on('error', (error) => this.#log.note(`${name} error ${nameOf(error)}`))
    socket.on('close', (hadError) => this.#log.note(`${name} close ${hadError}`))
  }

  exchange(req: IncomingMessage, res: ServerResponse): void {
    this.#requests += 1
    const [request, response] = [`req${this.#requests}`, `res${this.#requests}`]
    const socket = this.#sockets.get(req.socket) ?? 'a socket that was not told of'
    this.#log.note(`${request} ${req.method} ${req.url} ${req.httpVersion} on ${socket}`)
    this.#log.note(`${request} ${shown(req.rawHeaders)}`)
    this.#log.note(`${request} ${shown(req.headers)} ${stateOfRequest(req)}`)
    for (const event of ['aborted', 'end', 'close']) {
      req.on(event, () => this.#log.note(`${request} ${event} ${stateOfRequest(req)}`))
    }
    req.on('error', (error) => this.#log.note(`${request} error ${nameOf(error)}`))
    // By then Node's socket may have taken everything, or not.
    res.on('prefinish', () => this.#log.note(`${response} prefinish`))
    for (const event of ['finish', 'close', 'drain', 'pipe', 'unpipe']) {
      res.on(event, () => this.#log.note(`${response} ${event} ${stateOfResponse(res)}`))
    }
    res.on('error', (error) => this.#log.note(`${response} error ${nameOf(error)}`))
  }
}

function stateOfRequest(req: IncomingMessage): string {
  const { complete, aborted, destroyed, readableEnded, errored } = req
  return flags({ complete, aborted, destroyed, readableEnded, errored: errored !== null })
}

function stateOfResponse(res: ServerResponse): string {
  const { headersSent, writableEnded, writableFinished, destroyed, finished, shouldKeepAlive } = res
  const set = flags({ headersSent, writableEnded, writableFinished, destroyed, finished, shouldKeepAlive })
  return `${res.statusCode} ${shown(res.statusMessage)} ${set}`
}

function flags(of: Record<string, boolean | null>): string {
  return Object.keys(of)
    .filter((name) => of[name])
    .join(' ')
}
