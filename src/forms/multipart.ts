import type { Dicer } from '@fastify/busboy'
import { HttpError } from '../fields/http_error.js'
import { parseMediaType } from '../fields/media_type.js'
import { coded, codeOf } from '../runtime/errors.js'
import { type BodySource, sourceOf } from '../streams/body_source.js'
import { checkedLimits, type FormLimits, formTooLarge, malformedForm } from './form_limits.js'
import { type PartNames, parsePartNames } from './part_names.js'

/** A part of a multipart form: a value, or a file. */
export interface Part {
  /** What the field is called. Whatever it is, it is only a string: do not make it a key of a plain object. */
  readonly name: string
  /** The name of a file, without the folders that it came from; undefined for a value. Not a path to write to. */
  readonly filename: string | undefined
  /** The media type that the client named; `text/plain` where it named none. */
  readonly type: string
  /** The content as it arrives; to be taken once, and before the next part is asked for. */
  readonly body: AsyncIterable<Uint8Array>
  /** All of the content, gathered. */
  bytes(): Promise<Uint8Array>
  /** The same, decoded as UTF-8. */
  text(): Promise<string>
}

/** What of a request concerns its form. */
interface FormRequest {
  readonly headers: { get(name: string): string | null }
  chunks(): AsyncIterable<Uint8Array>
}

/**
 * The parts of a `multipart/form-data` body (RFC 7578) as they arrive, for files too large to be gathered:
 *
 *     for await (const part of parts(req)) {
 *       if (part.filename !== undefined) await pipeline(part.body, createWriteStream(pathOfMyOwn()))
 *     }
 *
 * No more is read from the client than is taken. What is left of a part when the next one is asked for is skipped. Needs
 * the package `@fastify/busboy`.
 *
 * While it is read: HttpError 415 when the body is of another type, 400 `ERR_INVALID_FORM` when it is malformed or ends
 * too early, 413 when it goes beyond the limits; Error `ERR_MISSING_PEER` when the package is not installed.
 *
 * @throws TypeError or RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for limits that
 *   cannot be
 */
export function parts(req: FormRequest, limits: FormLimits = {}): AsyncIterableIterator<Part> {
  const boundary = boundaryOf(req.headers.get('content-type'))
  return new Multipart(boundary, req.chunks(), checkedLimits(limits))
}

/**
 * The parameter that says what separates the parts.
 * @throws HttpError 415 when the type is another one, 400 when there is no boundary, or none that RFC 2046 §5.1.1 allows
 */
export function boundaryOf(contentType: string | null): string {
  const type = parseMediaType(contentType)
  if (type?.essence !== 'multipart/form-data') throw new HttpError(415, 'The body must be multipart/form-data.')
  const boundary = type.parameters.get('boundary')
  if (boundary !== undefined && BOUNDARY.test(boundary)) return boundary
  throw malformedForm('its content-type names no boundary')
}

const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/

/** A part whose header has been read. */
interface OpenPart extends PartNames {
  readonly stream: Dicer.PartStream
  readonly type: string
  size: number
  ended: boolean
  /** `bytes()` or `text()` is under way. */
  gathered: boolean
  /** The next one was asked for. */
  passed: boolean
}

/** Reads parts off the chunks of a body: never more of them than somebody waits for. */
export class Multipart implements AsyncIterableIterator<Part> {
  readonly #boundary: string
  readonly #limits: Required<FormLimits>
  readonly #source: BodySource
  #dicer: Dicer | undefined
  // A chunk is awaited, or has not been taken whole, since a part that it belongs to is not read.
  #busy = false
  #sourceEnded = false
  // Dicer's listeners are being called by its write.
  #isWriting = false
  // A part has begun whose header has not been read.
  #headless = false
  #finished = false
  #failure: { readonly error: unknown } | undefined
  #waiting: OpenPart[] = []
  #current: OpenPart | undefined
  #parts = 0
  #files = 0
  #over = false
  // By whoever took the parts, while the last one is still read.
  #left = false
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
    if (this.#current !== undefined) this.#current.passed = true
    if (this.#left) this.#end()
    this.#stir()
    await this.#open()
    for (;;) {
      this.#skip()
      if (this.#failure !== undefined) throw this.#end(this.#failure.error)
      if (this.#over) return { done: true, value: undefined }
      if (this.#current === undefined || this.#current.ended) {
        this.#current = this.#waiting.shift()
        if (this.#current !== undefined) return { done: false, value: this.#partOf(this.#current) }
        if (this.#finished) return this.return()
      }
      await this.#more()
    }
  }

  /** A part that is gathered is so to its end, as in `for await (const part of parts(req)) return part.text()`. */
  async return(): Promise<IteratorResult<Part, undefined>> {
    if (this.#current?.gathered && !this.#current.ended) this.#left = true
    else this.#end()
    return { done: true, value: undefined }
  }

  #partOf(open: OpenPart): Part {
    let taken = false
    const body: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => {
        if (taken) throw coded(new TypeError('The body of this part was taken already.'), 'ERR_BODY_USED')
        taken = true
        return { next: () => this.#read(open), return: async () => this.#pass(open) }
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
      throw this.#left ? this.#end(error) : error
    })
    if (result.done && this.#left) this.#end()
    return result
  }

  async #piece(open: OpenPart): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      if (open.passed) throw passedOver(open.name)
      const chunk = this.#chunkOf(open)
      if (this.#failure !== undefined) throw this.#failure.error
      if (chunk === undefined && this.#over && !open.ended) throw passedOver(open.name)
      if (chunk !== undefined) return { done: false, value: chunk }
      if (open.ended) return { done: true, value: undefined }
      await this.#more()
    }
  }

  #pass(open: OpenPart): IteratorResult<Uint8Array, undefined> {
    open.passed = true
    if (this.#left) this.#end()
    return { done: true, value: undefined }
  }

  #skip(): void {
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

  async #open(): Promise<void> {
    if (this.#dicer !== undefined || this.#over) return
    const DicerClass = await loadDicer()
    if (this.#over) return
    // It cuts off what is beyond its own limit, and does not say so.
    const maxHeaderSize = Math.min(2 * this.#limits.headerSize, Number.MAX_SAFE_INTEGER)
    const dicer = new DicerClass({ boundary: this.#boundary, maxHeaderSize } as Dicer.Config)
    dicer.on('part', (stream) => this.#begin(stream))
    dicer.on('finish', () => {
      this.#checkHeader()
      this.#finished = true
      this.#stir()
    })
    dicer.on('error', (cause: Error) => this.#fail(malformedForm(cause.message, cause)))
    this.#dicer = dicer
  }

  #begin(stream: Dicer.PartStream): void {
    // Dicer reports the same error itself.
    stream.on('error', () => {})
    this.#checkHeader()
    this.#headless = true
    let open: OpenPart | undefined
    stream.on('header', (header) => {
      this.#headless = false
      open = this.#accept(stream, header as Record<string, string[]>)
    })
    stream.on('readable', () => this.#stir())
    stream.on('end', () => {
      if (open !== undefined) open.ended = true
      this.#stir()
    })
  }

  #checkHeader(): void {
    if (this.#headless) this.#fail(malformedForm('a part has no header'))
  }

  #accept(stream: Dicer.PartStream, header: Record<string, string[]>): OpenPart | undefined {
    if (sizeOf(header) > this.#limits.headerSize) this.#fail(formTooLarge('a part whose header is too large'))
    const [disposition, ...others] = header['content-disposition'] ?? []
    const names = disposition === undefined || others.length > 0 ? undefined : parsePartNames(disposition.trim())
    if (names === undefined) this.#fail(malformedForm('a part does not say what it is called'))
    else this.#count(names)
    if (names === undefined || this.#failure !== undefined) return undefined
    const type = header['content-type']?.[0]?.trim() ?? 'text/plain'
    const open: OpenPart = { ...names, stream, type, size: 0, ended: false, gathered: false, passed: false }
    this.#waiting.push(open)
    return open
  }

  #count({ filename }: PartNames): void {
    const { parts, files, fields } = this.#limits
    this.#parts += 1
    if (filename !== undefined) this.#files += 1
    if (this.#parts > parts) this.#fail(formTooLarge('too many parts'))
    else if (this.#files > files) this.#fail(formTooLarge('too many files'))
    else if (this.#parts - this.#files > fields) this.#fail(formTooLarge('too many fields'))
  }

  /** Waits until something has changed. What is read next of the body is asked for here and nowhere else. */
  #more(): Promise<void> {
    this.#change ??= new Promise((resolve) => {
      this.#changed = resolve
    })
    const change = this.#change
    if (!this.#busy && !this.#sourceEnded && !this.#over) {
      this.#busy = true
      this.#pull().catch((error) => this.#fail(error))
    }
    return change
  }

  async #pull(): Promise<void> {
    const { done, value } = await this.#source.next()
    if (this.#over) return
    this.#sourceEnded = done === true
    if (done) this.#dicer?.end()
    else this.#write(value as Uint8Array)
  }

  /**
   * A chunk may hold ten thousand parts, and Dicer announces them all before its write returns: only an exception out of
   * a listener stops it when one is malformed, or one too many.
   */
  #write(chunk: Uint8Array): void {
    this.#isWriting = true
    try {
      this.#dicer?.write(chunk, () => {
        this.#busy = false
        this.#stir()
      })
    } catch (error) {
      if (error !== this.#failure?.error) throw error
    } finally {
      this.#isWriting = false
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#stir()
    if (this.#isWriting) throw this.#failure.error
  }

  #end(reason?: unknown): unknown {
    if (this.#over) return reason
    this.#over = true
    if (!this.#sourceEnded) this.#source.cancel(reason)
    this.#dicer?.destroy()
    for (const open of this.#waiting) open.stream.destroy()
    this.#current?.stream.destroy()
    this.#stir()
    return reason
  }

  #stir(): void {
    this.#change = undefined
    this.#changed()
  }
}

/** As it is usually written. */
function sizeOf(header: Record<string, string[]>): number {
  let size = 0
  for (const [name, values] of Object.entries(header)) {
    for (const value of values) size += `${name}: ${value}\r\n`.length
  }
  return size
}

function passedOver(name: string): Error {
  return coded(
    new Error(`The part ${JSON.stringify(name)} was left for the next one before it was read to its end.`),
    'ERR_PART_PASSED',
  )
}

async function loadDicer(): Promise<typeof Dicer> {
  try {
    return (await import('@fastify/busboy')).Dicer
  } catch (cause) {
    // The other code is what a bundle of CommonJS gets.
    if (!/^(?:ERR_)?MODULE_NOT_FOUND$/.test(codeOf(cause) ?? '')) throw cause
    throw coded(
      new Error('Reading multipart/form-data needs the package @fastify/busboy: run `npm install @fastify/busboy`.', {
        cause,
      }),
      'ERR_MISSING_PEER',
    )
  }
}
