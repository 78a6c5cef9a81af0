import type { Duplex } from 'node:stream'
import type { UpgradeRequest } from 'brink'
import { endpoint, failure, preflight } from '../_endpoint.js'
import { acceptance, echoMessages, type WebSocketLimits } from '../_web_socket_echo.js'

/** A WebSocket that sends every message back. */
export const UPGRADE = (req: UpgradeRequest, socket: Duplex) => {
  socket.write(acceptance(String(req.headers['sec-websocket-key'])))
  echoMessages(socket, req.state.webSocket as WebSocketLimits)
}

/** Whoever does not ask for a WebSocket. */
export const GET = endpoint((_req, head) => failure(head, 400, 'the connection cannot become a WebSocket'))
export const OPTIONS = preflight
