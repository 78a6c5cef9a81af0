// What of Node's own server is used that is no part of its types. A Node server makes of any stream a connection: its
// listener to 'connection' gives the socket a parser, and whatever a parser finds it tells by these. All of it is there
// in Node 20 to 26, and used by nothing but this folder.
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** Node's HTTP parser, which parses nothing here: the requests come parsed. */
export interface NodeParser {
  /** The request that came last. */
  incoming: IncomingMessage | null
  /** A request came: makes its response, and emits 'request', or what else it is. */
  onIncoming(incoming: IncomingMessage, keepAlive: boolean): number
  /** Parses; gives how many bytes belonged to a request, or why they do not. */
  execute?: (bytes: Uint8Array) => number | Error
  /** Nothing more comes: gives what is missing. */
  finish(): Error | undefined
}

/** Fields of Node's objects that its server code reads and writes. */
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
  /** Behind it the connection ends. */
  _last: boolean
  readonly req: IncomingMessage
}

export interface NodeSocket {
  parser: NodeParser | null
  server: Server | null
}

export type ResponseClass = new (request: IncomingMessage, options?: object) => ServerResponse
export type RequestClass = new (socket: object) => IncomingMessage

/** Node's own fields of an object of Node's. */
export function inside<T>(object: object): T {
  return object as unknown as T
}

/** A listener of Node's server to its sockets, told from those of the app by the name of its function. */
export function nodeListener(
  socket: EventEmitter,
  event: string,
  name: string,
): ((...args: unknown[]) => void) | undefined {
  const found = socket.listeners(event).find((listener) => listener.name === name)
  return found as ((...args: unknown[]) => void) | undefined
}

const EMITTERS = new Set(['_events', '_eventsCount', '_maxListeners', 'kCapture', 'shapeMode'])

/** Whether a property is one by which an EventEmitter works, which light objects are themselves. */
export function isOfEmitter(key: string | symbol): boolean {
  return EMITTERS.has((typeof key === 'symbol' ? key.description : key) ?? '')
}
