// Open http://localhost:8080 in two windows. Needs the package ws.
import { files, Router, serve } from 'brink'
import { WebSocket, WebSocketServer } from 'ws'

/** @type {Map<string, Set<WebSocket>>} */
const rooms = new Map()
const sockets = new WebSocketServer({ noServer: true, maxPayload: 16 * 1024 })

const app = new Router()
  .get('/*', files(new URL('public', import.meta.url)))
  .upgrade('/rooms/:room', (req, socket, head) => {
    sockets.handleUpgrade(req, socket, head, (webSocket) => join(req.params.room, webSocket))
  })

/**
 * @param {string} name
 * @param {WebSocket} webSocket
 */
function join(name, webSocket) {
  const room = rooms.get(name) ?? new Set()
  rooms.set(name, room.add(webSocket))
  webSocket.on('message', (message) => {
    for (const other of room) {
      if (other.readyState === WebSocket.OPEN) other.send(message.toString())
    }
  })
  webSocket.on('error', () => webSocket.terminate())
  webSocket.on('close', () => {
    room.delete(webSocket)
    if (room.size === 0) rooms.delete(name)
  })
}

const server = await serve(app, { port: Number(process.env.PORT ?? 8080) })
console.log(`Listening on ${server.url}`)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    // close() waits for WebSocket connections, too.
    for (const room of rooms.values()) for (const webSocket of room) webSocket.close(1001)
    server.close({ force: 5000 })
  })
}
