import { bytesOf } from '../exchange/bytes_of.js'
import { FileSlice } from '../exchange/file_slice.js'
import type { ReplyBytes } from '../exchange/reply_bytes.js'
import { fieldValue } from '../fields/header_rules.js'
import { coded, isError } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { isBlob, isStream } from '../streams/body_source.js'

/**
 * The body of a reply as it is written: text, bytes, or undefined for none. Everything else becomes JSON, here, at the
 * time of writing: see `HandlerResult`.
 *
 * @throws TypeError `ERR_UNSUPPORTED_BODY` for what cannot be sent, and whatever `JSON.stringify` throws
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

/** Whether a value is an object or a list that can be nothing but JSON. A short way for what most handlers give. */
export function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value) as unknown
  if (prototype !== Object.prototype && prototype !== Array.prototype) return false
  const { then, pipe, getReader, [Symbol.asyncIterator]: asyncIterator, [Symbol.toStringTag]: tag } = value as Suspects
  return (then ?? pipe ?? getReader ?? asyncIterator ?? tag) === undefined
}

interface Suspects {
  then?: unknown
  pipe?: unknown
  getReader?: unknown
  [Symbol.asyncIterator]?: unknown
  [Symbol.toStringTag]?: unknown
}

function json(body: unknown): string {
  const text = JSON.stringify(body) as string | undefined
  if (text === undefined) throw unsupported('Its toJSON() answered undefined, which is no JSON.')
  return text
}

/**
 * The `content-type` of a body for which the handler named none; undefined for no body.
 * @throws TypeError `ERR_INVALID_HEADER_VALUE` for what calls itself a Blob, and has a type that no Blob can have
 */
export function contentTypeOf(body: unknown): string | undefined {
  if (typeof body === 'string') return 'text/plain; charset=utf-8'
  if (body === undefined || body === null) return undefined
  if (isBlob(body) && body.type !== '') return fieldValue('content-type', body.type)
  // JSON is UTF-8 by definition and has no charset parameter (RFC 8259 §11).
  const isBinary = bytesOf(body) !== undefined || isStream(body) || body instanceof FileSlice
  return isBinary ? 'application/octet-stream' : 'application/json'
}

const UNSUPPORTED_TAGS = new Set(['FormData', 'Promise', 'Response', 'WritableStream'])

/** The error that tells why a body cannot be sent, or undefined when it can. */
export function unsupportedBody(body: unknown): TypeError | undefined {
  if (typeof body === 'string' || typeof body === 'number' || typeof body === 'boolean') return undefined
  if (typeof body !== 'object' || body === null) return unsupported(`A ${typeof body} has no form that could be sent.`)
  const candidate = body as { [Symbol.toStringTag]?: unknown; pipe?: unknown }
  const tag = candidate[Symbol.toStringTag]
  if (typeof tag === 'string' && UNSUPPORTED_TAGS.has(tag)) return unsupported(`It is a ${tag}.`)
  if (typeof candidate.pipe === 'function' && !isStream(body)) return unsupported('It cannot be iterated.')
  if (isLost(body)) return unsupported(`It is ${nameOf(body)}, of which JSON keeps nothing: send what is in it.`)
  return undefined
}

/** Whether JSON makes `{}`, or nearly, of an object that is something else. Values within it are not looked at. */
function isLost(body: object): boolean {
  const prototype = Object.getPrototypeOf(body) as object | null
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return false
  if (typeof (body as { toJSON?: unknown }).toJSON === 'function') return false
  // What an Error has besides its message, such as a code, is not what it says.
  if (isError(body)) return true
  if (Array.isArray(body) || Object.keys(body).length > 0 || isObjectPrototype(prototype)) return false
  if (isStream(body) || body instanceof FileSlice || bytesOf(body) !== undefined) return false
  return !lateBuiltin('node:util').types.isBoxedPrimitive(body)
}

/** Whether it is the prototype of plain objects, of whatever realm. */
function isObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

function nameOf(body: object): string {
  const { [Symbol.toStringTag]: tag } = body as { [Symbol.toStringTag]?: unknown }
  const name = typeof tag === 'string' ? tag : (body.constructor as { name?: unknown } | undefined)?.name
  if (typeof name !== 'string' || name === '') return 'an object'
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`
}

function unsupported(reason: string): TypeError {
  return coded(new TypeError(`This body cannot be sent. ${reason}`), 'ERR_UNSUPPORTED_BODY')
}
