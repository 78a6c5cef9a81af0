// The body of a request, from the loop into Node's message: as its parser does it.
import type { IncomingMessage } from 'node:http'
import { rawTrailers } from './heads.js'
import { inside, type NodeIncoming } from './node_parser.js'
import type { NodeRequest } from './request.js'

/** All of the message has come. */
export function endMessage(req: IncomingMessage, trailers: string): void {
  completeMessage(req, trailers)
  req.push(null)
}

/** The same for a message whose end was told. */
export function completeMessage(req: IncomingMessage, trailers: string): void {
  req.complete = true
  if (trailers === '') return
  const lines = rawTrailers(trailers)
  inside<NodeIncoming>(req)._addHeaderLines(lines, lines.length)
}

/** The body of a light message, into the stream that it has become. */
export function pushLightBody(req: IncomingMessage, request: NodeRequest): void {
  const { body } = request
  request.body = undefined
  if (body !== undefined) req.push(body)
  if (request.hasWholeBody) endMessage(req, request.trailers)
}
