// Passes a request to Node's own server code. Its IncomingMessage is created here. Node does the rest (the response and
// its order, expectations, 'request' and the other events), as for a request of its own parser.
import type { IncomingMessage } from 'node:http'
import { setParsedFields } from './light_request.js'
import {
  inside,
  type NodeIncoming,
  type NodeParser,
  type NodeSocket,
  nodeListener,
  type RequestClass,
} from './node_parser.js'
import { bind, type NodeRequest } from './request.js'
import type { BrinkSocket } from './socket.js'

/**
 * Passes a request to Node's server, which creates the response. An existing light request and response become real.
 */
export function passToNodeServer(request: NodeRequest, Request: RequestClass): void {
  const { socket } = request.connection
  const { parser } = inside<NodeSocket>(socket)
  // A listener of 'connection' may have closed it.
  if (socket.destroyed || parser === null) return
  request.isReal = true
  const req = request.req ?? makeIncoming(request, Request)
  parser.incoming = req
  parser.onIncoming(req, !request.closes)
  if (request.offersUpgrade && inside<NodeIncoming>(req).upgrade) upgrade(request, req, parser)
}

/** Creates only the IncomingMessage. Undefined when the connection is closed. */
export function realIncoming(request: NodeRequest, Request: RequestClass): IncomingMessage | undefined {
  return request.connection.socket.destroyed ? undefined : makeIncoming(request, Request)
}

function makeIncoming(request: NodeRequest, Request: RequestClass): IncomingMessage {
  const req = new Request(request.connection.socket)
  request.req = req
  bind(req, request)
  setParsedFields(req, request)
  return req
}

/** Hands the connection over to the app. */
function upgrade(request: NodeRequest, req: IncomingMessage, parser: NodeParser): void {
  const { connection } = request
  req.complete = true
  connection.takeOver(request, (head) => {
    if (!connection.socket.destroyed) applyParserResult(connection.socket, parser, 0, head)
  })
}

/** Reports an invalid request. Node emits 'clientError', and sends the response itself if there is no listener. */
export function emitClientError(socket: BrinkSocket, code: string, packet: Buffer): void {
  const { parser } = inside<NodeSocket>(socket)
  if (parser === null) return void socket.destroy()
  const error = errorOf(parser, code, packet)
  if (error.code !== TIMEOUT) return applyParserResult(socket, parser, error, packet)
  nodeListener(socket, 'error', 'socketOnError')?.call(socket, error)
}

const TIMEOUT = 'ERR_HTTP_REQUEST_TIMEOUT'

/** Creates the error. Node's parser parses the bytes, so that apps get the error code that they know from Node. */
function errorOf(parser: NodeParser, code: string, packet: Buffer): Error & { code: string } {
  if (code.endsWith('_TIMEOUT')) return Object.assign(new Error('Request timeout'), { code: TIMEOUT })
  const { onIncoming, incoming } = parser
  parser.onIncoming = () => 0
  // The parser has not parsed the head, so it cannot parse bytes of the body.
  const isOfHead = packet.length > 0 && !code.includes('CHUNK')
  const found = isOfHead ? parser.execute?.(packet) : undefined
  parser.onIncoming = onIncoming
  parser.incoming = incoming
  // The parser took the bytes for the beginning of a request. A NUL byte ends that, or finish() would report an error.
  if (isOfHead && !(found instanceof Error)) parser.execute?.(Buffer.alloc(1))
  if (found instanceof Error) return found as Error & { code: string }
  const reason = REASONS[code] ?? ['HPE_INVALID_CONSTANT', 'Invalid request']
  return Object.assign(new Error(`Parse Error: ${reason[1]}`), { code: reason[0], reason: reason[1], bytesParsed: 0 })
}

/**
 * Errors for requests that this server refuses and Node's parser accepts, or of which the parser did not get enough.
 */
const REASONS: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  INVALID_METHOD: ['HPE_INVALID_METHOD', 'Invalid method encountered'],
  INVALID_TARGET: ['HPE_INVALID_URL', 'Invalid characters in url'],
  INVALID_VERSION: ['HPE_INVALID_VERSION', 'Invalid HTTP version'],
  UNSUPPORTED_VERSION: ['HPE_INVALID_VERSION', 'Invalid HTTP version'],
  INVALID_FIELD: ['HPE_INVALID_HEADER_TOKEN', 'Invalid header token'],
  INVALID_CONTENT_LENGTH: ['HPE_INVALID_CONTENT_LENGTH', 'Invalid character in Content-Length'],
  INVALID_TRANSFER_ENCODING: ['HPE_INVALID_TRANSFER_ENCODING', 'Invalid Transfer-Encoding'],
  LENGTH_AND_TRANSFER_ENCODING: [
    'HPE_INVALID_TRANSFER_ENCODING',
    "Transfer-Encoding can't be present with Content-Length",
  ],
  INVALID_CHUNK: ['HPE_INVALID_CHUNK_SIZE', 'Invalid character in chunk size'],
  CHUNK_OVERHEAD_TOO_LARGE: ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'Chunk extensions overflow'],
  TARGET_TOO_LONG: ['HPE_HEADER_OVERFLOW', 'Header overflow'],
  HEADER_TOO_LARGE: ['HPE_HEADER_OVERFLOW', 'Header overflow'],
  TOO_MANY_FIELDS: ['HPE_HEADER_OVERFLOW', 'Header overflow'],
}

/** Makes Node's code handle a result of its parser for these bytes. */
function applyParserResult(socket: BrinkSocket, parser: NodeParser, says: number | Error, bytes: Buffer): void {
  parser.execute = () => {
    // Node reuses parsers, also for its clients.
    delete parser.execute
    return says
  }
  // Node's listener asserts that the socket is not paused. Backpressure may have paused it.
  inside<{ _paused: boolean }>(socket)._paused = false
  nodeListener(socket, 'data', 'bound socketOnData')?.call(socket, bytes)
}
