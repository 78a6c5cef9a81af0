import { AsyncResource } from 'node:async_hooks'
import { type HeadersSource, ReplyHeaders } from '../fields/headers.js'
import { Reply } from '../reply/reply.js'
import type { Closing } from '../request/closing.js'
import { knownOptions, wholeNumber, wrongType } from '../runtime/option_errors.js'
import { timers } from '../runtime/timers.js'
import { type BodySource, sourceOf } from '../streams/body_source.js'
import { eventText, type ServerEvent } from './event_text.js'

/** What a source of events is told. */
export interface EventContext {
  /** The id of the last event that the client has seen, when it connects again; otherwise null. */
  readonly lastEventId: string | null
  /**
   * Aborts when nobody listens any more, and when the server begins to close: what the source waits for should end with
   * it. What a source yields after the server has begun to close is still sent.
   */
  readonly signal: AbortSignal
}

/** Gives events; strings are the data of one. */
export type EventGenerator = (context: EventContext) => AsyncIterable<string | ServerEvent>

export interface EventOptions {
  /** After so many milliseconds without an event, a comment keeps the connection. Default: 15,000; 0 sends none. */
  heartbeat?: number | undefined
  /** How many milliseconds the client is to wait before it connects again. Default: as it likes. */
  retry?: number | undefined
  /** Header fields of the reply, besides those that it has, or instead of them. */
  headers?: HeadersSource | undefined
}

/** What of a request concerns its events. */
interface EventRequest {
  readonly headers: { get(name: string): string | null }
  readonly signal: AbortSignal
  readonly serverClosing?: Closing
}

// nginx would gather events until they fill a buffer, if it were not told.
const FIELDS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
const LONGEST_MS = 2 ** 31 - 1
const HEARTBEAT = ':\n\n'

/**
 * A reply of server-sent events (WHATWG HTML §9.2):
 *
 *     app.get('/ticks', (req) => events(req, async function* ({ lastEventId, signal }) {
 *       for (let id = Number(lastEventId ?? 0) + 1; ; id += 1) {
 *         await setTimeout(1000, undefined, { signal })
 *         yield { id: String(id), event: 'tick', data: { id } }
 *       }
 *     }))
 *
 * The generator begins when the reply is sent, and is asked for the next event when there is room for it. When the client
 * goes away, `signal` aborts and the generator ends where it stands, or at its next `yield`. When it ends by itself so
 * does the reply; a browser then connects again, unless it is answered with 204. When the server begins to close, `signal`
 * aborts as well, and the generator may end by itself, or by the error of what `signal` has aborted. What it throws
 * otherwise breaks the connection.
 * So does an event that cannot be: TypeError `ERR_INVALID_EVENT`.
 *
 * @throws TypeError or RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for options that
 *   cannot be
 */
export function events(req: EventRequest, generate: EventGenerator, options: EventOptions = {}): Reply {
  const { heartbeat, retry, headers } = knownOptions(options, ['heartbeat', 'retry', 'headers'])
  if (typeof generate !== 'function') throw wrongType('generate', 'a function', generate)
  const quietMs = wholeNumber('heartbeat', heartbeat, 15_000, 0, LONGEST_MS)
  const retryMs = wholeNumber('retry', retry, -1, 0, LONGEST_MS)
  const fields = new ReplyHeaders(headers)
  for (const [name, value] of Object.entries(FIELDS)) if (!fields.has(name)) fields.set(name, value)
  return new Reply(
    200,
    new EventStream(req, generate, quietMs, retryMs === -1 ? '' : eventText({ retry: retryMs })),
    fields,
  )
}

type Piece = IteratorResult<string, undefined>

const DONE: Piece = Object.freeze({ done: true, value: undefined })

interface Waiting {
  resolve(piece: Piece): void
  reject(error: unknown): void
}

/** The text of the events, with a heartbeat whenever the next one is waited for too long. One `next()` at a time. */
class EventStream implements AsyncIterableIterator<string> {
  readonly #req: EventRequest
  readonly #generate: EventGenerator
  readonly #quietMs: number
  readonly #controller = new AbortController()
  #source: BodySource | undefined
  // The source has been asked for an event that has not come.
  #asked = false
  // What is to be given before anything else: the greeting, or an event that came just behind a heartbeat.
  #kept: Piece | undefined
  #failure: { readonly error: unknown } | undefined
  #waiting: Waiting | undefined
  #timer: NodeJS.Timeout | undefined
  #over = false
  #heard: (() => void) | undefined

  constructor(req: EventRequest, generate: EventGenerator, quietMs: number, greeting: string) {
    this.#req = req
    this.#generate = generate
    this.#quietMs = quietMs
    if (greeting !== '') this.#kept = { done: false, value: greeting }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Piece> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#begin()
      this.#ask()
      this.#give()
      this.#watch()
    })
  }

  async return(): Promise<Piece> {
    this.#leave()
    return DONE
  }

  #begin(): void {
    if (this.#source !== undefined || this.#over) return
    const { signal, headers } = this.#req
    if (signal.aborted) return this.#leave()
    signal.addEventListener('abort', this.#leave)
    const { serverClosing } = this.#req
    if (serverClosing?.reason !== undefined) this.#serverCloses()
    else if (serverClosing !== undefined) {
      // The closing is somebody else's call, in another async context.
      this.#heard = AsyncResource.bind(this.#serverCloses)
      serverClosing.add(this.#heard)
    }
    try {
      const context = { lastEventId: headers.get('last-event-id'), signal: this.#controller.signal }
      const given = this.#generate(context)
      this.#source = sourceOf(given)
      if (this.#source === undefined) throw wrongType('generate', 'a function that gives an async iterable', given)
    } catch (error) {
      this.#failed(error)
    }
  }

  #ask(): void {
    if (this.#asked || this.#over || this.#kept !== undefined) return
    this.#asked = true
    try {
      Promise.resolve((this.#source as BodySource).next()).then(this.#arrived, this.#failed)
    } catch (error) {
      this.#failed(error)
    }
  }

  // These are made once a stream, not once an event.
  readonly #arrived = ({ done, value }: IteratorResult<unknown>): void => {
    this.#asked = false
    if (this.#over) return
    if (done) this.#close()
    else {
      try {
        this.#kept = { done: false, value: eventText(value as string | ServerEvent) }
      } catch (error) {
        this.#source?.cancel(error)
        return this.#failed(error)
      }
    }
    this.#give()
  }

  readonly #failed = (error: unknown): void => {
    if (this.#over) return
    // A source that waits for something with the signal ends so when the server closes: in order.
    if (!isAbort(error, this.#controller.signal)) this.#failure = { error }
    this.#close()
    this.#give()
  }

  /** Nobody listens any more. */
  readonly #leave = (): void => {
    if (this.#over) return
    this.#close()
    this.#kept = undefined
    this.#controller.abort(this.#req.signal.reason)
    this.#source?.cancel(this.#req.signal.reason)
    this.#give()
  }

  /** The source may have something left to say, and ends by itself. */
  readonly #serverCloses = (): void => {
    if (!this.#over) this.#controller.abort(this.#req.serverClosing?.reason)
  }

  #close(): void {
    this.#over = true
    timers.clearTimeout(this.#timer)
    this.#req.signal.removeEventListener('abort', this.#leave)
    if (this.#heard !== undefined) this.#req.serverClosing?.remove(this.#heard)
  }

  /** Gives what there is, if somebody waits for it. */
  #give(): void {
    const waiting = this.#waiting
    if (waiting === undefined || (this.#kept === undefined && !this.#over)) return
    this.#waiting = undefined
    const { reject, resolve } = waiting
    const kept = this.#kept
    const failure = this.#failure
    this.#kept = undefined
    if (kept !== undefined) return resolve(kept)
    this.#failure = undefined
    if (failure !== undefined) reject(failure.error)
    else resolve(DONE)
  }

  /** Sees to it that nobody waits for too long. */
  #watch(): void {
    if (this.#waiting === undefined || this.#quietMs === 0) return
    if (this.#timer !== undefined) this.#timer.refresh()
    else this.#timer = timers.setTimeout(this.#beat, this.#quietMs).unref()
  }

  readonly #beat = (): void => {
    if (this.#waiting === undefined) return
    this.#kept = { done: false, value: HEARTBEAT }
    this.#give()
  }
}

/** Whether an error is what an aborted signal makes of that which waits with it. */
function isAbort(error: unknown, { aborted, reason }: AbortSignal): boolean {
  if (!aborted || typeof error !== 'object' || error === null) return false
  return (
    error === reason || (error as Partial<Error>).cause === reason || (error as Partial<Error>).name === 'AbortError'
  )
}
