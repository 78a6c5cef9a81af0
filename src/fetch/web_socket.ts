// Hono's `upgradeWebSocket`, over a WebSocket server such as that of the `ws` package.
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { callListener } from '../runtime/call_listener.js'
import { wrongArgument } from '../runtime/option_errors.js'
import { isNoHandler } from '../runtime/uncalled.js'
import type { FetchInfo } from './info.js'

/** A WebSocket, as `ws` has it. */
export interface WebSocketLike extends EventEmitter {
  readonly protocol: string
  readonly readyState: number
  send(data: string | ArrayBufferLike | ArrayBufferView, options?: { compress?: boolean | undefined }): void
  close(code?: number, reason?: string): void
}

/** A WebSocket server, as `new WebSocketServer({ noServer: true })` of `ws` is one. */
export interface WebSocketServerLike extends EventEmitter {
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer, done: (socket: WebSocketLike) => void): void
}

/** A connection, as the listeners see it. */
export interface WebSocketContext {
  readonly raw: WebSocketLike
  readonly url: URL
  readonly protocol: string
  readonly readyState: number
  binaryType: 'arraybuffer'
  send(data: string | ArrayBuffer | Uint8Array, options?: { compress?: boolean }): void
  close(code?: number, reason?: string): void
}

/** Listeners of one connection. Their errors, thrown or rejected, go to the server's `log`. */
export interface WebSocketEvents {
  onOpen?(event: Event, socket: WebSocketContext): void
  onMessage?(event: MessageEvent, socket: WebSocketContext): void
  onClose?(event: Event & { readonly code: number; readonly reason: string }, socket: WebSocketContext): void
  onError?(event: Event & { readonly error: unknown }, socket: WebSocketContext): void
}

/** The parts of a Hono context that listeners commonly use. */
export interface HonoContext {
  readonly env: unknown
  readonly req: {
    readonly url: string
    readonly raw: Request
    header(name: string): string | undefined
    param(name: string): string | undefined
    query(name: string): string | undefined
  }
}

type CreateEvents<C> = (c: C) => WebSocketEvents | Promise<WebSocketEvents>

/** A Hono handler. It calls the next handler for clients that do not ask for a WebSocket. */
export type UpgradeWebSocket = <C extends HonoContext = HonoContext>(
  createEvents: CreateEvents<C>,
) => (c: C, next: () => Promise<void>) => Promise<Response | undefined>

/** Fields that the WebSocket server writes, and fields of the framing. */
const NOT_HANDED_ON = /^(?:connection|upgrade|content-length|keep-alive|te|trailer|transfer-encoding|sec-websocket-.*)$/

/**
 * Creates Hono's `upgradeWebSocket`:
 *
 *     const upgradeWebSocket = webSocketHelper(new WebSocketServer({ noServer: true }))
 *     app.get('/ws', upgradeWebSocket((c) => ({ onMessage: (event, socket) => socket.send(event.data) })))
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` when it is not given such a server
 */
export function webSocketHelper(server: WebSocketServerLike): UpgradeWebSocket {
  if (typeof server?.handleUpgrade !== 'function') {
    throw wrongArgument('webSocketHelper(server)', 'a server of ws, new WebSocketServer({ noServer: true })', server)
  }
  return (createEvents) => async (c, next) => {
    const info = c.env as FetchInfo
    if (!info.offersUpgrade || c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      await next()
      return undefined
    }
    const events = await createEvents(c)
    const url = new URL(c.req.url)
    return info.upgrade((req, socket, head, headers) => {
      const addHeaders = (lines: string[]) => {
        for (const [name, value] of headers) if (!NOT_HANDED_ON.test(name)) lines.push(`${name}: ${value}`)
      }
      server.once('headers', addHeaders)
      try {
        server.handleUpgrade(req, socket, head, (webSocket) => {
          server.emit('connection', webSocket, req)
          attach(webSocket, url, events, (error) => info.waitUntil(Promise.reject(error)))
        })
      } finally {
        server.off('headers', addHeaders)
      }
    })
  }
}

/** @param report logs an error of a listener, thrown or rejected, which would end the process otherwise */
function attach(socket: WebSocketLike, url: URL, events: WebSocketEvents, report: (error: unknown) => void): void {
  const call = (listener: () => unknown) => callListener(listener, report)
  const context: WebSocketContext = {
    raw: socket,
    url,
    protocol: socket.protocol,
    binaryType: 'arraybuffer',
    get readyState() {
      return socket.readyState
    },
    send: (data, options) => socket.send(data, { compress: options?.compress }),
    close: (code, reason) => socket.close(code, reason),
  }
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    const content = isBinary ? new Uint8Array(data).buffer : String(data)
    call(() => events.onMessage?.(new MessageEvent('message', { data: content }), context))
  })
  socket.on('close', (code: number, reason: Buffer) => {
    const event = Object.assign(new Event('close'), { code, reason: String(reason), wasClean: code === 1000 })
    call(() => events.onClose?.(event, context))
  })
  socket.on('error', (error: unknown) => {
    call(() => events.onError?.(Object.assign(new Event('error'), { error }), context))
  })
  call(() => events.onOpen?.(new Event('open'), context))
}

isNoHandler(webSocketHelper, 'call it, webSocketHelper(server)')
