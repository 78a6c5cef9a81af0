// Passes the body of a request from the loop to an IncomingMessage, as Node's parser does.
import type { IncomingMessage } from 'node:http'
import { rawTrailers } from './heads.js'
import { inside, type NodeIncoming } from './node_parser.js'
import type { NodeRequest } from './request.js'

/** The message has arrived completely. */
export function endMessage(req: IncomingMessage, trailers: string): void {
  completeMessage(req, trailers)
  req.push(null)
}

/** The same for a message that has emitted 'end'. */
export function completeMessage(req: IncomingMessage, trailers: string): void {
  req.complete = true
  if (trailers === '') return
  const lines = rawTrailers(trailers)
  inside<NodeIncoming>(req)._addHeaderLines(lines, lines.length)
}

/** Passes the body that a light request has kept to the stream of the real request. */
export function pushLightBody(req: IncomingMessage, request: NodeRequest): void {
  const { body } = request
  request.body = undefined
  if (body !== undefined) req.push(body)
  if (request.hasWholeBody) endMessage(req, request.trailers)
}
