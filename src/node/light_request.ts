// A request as most handlers see it: method, target, header fields, and a body that was there with its head, told by
// 'data' and 'end' without a stream. Whoever touches anything else makes it the real IncomingMessage that it looks like,
// by Node's own constructor on the same object.
import { EventEmitter } from 'node:events'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { timers } from '../runtime/timers.js'
import { define, propertyOf } from './light_object.js'
import { completeMessage, pushLightBody } from './message_body.js'
import { inside, isOfEmitter, type NodeIncoming } from './node_parser.js'
import { bind, type NodeRequest } from './request.js'

/** The request that a light one stands for; undefined for one that is real. */
const LIGHT = Symbol('brink.light')
const HEADERS = Symbol('brink.headers')

type Headers = Record<string, string | string[] | undefined>

interface Light {
  _events: Record<string, unknown> | undefined
  _eventsCount: number
  _maxListeners: number | undefined
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
    light._events = undefined
    light._eventsCount = 0
    light._maxListeners = undefined
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
  setParsedFields(req, request)
  req.url = url
  req.method = method
  if (headers !== undefined) req.headers = headers
  restoreFlow(req, request)
  if (request.isGone) req.destroy(abortedByClient())
}

/** As Node says it to a message whose connection was closed. */
function abortedByClient(): Error {
  return Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
}

/** The stream goes on where the light message was. */
function restoreFlow(req: IncomingMessage, request: NodeRequest): void {
  const { flow } = request
  if (flow === 'ended' || flow === 'closed') {
    const state = inside<{ _readableState: Record<string, boolean> }>(req)._readableState
    completeMessage(req, request.trailers)
    state.ended = state.endEmitted = true
    if (flow === 'closed') state.destroyed = state.closed = state.closeEmitted = true
    else req.destroy()
    return
  }
  pushLightBody(req, request)
  if (flow === 'none') return
  inside<NodeIncoming>(req)._consuming = true
  req.resume()
}

/** Somebody wants the body: it is told in ticks of its own, as Node does it. */
function scheduleData(req: IncomingMessage, request: NodeRequest): void {
  if (request.flow !== 'none') return
  request.flow = 'asked'
  timers.nextTick(emitData, req, request)
}

function emitData(req: IncomingMessage, request: NodeRequest): void {
  if (!isLight(req)) return
  const { body } = request
  request.body = undefined
  request.flow = 'data'
  timers.nextTick(emitEnd, req, request)
  if (body !== undefined) req.emit('data', body)
}

function emitEnd(req: IncomingMessage, request: NodeRequest): void {
  if (!isLight(req)) return
  request.flow = 'ended'
  req.emit('end')
  timers.nextTick(scheduleClose, req, request)
}

/** What was written by listeners of 'end' is told before, as with Node. */
function scheduleClose(req: IncomingMessage, request: NodeRequest): void {
  timers.nextTick(emitClose, req, request)
}

function emitClose(req: IncomingMessage, request: NodeRequest): void {
  if (!isLight(req)) return
  request.flow = 'closed'
  req.emit('close')
}

/** Nobody has read the body, and its request was answered. */
export function dumpLight(req: IncomingMessage): void {
  const light = req as unknown as Light
  const request = light[LIGHT]
  if (request === undefined || request.flow !== 'none' || light._events === undefined) return
  req.removeAllListeners('data')
  scheduleData(req, request)
}

/** Whether somebody would hear of what becomes of a message. */
export function hasRequestListeners(req: IncomingMessage): boolean {
  return (req as unknown as Light)._events !== undefined
}

/** What Node's parser tells a message. */
export function setParsedFields(req: IncomingMessage, request: NodeRequest): void {
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
function convertingAccessor(key: string | symbol): PropertyDescriptor {
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

/** One that is answered from the request, and can be set. */
function lightAccessor(key: string, give: (request: NodeRequest, req: IncomingMessage) => unknown): PropertyDescriptor {
  const { get: nodeGet, set: nodeSet } = propertyOf(nodePrototype, key) ?? {}
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
// What it looks like is what it says to be.
Object.defineProperty(LightIncoming.prototype, 'constructor', { value: IncomingMessage, configurable: true })
for (const key of Reflect.ownKeys(joiner)) {
  if (!isOfEmitter(key)) Object.defineProperty(LightIncoming.prototype, key, convertingAccessor(key))
}
// Own properties of a light message.
for (const key of ['url', 'method']) delete (LightIncoming.prototype as unknown as Record<string, unknown>)[key]

const lightProperties: Readonly<Record<string, (request: NodeRequest, req: IncomingMessage) => unknown>> = {
  socket: ({ connection }) => connection.socket,
  connection: ({ connection }) => connection.socket,
  client: ({ connection }) => connection.socket,
  httpVersion: ({ minorVersion }) => `1.${minorVersion}`,
  httpVersionMajor: () => 1,
  httpVersionMinor: ({ minorVersion }) => minorVersion,
  complete: ({ hasWholeBody }) => hasWholeBody,
  aborted: ({ isGone }) => isGone,
  upgrade: () => false,
  readable: ({ flow, isGone }) => !isGone && flow !== 'ended' && flow !== 'closed',
  readableEnded: ({ flow }) => flow === 'ended' || flow === 'closed',
  readableFlowing: ({ flow }) => (flow === 'none' ? null : true),
  readableEncoding: () => null,
  destroyed: ({ flow, isGone }) => isGone || flow === 'closed',
  closed: ({ flow, isGone }) => isGone || flow === 'closed',
  errored: () => null,
  _consuming: ({ flow }) => flow !== 'none',
  statusCode: () => null,
  statusMessage: () => null,
  rawHeaders: ({ head }, req) => {
    const lines = head.fields.raw.slice()
    define(req, 'rawHeaders', lines)
    return lines
  },
}
for (const [key, give] of Object.entries(lightProperties))
  Object.defineProperty(LightIncoming.prototype, key, lightAccessor(key, give))

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

const { prototype: emitter } = EventEmitter
type Listener = (...args: unknown[]) => void
type Method = (this: IncomingMessage, event: string | symbol, listener: Listener) => IncomingMessage

/** Node's streams act upon who listens to them; a light message upon who listens to its data. */
function listenerMethod(
  name: 'on' | 'addListener' | 'removeListener' | 'off' | 'removeAllListeners',
): PropertyDescriptor {
  const ofNode = nodePrototype[name] as Method
  const plain = emitter[name] as unknown as Method
  const adds = name === 'on' || name === 'addListener'
  return {
    value(this: IncomingMessage, event: string | symbol, listener: Listener): IncomingMessage {
      const request = (this as unknown as Light)[LIGHT]
      if (request === undefined || event === 'readable') return ofNode.call(this, event, listener)
      // Without an argument all are removed: how many there are is looked at.
      if (listener === undefined && event === undefined) return (plain as () => IncomingMessage).call(this)
      plain.call(this, event, listener)
      if (adds && event === 'data') scheduleData(this, request)
      return this
    },
    writable: true,
    configurable: true,
  }
}
for (const name of ['on', 'addListener', 'removeListener', 'off', 'removeAllListeners'] as const) {
  Object.defineProperty(LightIncoming.prototype, name, listenerMethod(name))
}

Object.defineProperty(LightIncoming.prototype, 'resume', {
  value(this: IncomingMessage): IncomingMessage {
    const request = (this as unknown as Light)[LIGHT]
    if (request === undefined) return nodePrototype.resume.call(this)
    scheduleData(this, request)
    return this
  },
  writable: true,
  configurable: true,
})
