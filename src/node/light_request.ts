// A request as most handlers see it: method, target and header fields, without the stream that it is. Whoever touches
// anything else makes it the real IncomingMessage that it looks like, by Node's own constructor on the same object.
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { pushPieces } from './message_body.js'
import { inside, type NodeIncoming } from './node_parser.js'
import { bind, type NodeRequest } from './request.js'

/** The request that a light one stands for; undefined for one that is real. */
const LIGHT = Symbol('brink.light')
const HEADERS = Symbol('brink.headers')

type Headers = Record<string, string | string[] | undefined>

interface Light {
  [LIGHT]: NodeRequest | undefined
  [HEADERS]: Headers | undefined
  url: string
  method: string
}

const nodeIncoming = IncomingMessage as unknown as (this: object, socket: Socket) => void
const { prototype: nodePrototype } = IncomingMessage
const nodeHeaders = Object.getOwnPropertyDescriptor(nodePrototype, 'headers') ?? {}

/** Makes the request's message, light. */
export class LightIncoming {
  constructor(request: NodeRequest) {
    const light = this as unknown as Light
    light[LIGHT] = request
    light[HEADERS] = undefined
    light.method = request.head.method
    light.url = request.head.url
    bind(this, request)
  }
}

export function lightIncoming(request: NodeRequest): IncomingMessage {
  return new LightIncoming(request) as unknown as IncomingMessage
}

export function isLight(req: IncomingMessage): boolean {
  return (req as unknown as Light)[LIGHT] !== undefined
}

/** Node's constructor, on the object that the app has. */
export function makeRequestReal(req: IncomingMessage): void {
  const light = req as unknown as Light
  const request = light[LIGHT]
  if (request === undefined) return
  const { url, method } = light
  const headers = light[HEADERS]
  const { socket } = request.connection
  light[LIGHT] = undefined
  // What Node's constructor sets would be caught by the accessors. Where an app has put prototypes of its own between, they
  // define what is set.
  if (Object.getPrototypeOf(req) === LightIncoming.prototype) Object.setPrototypeOf(req, nodePrototype)
  nodeIncoming.call(req, socket)
  fillIn(req, request)
  req.url = url
  req.method = method
  if (headers !== undefined) req.headers = headers
  pushPieces(req, request)
  if (request.isGone) req.destroy()
}

/** What Node's parser tells a message. */
export function fillIn(req: IncomingMessage, request: NodeRequest): void {
  const fields = inside<NodeIncoming>(req)
  const { server } = request.connection
  const minor = request.minorVersion
  fields.httpVersionMajor = 1
  fields.httpVersionMinor = minor
  req.httpVersion = minor === 1 ? '1.1' : '1.0'
  fields.joinDuplicateHeaders = inside<NodeIncoming>(server).joinDuplicateHeaders
  fields.upgrade = request.offersUpgrade
  req.url = request.head.url
  req.method = request.head.method
  const lines = request.head.fields.raw.slice()
  const most = server.maxHeadersCount
  fields._addHeaderLines(lines, most ? Math.min(lines.length, 2 * most) : lines.length)
}

/** A message of no connection, which joins header lines as Node does. */
const joiner = new IncomingMessage(new Socket())

function joined({ head: { fields } }: NodeRequest): Headers {
  if (fields.joined === undefined) {
    const into: Headers = {}
    const { raw } = fields
    const add = inside<{ _addHeaderLine(name: string, value: string, into: Headers): void }>(joiner)
    for (let at = 0; at < raw.length; at += 2) add._addHeaderLine(raw[at] as string, raw[at + 1] as string, into)
    fields.joined = into
  }
  const copy: Headers = { ...fields.joined }
  if (Array.isArray(copy['set-cookie'])) copy['set-cookie'] = copy['set-cookie'].slice()
  return copy
}

/** Accessors that make the message real, one for each property that Node's constructor gives it. */
function late(key: string | symbol): PropertyDescriptor {
  return {
    configurable: true,
    get(this: IncomingMessage): unknown {
      // Node's prototypes are asked for it, too.
      if (!isLight(this)) return undefined
      makeRequestReal(this)
      return (this as unknown as Record<string | symbol, unknown>)[key]
    },
    set(this: IncomingMessage, value: unknown): void {
      if (isLight(this)) makeRequestReal(this)
      define(this, key, value)
    },
  }
}

function define(object: object, key: string | symbol, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

/** One that is answered from the request, and can be set. */
function read(key: string, give: (request: NodeRequest, req: IncomingMessage) => unknown): PropertyDescriptor {
  const { get: nodeGet, set: nodeSet } = Object.getOwnPropertyDescriptor(nodePrototype, key) ?? {}
  return {
    configurable: true,
    get(this: IncomingMessage): unknown {
      const request = (this as unknown as Light)[LIGHT]
      return request === undefined ? nodeGet?.call(this) : give(request, this)
    },
    set(this: IncomingMessage, value: unknown): void {
      if (isLight(this)) makeRequestReal(this)
      if (nodeSet !== undefined) nodeSet.call(this, value)
      else define(this, key, value)
    },
  }
}

Object.setPrototypeOf(LightIncoming.prototype, nodePrototype)
for (const key of Reflect.ownKeys(joiner)) Object.defineProperty(LightIncoming.prototype, key, late(key))
// Own properties of a light message.
for (const key of ['url', 'method']) delete (LightIncoming.prototype as unknown as Record<string, unknown>)[key]

const answered: Readonly<Record<string, (request: NodeRequest, req: IncomingMessage) => unknown>> = {
  socket: ({ connection }) => connection.socket,
  connection: ({ connection }) => connection.socket,
  client: ({ connection }) => connection.socket,
  httpVersion: ({ minorVersion }) => `1.${minorVersion}`,
  httpVersionMajor: () => 1,
  httpVersionMinor: ({ minorVersion }) => minorVersion,
  complete: ({ hasWholeBody }) => hasWholeBody,
  aborted: ({ isGone }) => isGone,
  upgrade: () => false,
  statusCode: () => null,
  statusMessage: () => null,
  rawHeaders: ({ head }, req) => {
    const lines = head.fields.raw.slice()
    define(req, 'rawHeaders', lines)
    return lines
  },
}
for (const [key, give] of Object.entries(answered)) Object.defineProperty(LightIncoming.prototype, key, read(key, give))

Object.defineProperty(LightIncoming.prototype, 'headers', {
  configurable: true,
  get(this: IncomingMessage): Headers {
    const light = this as unknown as Light
    const request = light[LIGHT]
    if (request === undefined) return nodeHeaders.get?.call(this)
    light[HEADERS] ??= joined(request)
    return light[HEADERS]
  },
  set(this: IncomingMessage, headers: Headers): void {
    const light = this as unknown as Light
    if (light[LIGHT] === undefined) nodeHeaders.set?.call(this, headers)
    else light[HEADERS] = headers
  },
})
