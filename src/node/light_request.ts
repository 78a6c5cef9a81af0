// A light request: a cheap object with the parts of IncomingMessage that most handlers use. These are the method, the
// target, the header fields, and a body that came with its head, which is emitted by 'data' and 'end' without a stream.
// Any other use makes it real: Node's own constructor runs on the same object, which is an IncomingMessage from then
// on.
import { EventEmitter } from 'node:events'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { timers } from '../runtime/timers.js'
import { define, propertyOf } from './light_object.js'
import { completeMessage, pushLightBody } from './message_body.js'
import { inside, isOfEmitter, type NodeIncoming } from './node_parser.js'
import { bind, type NodeRequest } from './request.js'

/** The NodeRequest of a light request. Undefined for a real one. */
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

/** The light request. */
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

/** Makes a light request real. */
export function makeRequestReal(req: IncomingMessage): void {
  const light = req as unknown as Light
  const request = light[LIGHT]
  if (request === undefined) return
  const { url, method } = light
  const headers = light[HEADERS]
  const { socket } = request.connection
  light[LIGHT] = undefined
  // Without this, the accessors would intercept the assignments of Node's constructor. If the app has inserted
  // prototypes of its own, the accessors stay, and define own properties.
  if (Object.getPrototypeOf(req) === LightIncoming.prototype) Object.setPrototypeOf(req, nodePrototype)
  nodeIncoming.call(req, socket)
  setParsedFields(req, request)
  req.url = url
  req.method = method
  if (headers !== undefined) req.headers = headers
  restoreFlow(req, request)
  if (request.isGone) req.destroy(abortedByClient())
}

/** The error that Node gives to a request whose connection was closed. */
function abortedByClient(): Error {
  return Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
}

/** Brings the stream of the real request to the point that the light request had reached. */
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

/** Emits 'data', 'end' and 'close', each in a later tick, as Node does. */
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
  timers.nextTick(closesOneTickLater ? scheduleClose : emitClose, req, request)
}

/** Since Node 24, a message that came whole does not delay 'close' by one tick. */
const closesOneTickLater = !destroysAtOnce()

function destroysAtOnce(): boolean {
  const message = Object.defineProperty(new IncomingMessage(new Socket()), 'readableEnded', { value: true })
  message.complete = true
  let isDestroyed = false
  nodePrototype._destroy.call(message, null, () => {
    isDestroyed = true
  })
  return isDestroyed
}

function scheduleClose(req: IncomingMessage, request: NodeRequest): void {
  timers.nextTick(emitClose, req, request)
}

function emitClose(req: IncomingMessage, request: NodeRequest): void {
  if (!isLight(req)) return
  request.flow = 'closed'
  req.emit('close')
}

/** Discards the body after the response, if the app has not read it. */
export function dumpLight(req: IncomingMessage): void {
  const light = req as unknown as Light
  const request = light[LIGHT]
  if (request === undefined || request.flow !== 'none' || light._events === undefined) return
  req.removeAllListeners('data')
  scheduleData(req, request)
}

/** Whether the request has had listeners. */
export function hasRequestListeners(req: IncomingMessage): boolean {
  return (req as unknown as Light)._events !== undefined
}

/** Sets the properties that Node's parser sets. */
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

/** An IncomingMessage without a connection, whose methods join header lines. */
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

/** An accessor that makes the request real, for a property that Node's constructor sets. */
function convertingAccessor(key: string | symbol): PropertyDescriptor {
  return {
    configurable: true,
    get(this: IncomingMessage): unknown {
      // Called for an object that is not light, such as a prototype.
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

/**
 * An accessor that reads from the NodeRequest while the request is light. Setting the property makes the request real.
 */
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
// Code that looks at the constructor finds IncomingMessage.
Object.defineProperty(LightIncoming.prototype, 'constructor', { value: IncomingMessage, configurable: true })
for (const key of Reflect.ownKeys(joiner)) {
  if (!isOfEmitter(key)) Object.defineProperty(LightIncoming.prototype, key, convertingAccessor(key))
}
// A light request has these as own properties.
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

/**
 * A method that adds or removes listeners. A light request only acts on 'data' listeners, and 'readable' makes it real.
 */
/** Events that only a stream emits. 'data', 'end' and the others are emitted without one. */
const NEEDS_STREAM = new Set<string | symbol>(['readable', 'resume'])

function listenerMethod(
  name: 'on' | 'addListener' | 'removeListener' | 'off' | 'removeAllListeners',
): PropertyDescriptor {
  const ofNode = nodePrototype[name] as Method
  const plain = emitter[name] as unknown as Method
  const adds = name === 'on' || name === 'addListener'
  return {
    value(this: IncomingMessage, event: string | symbol, listener: Listener): IncomingMessage {
      const request = (this as unknown as Light)[LIGHT]
      if (request === undefined || NEEDS_STREAM.has(event)) return ofNode.call(this, event, listener)
      // removeAllListeners() looks at the number of its arguments.
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
