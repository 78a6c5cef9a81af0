import type { Dicer } from '@fastify/busboy'
import { HttpError } from '../fields/http_error.js'
import { parseMediaType } from '../fields/media_type.js'
import { coded, codeOf } from '../runtime/errors.js'
import { wrongArgument } from '../runtime/option_errors.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { type BodySource, sourceOf } from '../streams/body_source.js'
import { checkedLimits, type FormLimits, formTooLarge, malformedForm } from './form_limits.js'
import { type PartNames, parsePartNames } from './part_names.js'

/** A part of a multipart form: a value or a file. */
export interface Part {
  /** The name of the form field. Clients choose it freely: do not use it as a key of a plain object. */
  readonly name: string
  /**
   * The name of the file without its folders; undefined for a value. Clients choose it freely: do not use it as a
   * path.
   */
  readonly filename: string | undefined
  /** The media type that the client sent. Default: `text/plain`. */
  readonly type: string
  /** The content as it arrives. It can be read once, and only before the next part is requested. */
  readonly body: AsyncIterable<Uint8Array>
  /** Reads the content as bytes. */
  bytes(): Promise<Uint8Array>
  /** Reads the content as UTF-8 text. */
  text(): Promise<string>
}

/** The parts of a request that `parts()` uses. */
interface FormRequest {
  readonly headers: { get(name: string): string | null }
  chunks(): AsyncIterable<Uint8Array>
}

/**
 * Reads a `multipart/form-data` body (RFC 7578) part by part as it arrives, for files too large for memory:
 *
 *     for await (const part of parts(req)) {
 *       if (part.filename !== undefined) await pipeline(part.body, createWriteStream(pathOfMyOwn()))
 *     }
 *
 * The client is read only as fast as the parts are (backpressure). Content of a part that was not read is skipped
 * when the next part is requested. Needs the package `@fastify/busboy`.
 *
 * While reading, it throws HttpError 415 when the body has another type, 400 `ERR_INVALID_FORM` when it is malformed
 * or incomplete, 413 when it exceeds the limits; Error `ERR_MISSING_PEER` when the package is not installed.
 *
 * @throws TypeError or RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for invalid
 * limits
 */
export function parts(req: FormRequest, limits: FormLimits = {}): AsyncIterableIterator<Part> {
  if (typeof req?.headers?.get !== 'function') throw wrongArgument('parts(req, limits)', 'a request', req)
  const boundary = boundaryOf(req.headers.get('content-type'))
  return new Multipart(boundary, req.chunks(), checkedLimits(limits))
}

isNoHandler(parts, 'call it in a handler, for await (const part of parts(req))')

/**
 * The boundary between parts, from the `content-type`.
 * @throws HttpError 415 for another type, 400 when the boundary is missing or invalid (RFC 2046 §5.1.1)
 */
export function boundaryOf(contentType: string | null): string {
  const type = parseMediaType(contentType)
  if (type?.essence !== 'multipart/form-data') throw new HttpError(415, 'The body must be multipart/form-data.')
  const boundary = type.parameters.get('boundary')
  if (boundary !== undefined && BOUNDARY.test(boundary)) return boundary
  throw malformedForm('its content-type has no valid boundary')
}

const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/

/** A part whose header was read. */
interface OpenPart extends PartNames {
  readonly stream: Dicer.PartStream
  readonly type: string
  size: number
  ended: boolean
  /** `bytes()` or `text()` is reading it. */
  gathered: boolean
  /** The next part was requested. */
  skipped: boolean
}

/** Parses the chunks of a body into parts, only as far as a part is requested. */
export class Multipart implements AsyncIterableIterator<Part> {
  readonly #boundary: string
  readonly #limits: Required<FormLimits>
  readonly #source: BodySource
  #dicer: Dicer | undefined
  // A chunk is awaited, or is not consumed yet because its part is not being read.
  #busy = false
  #sourceEnded = false
  // Dicer's write is calling its listeners.
  #isWriting = false
  // A part has begun whose header was not read yet.
  #awaitsHeader = false
  #finished = false
  #failure: { readonly error: unknown } | undefined
  #waiting: OpenPart[] = []
  #current: OpenPart | undefined
  #parts = 0
  #files = 0
  #ended = false
  // The iteration ended while the last part is still being read.
  #returned = false
  #change: Promise<void> | undefined
  #changed = () => {}

  constructor(boundary: string, chunks: AsyncIterable<Uint8Array>, limits: Required<FormLimits>) {
    this.#boundary = boundary
    this.#limits = limits
    this.#source = sourceOf(chunks) as BodySource
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Part, undefined>> {
    if (this.#current !== undefined) this.#current.skipped = true
    if (this.#returned) this.#end()
    this.#notify()
    await this.#openDicer()
    for (;;) {
      this.#discardRest()
      if (this.#failure !== undefined) throw this.#end(this.#failure.error)
      if (this.#ended) return { done: true, value: undefined }
      if (this.#current === undefined || this.#current.ended) {
        this.#current = this.#waiting.shift()
        if (this.#current !== undefined) return { done: false, value: this.#partOf(this.#current) }
        if (this.#finished) return this.return()
      }
      await this.#waitForChange()
    }
  }

  /**
   * A part that is being gathered is read to its end, as in `for await (const part of parts(req)) return
   * part.text()`.
   */
  async return(): Promise<IteratorResult<Part, undefined>> {
    if (this.#current?.gathered && !this.#current.ended) this.#returned = true
    else this.#end()
    return { done: true, value: undefined }
  }

  #partOf(open: OpenPart): Part {
    let taken = false
    const body: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => {
        if (taken)
          throw coded(
            new TypeError('The body of this part was already read: it can be read only once.'),
            'ERR_BODY_USED',
          )
        taken = true
        return { next: () => this.#read(open), return: async () => this.#abandon(open) }
      },
    }
    const bytes = async () => {
      const chunks: Uint8Array[] = []
      open.gathered = true
      for await (const chunk of body) chunks.push(chunk)
      return Buffer.concat(chunks)
    }
    const { name, filename, type } = open
    return { name, filename, type, body, bytes, text: async () => (await bytes()).toString() }
  }

  async #read(open: OpenPart): Promise<IteratorResult<Uint8Array, undefined>> {
    const result = await this.#piece(open).catch((error) => {
      throw this.#returned ? this.#end(error) : error
    })
    if (result.done && this.#returned) this.#end()
    return result
  }

  async #piece(open: OpenPart): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      if (open.skipped) throw partSkipped(open.name)
      const chunk = this.#chunkOf(open)
      if (this.#failure !== undefined) throw this.#failure.error
      if (chunk === undefined && this.#ended && !open.ended) throw partSkipped(open.name)
      if (chunk !== undefined) return { done: false, value: chunk }
      if (open.ended) return { done: true, value: undefined }
      await this.#waitForChange()
    }
  }

  #abandon(open: OpenPart): IteratorResult<Uint8Array, undefined> {
    open.skipped = true
    if (this.#returned) this.#end()
    return { done: true, value: undefined }
  }

  #discardRest(): void {
    while (this.#current?.ended === false && this.#chunkOf(this.#current) !== undefined);
  }

  #chunkOf(open: OpenPart): Uint8Array | undefined {
    const chunk = open.stream.read() as Buffer | null
    if (chunk === null) return undefined
    open.size += chunk.length
    const { fieldSize, fileSize } = this.#limits
    if (open.filename === undefined && open.size > fieldSize) this.#fail(formTooLarge('a field that is too large'))
    if (open.filename !== undefined && open.size > fileSize) this.#fail(formTooLarge('a file that is too large'))
    return chunk
  }

  async #openDicer(): Promise<void> {
    if (this.#dicer !== undefined || this.#ended) return
    const DicerClass = await loadDicer()
    if (this.#ended) return
    // Dicer cuts a header off at its own limit without an error, so ours must be lower.
    const maxHeaderSize = Math.min(2 * this.#limits.headerSize, Number.MAX_SAFE_INTEGER)
    const dicer = new DicerClass({ boundary: this.#boundary, maxHeaderSize } as Dicer.Config)
    dicer.on('part', (stream) => this.#begin(stream))
    dicer.on('finish', () => {
      this.#checkHeader()
      this.#finished = true
      this.#notify()
    })
    dicer.on('error', (cause: Error) => this.#fail(malformedForm(cause.message, cause)))
    this.#dicer = dicer
  }

  #begin(stream: Dicer.PartStream): void {
    // Dicer reports the same error itself.
    stream.on('error', () => {})
    this.#checkHeader()
    this.#awaitsHeader = true
    let open: OpenPart | undefined
    stream.on('header', (header) => {
      this.#awaitsHeader = false
      open = this.#openPart(stream, header as Record<string, string[]>)
    })
    stream.on('readable', () => this.#notify())
    stream.on('end', () => {
      if (open !== undefined) open.ended = true
      this.#notify()
    })
  }

  #checkHeader(): void {
    if (this.#awaitsHeader) this.#fail(malformedForm('a part has no header'))
  }

  #openPart(stream: Dicer.PartStream, header: Record<string, string[]>): OpenPart | undefined {
    if (sizeOf(header) > this.#limits.headerSize) this.#fail(formTooLarge('a part whose header is too large'))
    const [disposition, ...others] = header['content-disposition'] ?? []
    const names = disposition === undefined || others.length > 0 ? undefined : parsePartNames(disposition.trim())
    if (names === undefined) this.#fail(malformedForm('a part has no name'))
    else this.#checkCounts(names)
    if (names === undefined || this.#failure !== undefined) return undefined
    const type = header['content-type']?.[0]?.trim() ?? 'text/plain'
    const open: OpenPart = { ...names, stream, type, size: 0, ended: false, gathered: false, skipped: false }
    this.#waiting.push(open)
    return open
  }

  #checkCounts({ filename }: PartNames): void {
    const { parts, files, fields } = this.#limits
    this.#parts += 1
    if (filename !== undefined) this.#files += 1
    if (this.#parts > parts) this.#fail(formTooLarge('too many parts'))
    else if (this.#files > files) this.#fail(formTooLarge('too many files'))
    else if (this.#parts - this.#files > fields) this.#fail(formTooLarge('too many fields'))
  }

  /** Waits for a change of state. The next chunk of the body is requested only here. */
  #waitForChange(): Promise<void> {
    this.#change ??= new Promise((resolve) => {
      this.#changed = resolve
    })
    const change = this.#change
    if (!this.#busy && !this.#sourceEnded && !this.#ended) {
      this.#busy = true
      this.#pull().catch((error) => this.#fail(error))
    }
    return change
  }

  async #pull(): Promise<void> {
    const { done, value } = await this.#source.next()
    if (this.#ended) return
    this.#sourceEnded = done === true
    if (done) this.#dicer?.end()
    else this.#write(value as Uint8Array)
  }

  /**
   * A chunk may hold ten thousand parts, and Dicer reports all of them before its write returns. Only an exception
   * from a listener stops it after an invalid part, or one too many.
   */
  #write(chunk: Uint8Array): void {
    this.#isWriting = true
    try {
      this.#dicer?.write(chunk, () => {
        this.#busy = false
        this.#notify()
      })
    } catch (error) {
      if (error !== this.#failure?.error) throw error
    } finally {
      this.#isWriting = false
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#notify()
    if (this.#isWriting) throw this.#failure.error
  }

  #end(reason?: unknown): unknown {
    if (this.#ended) return reason
    this.#ended = true
    if (!this.#sourceEnded) this.#source.cancel(reason)
    this.#dicer?.destroy()
    for (const open of this.#waiting) open.stream.destroy()
    this.#current?.stream.destroy()
    this.#notify()
    return reason
  }

  #notify(): void {
    this.#change = undefined
    this.#changed()
  }
}

/** The size of the header as it is usually written. */
function sizeOf(header: Record<string, string[]>): number {
  let size = 0
  for (const [name, values] of Object.entries(header)) {
    for (const value of values) size += `${name}: ${value}\r\n`.length
  }
  return size
}

function partSkipped(name: string): Error {
  return coded(
    new Error(`The part ${JSON.stringify(name)} can no longer be read: the next part was requested before its end.`),
    'ERR_PART_PASSED',
  )
}

async function loadDicer(): Promise<typeof Dicer> {
  try {
    return (await import('@fastify/busboy')).Dicer
  } catch (cause) {
    // A CommonJS bundle gets the code without the prefix.
    if (!/^(?:ERR_)?MODULE_NOT_FOUND$/.test(codeOf(cause) ?? '')) throw cause
    throw coded(
      new Error('Reading multipart/form-data needs the package @fastify/busboy: run `npm install @fastify/busboy`.', {
        cause,
      }),
      'ERR_MISSING_PEER',
    )
  }
}
