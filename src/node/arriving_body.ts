// A body on its way from the loop into a message, light or real.
import type { Socket } from 'node:net'
import { isLight } from './light_request.js'
import { endMessage } from './message_body.js'
import { inside, type NodeIncoming } from './node_parser.js'
import type { NodeRequest } from './request.js'

/** What takes a body from the loop. */
export interface BodyConnection {
  readonly socket: Socket
  /** So much was taken, and as much more may come. */
  consumed(request: NodeRequest, bytes: number): void
}

/** A piece of a body, or its end. A light message keeps what came with its head, until somebody wants it. */
export function pushBody(
  connection: BodyConnection,
  request: NodeRequest,
  bytes: Buffer,
  isLast: boolean,
  trailers: string,
): void {
  const { req } = request
  if (req === undefined) return
  if (isLight(req)) {
    request.hasWholeBody = true
    request.trailers = trailers
    if (bytes.length > 0) request.body = bytes
    return
  }
  const fields = inside<NodeIncoming>(req)
  const { _dumped: isDumped } = fields
  // Whoever listens already is read to, though all of it is there before Node's stream asks for it.
  if (req.readableFlowing !== null || req.listenerCount('readable') > 0) fields._consuming = true
  if (bytes.length > 0 && !isDumped && !req.push(bytes)) {
    connection.socket.pause()
    request.unreadBytes += bytes.length
  } else connection.consumed(request, bytes.length)
  if (!isLast) return
  request.hasWholeBody = true
  endMessage(req, trailers)
  if (!inside<{ _paused?: boolean }>(connection.socket)._paused) connection.socket.resume()
}
