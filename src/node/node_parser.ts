// The internals of Node's HTTP server that are used here and that Node's types do not declare. A Node server accepts
// any stream as a connection: its listener of 'connection' gives the socket a parser, and the parser reports requests
// through these properties. They exist in Node 20 to 26. Only this folder uses them.
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** Node's HTTP parser. It parses nothing here, except to create errors, because brink parses the requests. */
export interface NodeParser {
  /** The last request. */
  incoming: IncomingMessage | null
  /** Handles a request: creates its response, and emits 'request' or another event. */
  onIncoming(incoming: IncomingMessage, keepAlive: boolean): number
  /** Parses. Returns the number of parsed bytes, or the error. */
  execute?: (bytes: Uint8Array) => number | Error
  /** Ends the input. Returns an error when a request is incomplete. */
  finish(): Error | undefined
}

/** Properties of Node's objects that its server code reads and writes. */
export interface NodeIncoming {
  httpVersionMajor: number
  httpVersionMinor: number
  joinDuplicateHeaders: boolean | undefined
  upgrade: boolean | null
  _dumped: boolean
  _consuming: boolean
  _addHeaderLines(lines: string[], count: number): void
}

export interface NodeOutgoing {
  /** The connection is closed after this response. */
  _last: boolean
  readonly req: IncomingMessage
}

export interface NodeSocket {
  parser: NodeParser | null
  server: Server | null
}

export type ResponseClass = new (request: IncomingMessage, options?: object) => ServerResponse
export type RequestClass = new (socket: object) => IncomingMessage

/** An object of Node's, with its internal properties. */
export function inside<T>(object: object): T {
  return object as unknown as T
}

/**
 * A listener that Node's server has added to a socket. The function's name distinguishes it from listeners of the app.
 */
export function nodeListener(
  socket: EventEmitter,
  event: string,
  name: string,
): ((...args: unknown[]) => void) | undefined {
  const found = socket.listeners(event).find((listener) => listener.name === name)
  return found as ((...args: unknown[]) => void) | undefined
}

const EMITTERS = new Set(['_events', '_eventsCount', '_maxListeners', 'kCapture', 'shapeMode'])

/** Whether a property belongs to EventEmitter. Light objects have those as own properties. */
export function isOfEmitter(key: string | symbol): boolean {
  return EMITTERS.has((typeof key === 'symbol' ? key.description : key) ?? '')
}
