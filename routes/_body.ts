// The body of a request, and what httpbin reads out of it.
import { type BrinkRequest, HttpError } from 'brink'
import { arrivedBody, limitsOf } from 'brink/target'
import { formParts } from './_multipart.js'
import { lists } from './_query.js'

/** What a body says, as httpbin shows it. */
export interface ReadBody {
  /** The body as text, or as a `data:` URL if it is not text. */
  readonly data: string
  readonly files: Readonly<Record<string, readonly string[]>>
  readonly form: Readonly<Record<string, readonly string[]>>
  /** The JSON of the body as text; `null` without one. */
  readonly json: string
}

const NOTHING: Readonly<Record<string, never>> = Object.freeze({})
const EMPTY: ReadBody = { data: '', files: NOTHING, form: NOTHING, json: 'null' }

export function hasBody({ headers }: BrinkRequest): boolean {
  const length = headers.get('content-length')
  return (length !== null && length !== '0') || headers.get('transfer-encoding') !== null
}

/** Whether the body comes in chunks, without a length. */
function isChunked({ headers }: BrinkRequest): boolean {
  return headers.get('transfer-encoding') !== null
}

/**
 * The whole body.
 * @throws HttpError 413 above `maxBodySize`
 */
export function bytesOf(req: BrinkRequest): Promise<Uint8Array> {
  const { maxBodySize } = limitsOf(req)
  if (isChunked(req)) return chunkedBytes(req, maxBodySize)
  if (Number(req.headers.get('content-length') ?? 0) > maxBodySize) throw tooLarge(maxBodySize)
  return req.bytes()
}

async function chunkedBytes(req: BrinkRequest, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of req.chunks()) {
    size += chunk.length
    if (size > most) throw tooLarge(most)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

function tooLarge(most: number): HttpError {
  return new HttpError(413, `the body is larger than ${most} bytes`)
}

/**
 * Reads a body by its content type: at once, if it has come with its request.
 * @throws HttpError 400 for one that is not what its type says, 413 above `maxBodySize`
 */
export function readBody(req: BrinkRequest): ReadBody | Promise<ReadBody> {
  if (!hasBody(req)) return EMPTY
  const { maxCount, maxBodySize } = limitsOf(req)
  const contentType = req.headers.get('content-type') ?? ''
  const arrived = arrivedBody(req)
  if (arrived === undefined) return bytesOf(req).then((bytes) => known(bytes, contentType, maxCount))
  if (arrived.length > maxBodySize) throw tooLarge(maxBodySize)
  return known(arrived, contentType, maxCount)
}

interface Known {
  readonly bytes: Buffer
  readonly contentType: string
  readonly maxCount: number
  readonly body: ReadBody
}

const LONGEST_KNOWN = 16 * 1024
/** The one that was read last: load generators send the same one over and over. */
let last: Known | undefined

function known({ buffer, byteOffset, length }: Uint8Array, contentType: string, maxCount: number): ReadBody {
  if (length === 0) return EMPTY
  const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, length)
  const isLast = last?.contentType === contentType && last.maxCount === maxCount && last.bytes.equals(bytes)
  if (isLast) return (last as Known).body
  const body = parsed(bytes, contentType, maxCount)
  if (length <= LONGEST_KNOWN) last = { bytes: Buffer.from(bytes), contentType, maxCount, body }
  return body
}

function parsed(bytes: Buffer, contentType: string, maxCount: number): ReadBody {
  const type = (contentType.split(';', 1)[0] as string).trim().toLowerCase()
  switch (type) {
    case 'text/plain':
    case 'text/html':
      return { ...EMPTY, data: bytes.toString() }
    case 'application/json':
      return jsonBody(bytes.toString())
    case 'application/x-www-form-urlencoded':
      return { ...EMPTY, data: bytes.toString(), form: urlencoded(bytes.toString()) }
    case 'multipart/form-data':
      return { ...EMPTY, data: bytes.toString(), ...formParts(bytes, contentType, maxCount) }
    default:
      return { ...EMPTY, data: dataUrl(bytes, (contentType.split(';', 1)[0] as string).trim()) }
  }
}

/** The text stands in the answer as it is: numbers that JavaScript would round are kept. */
function jsonBody(data: string): ReadBody {
  try {
    JSON.parse(data)
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${(error as Error).message}`)
  }
  return { data, files: NOTHING, form: NOTHING, json: data.trim() }
}

function urlencoded(text: string): Record<string, string[]> {
  if (/%(?![\da-f]{2})/i.test(text)) throw new HttpError(400, 'the body is no form: a percent sign begins no escape')
  return lists(new URLSearchParams(text.startsWith('?') ? `&${text}` : text))
}

/** RFC 2397. */
function dataUrl(bytes: Buffer, type: string): string {
  return `data:${type || 'application/octet-stream'};base64,${bytes.toString('base64')}`
}
