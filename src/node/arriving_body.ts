// Passes the body of a request from the loop to its message, light or real.
import type { Socket } from 'node:net'
import { isLight } from './light_request.js'
import { endMessage } from './message_body.js'
import { inside, type NodeIncoming } from './node_parser.js'
import type { NodeRequest } from './request.js'

/** The connection of a body, as far as the body needs it. */
export interface BodyConnection {
  readonly socket: Socket
  /** The app has taken these bytes, so the loop may read as many more. */
  consumed(request: NodeRequest, bytes: number): void
}

/** Passes on a piece of a body, or its end. A light message keeps the body that came with its head until it is read. */
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
  // The whole body may be pushed before Node's stream reads. Without `_consuming`, Node would discard it after the
  // response.
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
