// The access log of a server: takes the requests that have ended from its reactors, many at a time, and writes a line
// for each. Whatever fails here is told once and harms no request.
import { LOG_AT, LOG_END, LOG_FIRST, LOG_LOST, LOG_NOW_HIGH, LOG_NOW_LOW } from '../exchange/layout.js'
import type { NativeReactor } from '../exchange/native.js'
import { type RawBuffer, raw } from '../exchange/raw_buffer.js'
import type { RequestIds } from '../request/request_ids.js'
import { callListener } from '../runtime/call_listener.js'
import { describe } from '../runtime/describe.js'
import { coded, messageOf } from '../runtime/errors.js'
import { timers } from '../runtime/timers.js'
import { ALWAYS, RecordReader, type RecordSurroundings } from './access_record.js'
import { DescriptorWriter, fileTarget, standardTarget, type Target } from './descriptor_writer.js'
import { asOneLine, BuiltinLines, type Told } from './formats.js'
import type { AccessLogFormat, AccessLogger, CheckedAccessLog } from './options.js'
import { onReopen } from './reopening.js'

/** After a batch of requests, and when nothing is known to have happened: some requests never reach JavaScript. */
const SOON_MS = 100
const LATER_MS = 500
/** So many requests are not left for later, so that no line waits behind a thousand others. */
const MOST_LEFT = 64
/** Between two takes of a flood, in which requests are answered. */
const BETWEEN_MS = 1
const WORDS = 16 * 1024
/** Takes of one turn, and its time: other threads may add as fast as requests are taken, and a format may be slow. */
const MOST_TAKES = 16
const TURN_MS = 10
/** Takes of all that may wait natively. */
const ALL_TAKES = 256
/** Lines are gathered in chunks of so many bytes, and written from half of it on. */
const CHUNK_BYTES = 64 * 1024
/** Chunks that are kept for the next lines. */
const MOST_FREE = 4
const LAST_WRITE_MS = 1000
const LINE_FEED = 10

/** A loop whose requests are logged. */
interface Source {
  readonly reactor: Pick<NativeReactor, 'takeLogged'>
  readonly ids: RequestIds
}

type LineFunction = Exclude<AccessLogFormat, string>

/** Where lines go; undefined for a logger, which gets objects. */
interface Destination {
  readonly writer: DescriptorWriter
  /** No more is written. */
  readonly leave: () => void
}

export class AccessLog {
  readonly #sources: Source[] = []
  readonly #words = new Int32Array(WORDS)
  readonly #surroundings: RecordSurroundings
  readonly #fields: readonly string[]
  #reader: RecordReader | undefined
  /** Undefined for a format of the app, and for records. */
  readonly #builtin: BuiltinLines | undefined
  /** Undefined when the native side knows all of a line. */
  readonly #take: ((record: RecordReader, ids: RequestIds, next: number) => void) | undefined
  readonly #destination: Destination | undefined
  #chunk: RawBuffer | undefined
  #size = 0
  #lines = 0
  readonly #free: RawBuffer[] = []
  #left = 0
  #timer: NodeJS.Timeout | undefined
  #isSoon = false
  #isTaking = false
  #hasEnded = false
  /** What was told already. */
  readonly #told = new Set<string>()
  readonly #atExit = () => this.#flushAtExit()

  /** @throws Error `ERR_ACCESS_LOG` when the file cannot be opened */
  constructor({ format, to }: CheckedAccessLog, surroundings: RecordSurroundings, fields: readonly string[]) {
    this.#surroundings = surroundings
    this.#fields = fields
    const name = typeof to === 'string' ? (format ?? 'combined') : format
    this.#builtin = typeof name === 'string' ? new BuiltinLines(name, surroundings.patterns) : undefined
    if (typeof to === 'string') {
      this.#destination = this.#open(to)
      if (typeof format === 'function') this.#take = this.#byFunction(format)
      else if (fields.length > ALWAYS.length) this.#take = this.#byTold(this.#builtin as BuiltinLines)
    } else this.#take = this.#toLogger(to, format)
    process.on('exit', this.#atExit)
  }

  /** The setting of the native side: which fields it logs. */
  get settings(): { readonly logs: string } {
    return { logs: this.#fields.join(',') }
  }

  add(source: Source): void {
    this.#sources.push(source)
    this.#reader ??= new RecordReader(this.#words, this.#surroundings, this.#fields, source.ids)
  }

  start(): void {
    this.#arm(LATER_MS)
  }

  /** A batch of events was handled: its requests will end soon. */
  batchHandled(events: number): void {
    this.#left += events
    if (this.#left < MOST_LEFT) {
      if (!this.#isSoon) this.#arm(SOON_MS)
    } else if (this.#takeAll()) this.#arm(BETWEEN_MS)
  }

  /** The reactors have closed. Resolves when all is written, or the destination does not take it. */
  async end(): Promise<void> {
    if (this.#hasEnded) return
    // Other servers may still answer, and a format may be what has closed this one.
    while (this.#isTaking || this.#takeAll()) await new Promise((resolve) => timers.setImmediate(resolve))
    this.#hasEnded = true
    timers.clearTimeout(this.#timer)
    process.removeListener('exit', this.#atExit)
    this.#flush()
    await this.#destination?.writer.flushed(LAST_WRITE_MS)
    this.#destination?.leave()
  }

  /** The server has not begun. */
  abandon(): void {
    this.#hasEnded = true
    timers.clearTimeout(this.#timer)
    process.removeListener('exit', this.#atExit)
    this.#destination?.leave()
  }

  #arm(ms: number): void {
    if (this.#hasEnded) return
    timers.clearTimeout(this.#timer)
    this.#isSoon = ms !== LATER_MS
    this.#timer = timers.setTimeout(() => {
      const hasMore = this.#takeAll()
      this.#flush()
      this.#arm(hasMore ? BETWEEN_MS : LATER_MS)
    }, ms)
    this.#timer.unref()
  }

  /** True when more are left. */
  #takeAll(takes = MOST_TAKES): boolean {
    // A format function may close the server.
    if (this.#isTaking || this.#hasEnded) return false
    this.#isTaking = true
    this.#left = 0
    let hasMore = false
    try {
      const end = takes === ALL_TAKES ? Number.POSITIVE_INFINITY : timers.now() + TURN_MS
      for (const source of this.#sources) hasMore = this.#takeFrom(source, takes, end) || hasMore
    } finally {
      this.#isTaking = false
    }
    return hasMore
  }

  #takeFrom({ reactor, ids }: Source, takes: number, end: number): boolean {
    const words = this.#words
    const reader = this.#reader as RecordReader
    reader.ids = ids
    let hasMore = true
    // At least once, so that each loop has its turn.
    for (let taken = 0; hasMore && taken < takes && (taken === 0 || timers.now() < end); taken += 1) {
      hasMore = reactor.takeLogged(words)
      if (words[LOG_LOST] > 0) this.#lost(words[LOG_LOST])
      const now = (words[LOG_NOW_HIGH] >>> 0) * 2 ** 32 + (words[LOG_NOW_LOW] >>> 0)
      const date = timers.date()
      if (this.#builtin !== undefined) this.#builtin.now = date
      if (this.#take === undefined) {
        this.#writeLines(this.#builtin as BuiltinLines, ids, words[LOG_END])
        continue
      }
      reader.clock = date - now / 1000
      const last = words[LOG_END]
      for (let at = LOG_FIRST; at < last; ) {
        words[LOG_AT] = at
        at = reader.moveTo(at)
        this.#take(reader, ids, at)
      }
    }
    return hasMore
  }

  /** The clients and the ids that requests name are believed or not by rules of JavaScript. */
  #byTold(lines: BuiltinLines): (record: RecordReader, ids: RequestIds, next: number) => void {
    return (record, ids, next) => this.#writeLines(lines, ids, next, record)
  }

  /** Of the words from LOG_AT on. */
  #writeLines(lines: BuiltinLines, ids: RequestIds, end: number, told?: Told): void {
    const words = this.#words
    let least = CHUNK_BYTES
    while (words[LOG_AT] < end) {
      this.#chunk ??= this.#newChunk(least)
      const begin = this.#size
      this.#size = lines.write(words, this.#chunk, begin, ids, told)
      this.#lines += lines.count
      if (this.#size >= CHUNK_BYTES / 2 || (this.#size === begin && begin > 0)) this.#flush()
      else if (this.#size === begin) {
        least *= 2
        this.#chunk = undefined
      }
    }
  }

  #byFunction(format: LineFunction): (record: RecordReader) => void {
    return (record) => {
      const line = this.#lineOf(format, record)
      if (line !== undefined) this.#line(asOneLine(line))
    }
  }

  #toLogger(logger: AccessLogger, format: CheckedAccessLog['format']): (record: RecordReader, ids: RequestIds) => void {
    const failed = (error: unknown) => this.#failed('the logger', error)
    const give = (value: object) => callListener(() => logger.info(value), failed)
    if (format === undefined) return (record) => give(record.copy())
    // Loggers take a text as well.
    const giveLine = (line: string) => give(line as unknown as object)
    const builtin = this.#builtin
    if (builtin !== undefined) return (record, ids) => giveLine(builtin.textOf(this.#words, ids, record))
    return (record) => {
      const line = this.#lineOf(format as LineFunction, record)
      if (line !== undefined) giveLine(asOneLine(line))
    }
  }

  #lineOf(format: LineFunction, record: RecordReader): string | undefined {
    try {
      const line = format(record.copy())
      if (typeof line === 'string' || line === undefined) return line
      this.#failed('the format', new TypeError(`it returned ${describe(line)}, not a string or undefined`))
    } catch (error) {
      this.#failed('the format', error)
    }
    return undefined
  }

  #line(line: string): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    const most = 3 * line.length + 1
    if (this.#size + most > CHUNK_BYTES) this.#flush()
    this.#chunk ??= this.#newChunk(most)
    const end = this.#size + this.#chunk.utf8Write(line, this.#size)
    this.#chunk[end] = LINE_FEED
    this.#size = end + 1
    this.#lines += 1
    if (this.#size >= CHUNK_BYTES / 2) this.#flush()
  }

  #newChunk(least: number): RawBuffer {
    if (least > CHUNK_BYTES) return raw(Buffer.allocUnsafeSlow(least))
    return this.#free.pop() ?? raw(Buffer.allocUnsafeSlow(CHUNK_BYTES))
  }

  #flush(): void {
    const chunk = this.#chunk
    if (chunk === undefined) return
    const piece = {
      bytes: chunk.subarray(0, this.#size),
      lines: this.#lines,
      done: () => {
        if (this.#free.length < MOST_FREE && chunk.length === CHUNK_BYTES) this.#free.push(chunk)
      },
    }
    this.#chunk = undefined
    this.#size = 0
    this.#lines = 0
    this.#destination?.writer.write(piece)
  }

  #open(to: string): Destination {
    const watcher = {
      failed: (error: unknown) => this.#failed(to, error),
      lost: (lines: number) => this.#lost(lines),
    }
    if (to === 'stdout' || to === 'stderr') {
      const standard = new DescriptorWriter(standardTarget(to === 'stdout' ? 1 : 2), watcher)
      return { writer: standard, leave: () => standard.close() }
    }
    const writer = new DescriptorWriter(opened(to), watcher)
    const stop = onReopen(() => {
      try {
        this.#takeAll(ALL_TAKES)
        this.#flush()
        writer.changeTo(fileTarget(to))
      } catch (error) {
        this.#failed(to, error)
      }
    })
    const leave = () => {
      stop()
      writer.close()
    }
    return { writer, leave }
  }

  #flushAtExit(): void {
    this.#takeAll(ALL_TAKES)
    this.#flush()
    this.#destination?.writer.flushSync()
  }

  #lost(lines: number): void {
    this.#tell('lost', `${lines} requests are missing in the access log, because it is not written fast enough.`)
  }

  #failed(what: string, error: unknown): void {
    this.#tell(what, `The access log failed, and requests are missing in it: ${what}: ${messageOf(error)}`)
  }

  /** Once, for a disk that is full stays full. */
  #tell(what: string, sentence: string): void {
    if (this.#told.has(what)) return
    this.#told.add(what)
    process.emitWarning(sentence, { type: 'BrinkWarning', code: 'BRINK_ACCESS_LOG' })
  }
}

/** @throws Error `ERR_ACCESS_LOG` */
function opened(path: string): Target {
  try {
    return fileTarget(path)
  } catch (cause) {
    throw coded(new Error(`The access log cannot be opened: ${messageOf(cause)}`, { cause }), 'ERR_ACCESS_LOG')
  }
}
