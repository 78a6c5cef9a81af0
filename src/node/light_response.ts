// A light response: a cheap object with the parts of ServerResponse that most handlers use. These are the header
// fields, and `end` with the whole body. It is sent in one piece, without Node's streams. Any other use makes it real:
// Node's own constructor runs on the same object, which is a ServerResponse from then on.
import { AsyncResource } from 'node:async_hooks'
import http, { type IncomingMessage, type OutgoingHttpHeader, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { REQUEST_CONTEXT } from '../request/request_context.js'
import { timers } from '../runtime/timers.js'
import { type FieldName, type Framing, fieldName, headEnd, isPlainValue, statusLine } from './head_text.js'
import { define, propertyOf } from './light_object.js'
import { dumpLight, isLight as isLightRequest } from './light_request.js'
import { inside, isOfEmitter, type NodeIncoming } from './node_parser.js'
import type { NodeRequest } from './request.js'

/** The state of a light response. Undefined for a real one. */
const LIGHT = Symbol('brink.light')

interface Field extends FieldName {
  readonly name: string
  value: OutgoingHttpHeader
}

interface Light {
  readonly res: ServerResponse
  readonly request: NodeRequest
  fields: Field[]
  /** A field has a name or a value that Node has to handle. */
  isSpecial: boolean
  head: string | undefined
  isChunked: boolean
  hasBody: boolean
  isLast: boolean
  /** The length of the body that was passed to `end`, for the `writeHead` that `end` calls. */
  length: number | undefined
  /** The async context in which `end` was called. Listeners run in it. */
  context: AsyncResource
  isEnded: boolean
  isFinished: boolean
  isClosed: boolean
}

interface LightObject {
  [LIGHT]: Light | undefined
  _events: Record<string, unknown> | undefined
  req: IncomingMessage
  statusCode: number
  statusMessage: string | undefined
}

const { prototype: node } = ServerResponse
const nodeResponse = ServerResponse as unknown as (this: object, req: IncomingMessage, options?: object) => void

export class LightResponse {
  constructor(request: NodeRequest, req: IncomingMessage) {
    const object = this as unknown as LightObject & { _eventsCount: number; _maxListeners: undefined }
    object._events = undefined
    object._eventsCount = 0
    object._maxListeners = undefined
    object.req = req
    object.statusCode = 200
    object[LIGHT] = {
      res: this as unknown as ServerResponse,
      request,
      fields: [],
      isSpecial: false,
      head: undefined,
      isChunked: false,
      hasBody: req.method !== 'HEAD',
      isLast: request.closes,
      length: undefined,
      context: request.context,
      isEnded: false,
      isFinished: false,
      isClosed: false,
    }
  }
}

export function lightResponse(request: NodeRequest, req: IncomingMessage): ServerResponse {
  return new LightResponse(request, req) as unknown as ServerResponse
}

function lightOf(res: ServerResponse): Light | undefined {
  return (res as unknown as LightObject)[LIGHT]
}

/** Runs Node's constructor on the light response. Node's server code calls it in place of `new ServerResponse`. */
export function constructReal(res: ServerResponse, req: IncomingMessage, options: object | undefined): void {
  const object = res as unknown as LightObject
  object[LIGHT] = undefined
  if (Object.getPrototypeOf(res) === LightResponse.prototype) Object.setPrototypeOf(res, node)
  nodeResponse.call(res, req, options)
}

/** Makes a light response real. One that has ended gets the state that Node's has after `end`. */
export function makeResponseReal(res: ServerResponse): void {
  const light = lightOf(res)
  if (light === undefined) return
  const { statusCode, statusMessage } = res
  if (light.isEnded) constructReal(res, res.req, undefined)
  else light.request.connection.passToNode(light.request)
  // Node has not created the response, because a listener of 'connection' has closed the connection.
  if (lightOf(res) !== undefined) constructReal(res, res.req, undefined)
  for (const { name, value } of light.fields) node.setHeader.call(res, name, value as string)
  res.statusCode = statusCode
  if (statusMessage !== undefined) res.statusMessage = statusMessage
  if (light.isEnded) return endReal(res, light)
  if (light.head !== undefined) writeGivenHead(res, light)
}

/** Marks a response without listeners as closed, because the connection has closed. */
export function markGone(res: ServerResponse): void {
  const light = lightOf(res)
  if (light !== undefined) light.isClosed = true
}

/** Whether the response has had listeners. */
export function hasListeners(res: ServerResponse): boolean {
  return inside<LightObject>(res)._events !== undefined
}

function endReal(res: ServerResponse, light: Light): void {
  const fields = inside<{ finished: boolean; _header: string; _headerSent: boolean; _closed: boolean }>(res)
  fields._header = light.head ?? ''
  fields._headerSent = true
  fields.finished = true
  res.shouldKeepAlive = !light.isLast
  if (light.isFinished) {
    if (finishedKey !== undefined) (res as unknown as Record<symbol, boolean>)[finishedKey] = true
  }
  if (!light.isClosed) return
  fields._closed = true
  res.destroyed = true
}

/** Gives the real response the head that `writeHead` has made. */
function writeGivenHead(res: ServerResponse, light: Light): void {
  const fields = inside<{ _header: string; chunkedEncoding: boolean; _hasBody: boolean; _last: boolean }>(res)
  fields._header = light.head as string
  fields.chunkedEncoding = light.isChunked
  fields._hasBody = light.hasBody
  fields._last = light.isLast
}

function find({ fields }: Light, key: string): Field | undefined {
  for (const field of fields) if (field.key === key) return field
  return undefined
}

function set(light: Light, name: string, value: OutgoingHttpHeader): void {
  const field = checkedField(light, name, value)
  const at = light.fields.findIndex(({ key }) => key === field.key)
  if (at === -1) light.fields.push(field)
  else light.fields[at] = field
}

/** @throws the errors of Node's `setHeader` */
function checkedField(light: Light, name: string, value: OutgoingHttpHeader): Field {
  const known = fieldName(name)
  if (known === undefined) http.validateHeaderName(name)
  const { key, isSpecial } = known as FieldName
  if (!isPlainValue(value)) {
    http.validateHeaderValue(name, value as string)
    light.isSpecial = true
  } else if (isSpecial) light.isSpecial = true
  return { name, key, isSpecial, value }
}

/** Node's error. */
function sentAlready(what: string): Error {
  const error = new Error(`Cannot ${what} headers after they are sent to the client`)
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}

/** The head with these fields. Undefined when Node has to make it. */
function compose(res: ServerResponse, light: Light, status: number, fields: readonly Field[]): string | undefined {
  const line = light.isSpecial || status < 200 ? undefined : statusLine(status, res.statusMessage)
  if (line === undefined) return undefined
  let head = line
  let hasLength = false
  for (const { name, key, value } of fields) {
    if (key === 'content-length') hasLength = true
    if (typeof value === 'object') for (const item of value) head += `${name}: ${item}\r\n`
    else head += `${name}: ${value}\r\n`
  }
  if (status === 204 || status === 304) light.hasBody = false
  let framing: Framing = 'none'
  if (!hasLength && light.hasBody) framing = light.length === undefined ? 'chunked' : { length: light.length }
  light.isChunked = framing === 'chunked'
  return head + headEnd(framing, light.request.connection.server.keepAliveTimeout, light.isLast)
}

type WriteHead = (status: number, reason?: unknown, headers?: unknown) => ServerResponse

/** The common forms of `writeHead`. False when Node has to do it. */
function writeHead(res: ServerResponse, light: Light, given: number, reason: unknown, headers: unknown): boolean {
  const status = given | 0
  if (status < 200 || status > 999 || light.isSpecial) return false
  const fields = typeof reason === 'string' ? headers : (headers ?? reason)
  if (fields !== undefined && fields !== null && (typeof fields !== 'object' || Array.isArray(fields))) return false
  let own = light.fields
  if (fields !== undefined && fields !== null) {
    const given = fields as Record<string, OutgoingHttpHeader>
    if (light.fields.length > 0) {
      for (const name of Object.keys(given)) if (name !== '') set(light, name, given[name] as OutgoingHttpHeader)
    } else {
      // If setHeader() was not called, Node writes these fields into the head without storing them.
      own = Object.keys(given).map((name) => checkedField(light, name, given[name] as OutgoingHttpHeader))
    }
    if (light.isSpecial) return false
  }
  const hasReason = typeof reason === 'string'
  if (hasReason) res.statusMessage = reason
  const head = compose(res, light, status, own)
  if (head === undefined) return false
  if (!hasReason) res.statusMessage ||= http.STATUS_CODES[status] ?? 'unknown'
  res.statusCode = status
  light.head = head
  return true
}

/** Sends the whole response. False when Node has to do it. */
function endWith(res: ServerResponse, light: Light, chunk: unknown): boolean {
  const { request } = light
  if (light.isEnded || light.isSpecial || !request.connection.isOpen) return false
  // After a whole response, the native side reports no more of the request's body.
  if (request.bodyFollows && !request.hasWholeBody) return false
  const hasChunk = chunk !== undefined && chunk !== null && chunk !== ''
  if (hasChunk && typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return false
  const body = hasChunk ? (chunk as string | Uint8Array) : undefined
  if (light.head === undefined) {
    light.length = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
    // Middleware replaces `writeHead` to change the head before it is sent.
    res.writeHead(res.statusCode)
    if (lightOf(res) === undefined) {
      node.end.call(res, chunk as string, 'utf8')
      return true
    }
  }
  const { head = '' } = light
  light.isEnded = true
  if (!light.hasBody) request.connection.answer(request, head, undefined, light.isLast)
  else if (!light.isChunked) request.connection.answer(request, head, body, light.isLast)
  else request.connection.answer(request, head, chunked(body), light.isLast)
  if ((res as unknown as LightObject)._events !== undefined) {
    light.context = new AsyncResource(REQUEST_CONTEXT)
    res.emit('prefinish')
  }
  finish(light)
  return true
}

function chunked(body: string | Uint8Array | undefined): Uint8Array | string {
  // A chunk without bytes is the last one.
  if (body === undefined || body.length === 0) return '0\r\n\r\n'
  if (typeof body === 'string') return `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
}

/** Discards the body of a real request after the response, if the app has not read it. Node does the same. */
function dump(req: IncomingMessage): void {
  const { _consuming, _readableState, _dump } = inside<
    NodeIncoming & { _readableState: { resumeScheduled: boolean }; _dump(): void }
  >(req)
  if (!_consuming && !_readableState.resumeScheduled) _dump.call(req)
}

/**
 * Responses that have not emitted 'finish', and those that have not emitted 'close'. One tick serves all of a batch.
 */
let finishing: Light[] = []
let closing: Light[] = []

function finish(light: Light): void {
  if (finishing.push(light) === 1) timers.nextTick(emitFinish)
}

function emitFinish(): void {
  const all = finishing
  finishing = []
  forEachResponse(all, 0, (light) => {
    light.isFinished = true
    const { req } = light.res
    if (isLightRequest(req)) dumpLight(req)
    else dump(req)
    // It was made real after its end, so its state is in Node's properties.
    if (lightOf(light.res) === undefined) endReal(light.res, light)
    if (inside<LightObject>(light.res)._events === undefined) light.isClosed = true
    else {
      if (closing.push(light) === 1) timers.nextTick(emitClose)
      light.context.runInAsyncScope(emit, undefined, light.res, 'finish')
    }
  })
}

function emitClose(): void {
  const all = closing
  closing = []
  forEachResponse(all, 0, (light) => {
    light.isClosed = true
    if (lightOf(light.res) === undefined) endReal(light.res, light)
    light.context.runInAsyncScope(emit, undefined, light.res, 'close')
  })
}

function emit(res: ServerResponse, event: string): void {
  res.emit(event)
}

/** An error that a listener throws ends the tick. The rest is done in another tick. */
function forEachResponse(all: readonly Light[], from: number, one: (light: Light) => void): void {
  let at = from
  try {
    while (at < all.length) {
      const light = all[at] as Light
      at += 1
      one(light)
    }
  } finally {
    if (at < all.length) timers.nextTick(forEachResponse, all, at, one)
  }
}

/** A method of light responses. For a real response, it calls Node's. */
type Method = (this: ServerResponse, ...args: never[]) => unknown

const methods: Record<string, Method> = {
  setHeader(name: string, value: OutgoingHttpHeader) {
    const light = lightOf(this)
    if (light === undefined) return node.setHeader.call(this, name, value as string)
    if (light.head !== undefined) throw sentAlready('set')
    set(light, name, value)
    return this
  },

  getHeader(name: string) {
    const light = lightOf(this)
    if (light === undefined || typeof name !== 'string') return node.getHeader.call(real(this), name)
    return find(light, name.toLowerCase())?.value
  },

  hasHeader(name: string) {
    const light = lightOf(this)
    if (light === undefined || typeof name !== 'string') return node.hasHeader.call(real(this), name)
    return find(light, name.toLowerCase()) !== undefined
  },

  removeHeader(name: string) {
    const light = lightOf(this)
    const known = light && typeof name === 'string' ? fieldName(name) : undefined
    // Node remembers that one of these was removed.
    const isNode = known === undefined || known.isSpecial || known.key === 'content-length'
    if (light === undefined || isNode) return node.removeHeader.call(real(this), name)
    if (light.head !== undefined) throw sentAlready('remove')
    const at = find(light, known.key)
    if (at !== undefined) light.fields.splice(light.fields.indexOf(at), 1)
  },

  getHeaders() {
    const light = lightOf(this)
    if (light === undefined) return node.getHeaders.call(this)
    const headers = Object.create(null) as Record<string, OutgoingHttpHeader>
    for (const { key, value } of light.fields) headers[key] = value
    return headers
  },

  getHeaderNames() {
    const light = lightOf(this)
    return light === undefined ? node.getHeaderNames.call(this) : light.fields.map(({ key }) => key)
  },

  writeHead(status: number, reason?: unknown, headers?: unknown) {
    const light = lightOf(this)
    if (light !== undefined) {
      if (light.head !== undefined) throw sentAlready('write')
      if (writeHead(this, light, status, reason, headers)) return this
    }
    return (node.writeHead as unknown as WriteHead).call(real(this), status, reason, headers)
  },

  end(chunk?: unknown, encoding?: unknown, done?: unknown) {
    const light = lightOf(this)
    const isPlain =
      typeof chunk !== 'function' && (done === undefined || done === null) && typeof encoding !== 'function'
    const isUtf8 = typeof chunk !== 'string' || encoding === undefined || encoding === null || encoding === 'utf8'
    if (light !== undefined && isPlain && isUtf8 && endWith(this, light, chunk)) return this
    return (node.end as unknown as (...args: unknown[]) => unknown).call(real(this), chunk, encoding, done)
  },
}

function real(res: ServerResponse): ServerResponse {
  makeResponseReal(res)
  return res
}

const model = new ServerResponse(new http.IncomingMessage(new Socket()))
const finishedKey = Object.getOwnPropertySymbols(model).find(({ description }) => description === 'kWritableFinished')
const hasFinishedKey = finishedKey !== undefined

/** Properties that are known while the response is light. */
const lightProperties: Readonly<Record<string, (light: Light) => unknown>> = {
  _header: ({ head }) => head ?? null,
  _headerSent: ({ isEnded }) => isEnded,
  finished: ({ isEnded }) => isEnded,
  headersSent: ({ head }) => head !== undefined,
  writableEnded: ({ isEnded }) => isEnded,
  // Since Node 24, it is false until 'finish'.
  writableFinished: ({ isEnded, isFinished }) => (hasFinishedKey ? isFinished : isEnded),
  writable: () => true,
  destroyed: ({ isClosed }) => isClosed,
  _closed: ({ isClosed }) => isClosed,
  closed: ({ isClosed }) => isClosed,
  errored: () => null,
  sendDate: () => true,
  shouldKeepAlive: ({ isLast }) => !isLast,
  outputSize: () => 0,
  writableLength: () => 0,
  // Node detaches the socket when the response has finished.
  socket: ({ request, isFinished }) => (isFinished ? null : request.connection.socket),
  connection: ({ request, isFinished }) => (isFinished ? null : request.connection.socket),
}

function accessor(key: string | symbol, give: ((light: Light) => unknown) | undefined): PropertyDescriptor {
  const ofNode = propertyOf(node, key)
  return {
    configurable: true,
    get(this: ServerResponse): unknown {
      const light = lightOf(this)
      if (light !== undefined && give !== undefined) return give(light)
      if (light === undefined) return ofNode?.get === undefined ? ofNode?.value : ofNode.get.call(this)
      makeResponseReal(this)
      return (this as unknown as Record<string | symbol, unknown>)[key]
    },
    set(this: ServerResponse, value: unknown): void {
      if (lightOf(this) !== undefined) makeResponseReal(this)
      if (ofNode?.set !== undefined) ofNode.set.call(this, value)
      else define(this, key, value)
    },
  }
}

Object.setPrototypeOf(LightResponse.prototype, node)
Object.defineProperty(LightResponse.prototype, 'constructor', { value: ServerResponse, configurable: true })
// A light response has these as own properties.
const OWN = new Set<string | symbol>(['req', 'statusCode', 'statusMessage'])
const keys = new Set<string | symbol>([...Reflect.ownKeys(model), ...Object.keys(lightProperties)])
for (const key of keys) {
  if (OWN.has(key) || isOfEmitter(key)) continue
  const give = typeof key === 'string' ? lightProperties[key] : undefined
  Object.defineProperty(LightResponse.prototype, key, accessor(key, give))
}
/** Makes the response real, and calls Node's method. */
function realMethod(value: (...args: unknown[]) => unknown): PropertyDescriptor {
  return {
    value(this: ServerResponse, ...args: unknown[]): unknown {
      return value.apply(real(this), args)
    },
    writable: true,
    configurable: true,
  }
}
for (const prototype of [Object.getPrototypeOf(node) as object, node]) {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor' || typeof value !== 'function') continue
    Object.defineProperty(LightResponse.prototype, name, realMethod(value))
  }
}
for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(LightResponse.prototype, name, { value, writable: true, configurable: true })
}
