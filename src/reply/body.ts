import { bytesOf } from '../exchange/bytes_of.js'
import { FileSlice } from '../exchange/file_slice.js'
import type { ReplyBytes } from '../exchange/reply_bytes.js'
import { fieldValue } from '../fields/header_rules.js'
import { describe, describeClass } from '../runtime/describe.js'
import { coded, isError } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { isBlob, isStream } from '../streams/body_source.js'

/**
 * Encodes the body of a reply: text, bytes, or undefined for none. Any other value becomes JSON: see `HandlerResult`.
 *
 * @throws TypeError `ERR_UNSUPPORTED_BODY` for a value that cannot be sent, and any error of `JSON.stringify`
 */
export function encodeBody(body: unknown): ReplyBytes {
  if (typeof body === 'string') return body
  if (body === undefined || body === null) return undefined
  if (isPlain(body)) return json(body)
  if (body instanceof FileSlice) return body
  const bytes = bytesOf(body)
  if (bytes !== undefined) return bytes
  const complaint = unsupportedBody(body)
  if (complaint !== undefined) throw complaint
  return json(body)
}

/** Whether a value is a plain object or array, which can only be JSON. A shortcut for what most handlers return. */
export function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value) as unknown
  if (prototype !== Object.prototype && prototype !== Array.prototype) return false
  const {
    then,
    pipe,
    getReader,
    [Symbol.asyncIterator]: asyncIterator,
    [Symbol.toStringTag]: tag,
  } = value as StreamLike
  return (then ?? pipe ?? getReader ?? asyncIterator ?? tag) === undefined
}

interface StreamLike {
  then?: unknown
  pipe?: unknown
  getReader?: unknown
  [Symbol.asyncIterator]?: unknown
  [Symbol.toStringTag]?: unknown
}

function json(body: unknown): string {
  const text = JSON.stringify(body) as string | undefined
  if (text === undefined) throw unsupported('Its toJSON() returned undefined.')
  return text
}

/**
 * The default `content-type` of a body; undefined for no body.
 * @throws TypeError `ERR_INVALID_HEADER_VALUE` for an object that looks like a Blob and has an invalid type
 */
export function contentTypeOf(body: unknown): string | undefined {
  if (typeof body === 'string') return 'text/plain; charset=utf-8'
  if (body === undefined || body === null) return undefined
  if (isBlob(body) && body.type !== '') return fieldValue('content-type', body.type)
  // JSON is always UTF-8 and has no charset parameter (RFC 8259 §11).
  const isBinary = bytesOf(body) !== undefined || isStream(body) || body instanceof FileSlice
  return isBinary ? 'application/octet-stream' : 'application/json'
}

const UNSUPPORTED_TAGS = new Set(['FormData', 'Promise', 'Response', 'WritableStream'])

/** The error for a body that cannot be sent, or undefined when it can. */
export function unsupportedBody(body: unknown): TypeError | undefined {
  if (typeof body === 'string' || typeof body === 'number' || typeof body === 'boolean') return undefined
  if (typeof body !== 'object' || body === null)
    return unsupported(typeof body === 'function' ? returnedFunction(body) : `It is ${describe(body)}.`)
  const candidate = body as { [Symbol.toStringTag]?: unknown; pipe?: unknown }
  const tag = candidate[Symbol.toStringTag]
  if (typeof tag === 'string' && UNSUPPORTED_TAGS.has(tag))
    return unsupported(`It is ${describe(body)}${tag === 'Promise' ? ': await it' : ''}.`)
  if (typeof candidate.pipe === 'function' && !isStream(body)) return unsupported('It cannot be iterated.')
  if (jsonWouldLose(body))
    return unsupported(
      `It is ${describeClass(body) ?? 'an object'}, and JSON keeps nothing of it: send its contents as a plain object or a list.`,
    )
  return undefined
}

/** Whether JSON would be `{}`, or nearly so, for an object that has content. Values inside it are not checked. */
function jsonWouldLose(body: object): boolean {
  const prototype = Object.getPrototypeOf(body) as object | null
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return false
  if (typeof (body as { toJSON?: unknown }).toJSON === 'function') return false
  // JSON would contain the `code` of an Error, but not its message.
  if (isError(body)) return true
  // Before its keys are asked for: of bytes there would be one for each.
  if (isStream(body) || body instanceof FileSlice || bytesOf(body) !== undefined) return false
  if (Array.isArray(body)) return false
  // JSON has no functions: nothing is left of an object that has no other properties, such as a Router.
  for (const name of Object.keys(body)) if (typeof (body as Record<string, unknown>)[name] !== 'function') return false
  return !isObjectPrototype(prototype) && !lateBuiltin('node:util').types.isBoxedPrimitive(body)
}

/** Whether this is the prototype of plain objects of any realm. */
function isObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

/** A factory of middleware that was not called is told by what it returns. */
function returnedFunction(body: object): string {
  return (
    `It is ${describe(body)}. If a function that makes a handler or a middleware was added itself, call it there: ` +
    'use(cors()), not use(cors).'
  )
}

function unsupported(reason: string): TypeError {
  return coded(new TypeError(`This body cannot be sent. ${reason}`), 'ERR_UNSUPPORTED_BODY')
}
