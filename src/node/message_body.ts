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

/** What came while there was no stream. */
export function pushPieces(req: IncomingMessage, request: NodeRequest): void {
  const { pieces } = request
  request.pieces = undefined
  for (const piece of pieces ?? []) req.push(piece)
  if (request.hasWholeBody) endMessage(req, request.trailers)
}
