import { AsyncResource } from 'node:async_hooks'
import { type HeadersSource, ReplyHeaders } from '../fields/headers.js'
import { Reply } from '../reply/reply.js'
import type { Closing } from '../request/closing.js'
import { knownOptions, wholeNumber, wrongArgument } from '../runtime/option_errors.js'
import { timers } from '../runtime/timers.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { type BodySource, sourceOf } from '../streams/body_source.js'
import { eventText, type ServerEvent } from './event_text.js'

/** What `events()` passes to the generator. */
export interface EventContext {
  /** The id of the last event that the client received before it reconnected (`Last-Event-ID`), or null. */
  readonly lastEventId: string | null
  /**
   * Aborts when the client disconnects, or when the server begins to close. Pass it to whatever the generator waits
   * for. Events that it yields while the server closes are still sent.
   */
  readonly signal: AbortSignal
}

/** Yields events; a string is an event with only data. */
export type EventGenerator = (context: EventContext) => AsyncIterable<string | ServerEvent>

export interface EventOptions {
  /**
   * After how many milliseconds without an event a comment is sent, to keep the connection open. Default: 15,000; 0
   * for none.
   */
  heartbeat?: number | undefined
  /** How many milliseconds the client should wait before it reconnects. Default: the browser's own delay. */
  retry?: number | undefined
  /** Header fields of the reply. They are added to the default ones, or replace them. */
  headers?: HeadersSource | undefined
}

/** The parts of a request that `events()` uses. */
interface EventRequest {
  readonly headers: { get(name: string): string | null }
  readonly signal: AbortSignal
  readonly serverClosing?: Closing
}

// `x-accel-buffering` keeps nginx from buffering events.
const FIELDS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
const MAX_MS = 2 ** 31 - 1
const HEARTBEAT = ':\n\n'
const CALL = 'events(req, generate, options)'

/**
 * Creates a stream of server-sent events (WHATWG HTML §9.2):
 *
 *     app.get('/ticks', (req) => events(req, async function* ({ lastEventId, signal }) {
 *       for (let id = Number(lastEventId ?? 0) + 1; ; id += 1) {
 *         await setTimeout(1000, undefined, { signal })
 *         yield { id: String(id), event: 'tick', data: { id } }
 *       }
 *     }))
 *
 * The generator starts when the reply is sent, and is advanced only as fast as the client reads. When the client
 * disconnects, `signal` aborts, and the generator is ended where it waits, or at its next `yield`. When the generator
 * returns, the response ends; a browser then reconnects, unless it gets a 204.
 *
 * When the server begins to close, `signal` aborts as well. The generator may then return, or throw the abort error.
 * Any other error closes the connection, and so does an invalid event: TypeError `ERR_INVALID_EVENT`.
 *
 * @throws TypeError or RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for invalid
 * options
 */
export function events(req: EventRequest, generate: EventGenerator, options: EventOptions = {}): Reply {
  const { heartbeat, retry, headers } = knownOptions(options, ['heartbeat', 'retry', 'headers'], 'events()')
  if (typeof req?.headers?.get !== 'function') throw wrongArgument(CALL, 'the request first', req)
  if (typeof generate !== 'function')
    throw wrongArgument(CALL, 'a generator function, itself and not called, as generate', generate)
  const heartbeatMs = wholeNumber('heartbeat', heartbeat, 15_000, 0, MAX_MS)
  const retryMs = wholeNumber('retry', retry, -1, 0, MAX_MS)
  const fields = new ReplyHeaders(headers)
  for (const [name, value] of Object.entries(FIELDS)) if (!fields.has(name)) fields.set(name, value)
  return new Reply(
    200,
    new EventStream(req, generate, heartbeatMs, retryMs === -1 ? '' : eventText({ retry: retryMs })),
    fields,
  )
}

isNoHandler(events, 'call it in a handler, (req) => events(req, generate)')

type Piece = IteratorResult<string, undefined>

const DONE: Piece = Object.freeze({ done: true, value: undefined })

interface Waiting {
  resolve(piece: Piece): void
  reject(error: unknown): void
}

/** The text of the events, with a heartbeat when the next event takes too long. Allows one `next()` at a time. */
class EventStream implements AsyncIterableIterator<string> {
  readonly #req: EventRequest
  readonly #generate: EventGenerator
  readonly #heartbeatMs: number
  readonly #controller = new AbortController()
  #source: BodySource | undefined
  // The source was asked for an event, which has not arrived.
  #requested = false
  // Goes out before anything else: the greeting, or an event that arrived just after a heartbeat.
  #buffered: Piece | undefined
  #failure: { readonly error: unknown } | undefined
  #waiting: Waiting | undefined
  #timer: NodeJS.Timeout | undefined
  #ended = false
  #closingListener: (() => void) | undefined

  constructor(req: EventRequest, generate: EventGenerator, heartbeatMs: number, greeting: string) {
    this.#req = req
    this.#generate = generate
    this.#heartbeatMs = heartbeatMs
    if (greeting !== '') this.#buffered = { done: false, value: greeting }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Piece> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#begin()
      this.#request()
      this.#settle()
      this.#startHeartbeat()
    })
  }

  async return(): Promise<Piece> {
    this.#cancel()
    return DONE
  }

  #begin(): void {
    if (this.#source !== undefined || this.#ended) return
    const { signal, headers } = this.#req
    if (signal.aborted) return this.#cancel()
    signal.addEventListener('abort', this.#cancel)
    const { serverClosing } = this.#req
    if (serverClosing?.reason !== undefined) this.#serverCloses()
    else if (serverClosing !== undefined) {
      // The server is closed from another async context.
      this.#closingListener = AsyncResource.bind(this.#serverCloses)
      serverClosing.add(this.#closingListener)
    }
    try {
      const context = { lastEventId: headers.get('last-event-id'), signal: this.#controller.signal }
      const given = this.#generate(context)
      this.#source = sourceOf(given)
      if (this.#source === undefined)
        throw wrongArgument(CALL, 'a function that gives an async iterable, such as async function* () {}', given)
    } catch (error) {
      this.#failed(error)
    }
  }

  #request(): void {
    if (this.#requested || this.#ended || this.#buffered !== undefined) return
    this.#requested = true
    try {
      Promise.resolve((this.#source as BodySource).next()).then(this.#arrived, this.#failed)
    } catch (error) {
      this.#failed(error)
    }
  }

  // Created once for each stream, not once for each event.
  readonly #arrived = ({ done, value }: IteratorResult<unknown>): void => {
    this.#requested = false
    if (this.#ended) return
    if (done) this.#close()
    else {
      try {
        this.#buffered = { done: false, value: eventText(value as string | ServerEvent) }
      } catch (error) {
        this.#source?.cancel(error)
        return this.#failed(error)
      }
    }
    this.#settle()
  }

  readonly #failed = (error: unknown): void => {
    if (this.#ended) return
    // When the server closes, a source that waits with the signal ends with an abort error. That is no failure.
    if (!isAbort(error, this.#controller.signal)) this.#failure = { error }
    this.#close()
    this.#settle()
  }

  /** The client disconnected. */
  readonly #cancel = (): void => {
    if (this.#ended) return
    this.#close()
    this.#buffered = undefined
    this.#controller.abort(this.#req.signal.reason)
    this.#source?.cancel(this.#req.signal.reason)
    this.#settle()
  }

  /** The source may yield last events, and ends by itself. */
  readonly #serverCloses = (): void => {
    if (!this.#ended) this.#controller.abort(this.#req.serverClosing?.reason)
  }

  #close(): void {
    this.#ended = true
    timers.clearTimeout(this.#timer)
    this.#req.signal.removeEventListener('abort', this.#cancel)
    if (this.#closingListener !== undefined) this.#req.serverClosing?.remove(this.#closingListener)
  }

  /** Resolves the pending `next()` if there is something to return. */
  #settle(): void {
    const waiting = this.#waiting
    if (waiting === undefined || (this.#buffered === undefined && !this.#ended)) return
    this.#waiting = undefined
    const { reject, resolve } = waiting
    const buffered = this.#buffered
    const failure = this.#failure
    this.#buffered = undefined
    if (buffered !== undefined) return resolve(buffered)
    this.#failure = undefined
    if (failure !== undefined) reject(failure.error)
    else resolve(DONE)
  }

  /** Starts the heartbeat timer. */
  #startHeartbeat(): void {
    if (this.#waiting === undefined || this.#heartbeatMs === 0) return
    if (this.#timer !== undefined) this.#timer.refresh()
    else this.#timer = timers.setTimeout(this.#sendHeartbeat, this.#heartbeatMs).unref()
  }

  readonly #sendHeartbeat = (): void => {
    if (this.#waiting === undefined) return
    this.#buffered = { done: false, value: HEARTBEAT }
    this.#settle()
  }
}

/** Whether an error is the result of an aborted signal. */
function isAbort(error: unknown, { aborted, reason }: AbortSignal): boolean {
  if (!aborted || typeof error !== 'object' || error === null) return false
  return (
    error === reason || (error as Partial<Error>).cause === reason || (error as Partial<Error>).name === 'AbortError'
  )
}
