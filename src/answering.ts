// From a batch of requests to its replies: routes each one, runs its handler, and writes what it gives.
import { addressText } from './address.js'
import { contentTypeOf, encodeBody } from './body.js'
import type { Dispatcher, Match } from './dispatcher.js'
import { coded, HttpError } from './errors.js'
import type { Block, Exchange } from './exchange.js'
import type { HandlerResult } from './handler.js'
import {
  CLIENT_ERROR_ADDRESS,
  CLIENT_ERROR_FLAGS,
  CLIENT_ERROR_PORT,
  CLIENT_ERROR_REFUSAL,
  CLIENT_ERROR_UNTOLD,
  CONTENT_TYPE_BYTES,
  CONTENT_TYPE_HTML,
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_TEXT,
  EVENT_CLIENT_ERROR,
  EVENT_GENERATION,
  EVENT_KIND,
  EVENT_REQUEST,
  EVENT_SLOT,
  EVENT_WORDS,
  FLAG_IPV4,
  FLAG_REPLY_CLOSE,
  FLAG_REPLY_DATED,
  FLAG_REPLY_LENGTH_ONLY,
  NOTICE_CODE,
  REQUEST_BODY_LENGTH,
  REQUEST_HEAD_OFFSET,
  REQUEST_SEQUENCE,
  REQUEST_TARGET,
  STATE_IN_BATCH,
  STATE_UNANSWERED,
} from './layout.js'
import { native } from './native.js'
import type { ClientError } from './options.js'
import { reasonPhrase } from './reason_phrase.js'
import { isPromise, isResponse, Reply, toReply } from './reply.js'
import { BrinkRequest, methodAt, type Recipient } from './request.js'

const KNOWN_CONTENT_TYPES = new Map([
  ['text/plain; charset=utf-8', CONTENT_TYPE_TEXT],
  ['application/json', CONTENT_TYPE_JSON],
  ['application/octet-stream', CONTENT_TYPE_BYTES],
  ['text/html; charset=utf-8', CONTENT_TYPE_HTML],
])

/** What answering needs of the server that it is for. */
export interface Surroundings {
  /** Where the server is found, for requests that do not say it. */
  readonly origin: () => string
  /** The largest body of routes that have no limit of their own. */
  readonly bodyLimit: number
  readonly log: (error: unknown, request: BrinkRequest) => void
  /** Sends the replies that are written. */
  readonly flush: () => void
  /** Told of the native side's notices, by code. */
  readonly onNotice: (code: number) => void
  readonly onClientError: (error: ClientError) => void
}

export class Answering {
  readonly #exchange: Exchange
  readonly #dispatcher: Dispatcher
  readonly #origin: () => string
  readonly #bodyLimit: number
  readonly #log: (error: unknown, request: BrinkRequest) => void
  readonly #flush: () => void
  readonly #onNotice: (code: number) => void
  readonly #onClientError: (error: ClientError) => void
  readonly #state: Int32Array
  // Requests of this batch whose handlers gave promises.
  readonly #open: BrinkRequest[] = []
  // Connections that an answer of this batch ends: slots, with their generations. A batch may hold requests of two
  // connections that had the same slot one after the other.
  readonly #closed = new Map<number, number>()
  #flushIsDue = false

  constructor(
    exchange: Exchange,
    dispatcher: Dispatcher,
    { origin, bodyLimit, log, flush, onNotice, onClientError }: Surroundings,
  ) {
    this.#exchange = exchange
    this.#state = exchange.state
    this.#dispatcher = dispatcher
    this.#origin = origin
    this.#log = log
    this.#bodyLimit = bodyLimit
    this.#flush = flush
    this.#onNotice = onNotice
    this.#onClientError = onClientError
  }

  /** Answers the events of a block. What is written before the microtasks have run leaves with the batch. */
  run(place: number, events: number, largeBodies: Buffer[] | undefined): void {
    const block = this.#exchange.requests(place)
    const { words } = block
    this.#open.length = 0
    this.#closed.clear()
    this.#state[STATE_UNANSWERED] = 0
    for (let at = 0, left = events; left > 0; left -= 1) {
      if (words[at + EVENT_KIND] === EVENT_REQUEST) this.#answer(block, at, largeBodies)
      else if (words[at + EVENT_KIND] === EVENT_CLIENT_ERROR) this.#onClientError(clientErrorAt(words, at))
      else this.#onNotice(words[at + NOTICE_CODE])
      at += words[at + EVENT_WORDS]
    }
  }

  /** Copies what is left unanswered. What promises have resolved at once is answered by now, and costs no copy. */
  endBatch(): void {
    for (const request of this.#open) {
      request.detach()
      // From here on it is no batch's: when it is answered, while another batch is, that one's count is not its.
      request.waits = false
    }
    this.#open.length = 0
  }

  #answer(block: Block, at: number, largeBodies: Buffer[] | undefined): void {
    const { words, bytes } = block
    // RFC 9112 §9.6: what came behind a request whose answer says `close` is not processed.
    if (this.#closed.size > 0 && this.#closed.get(words[at + EVENT_SLOT]) === words[at + EVENT_GENERATION]) return
    const head = words[at + REQUEST_HEAD_OFFSET]
    const span = words[at + REQUEST_TARGET]
    const target = bytes.latin1Slice(head + (span & 0xffff), head + (span & 0xffff) + (span >>> 16))
    const method = methodAt(words, at, bytes, head)
    const match = this.#dispatcher.find(method, target)
    const { bodyLimit = this.#bodyLimit } = match.route
    if (words[at + REQUEST_BODY_LENGTH] > bodyLimit) {
      return this.#fail(this.#request(block, at, largeBodies, match), method, new HttpError(413))
    }
    if (match.route.needsRequest) return this.#runWith(this.#request(block, at, largeBodies, match), match, method)
    let value: HandlerResult | Promise<HandlerResult>
    try {
      value = match.route.run(undefined as never)
      if (!isPromise(value) && !isResponse(value)) {
        const slot = words[at + EVENT_SLOT]
        const generation = words[at + EVENT_GENERATION]
        return this.#write({ slot, generation, sequence: words[at + REQUEST_SEQUENCE] }, method, value)
      }
    } catch (error) {
      return this.#fail(this.#request(block, at, largeBodies, match), method, error)
    }
    const request = this.#request(block, at, largeBodies, match)
    if (isPromise(value)) this.#later(request, method, value)
    else this.#finish(request, method, value)
  }

  #request({ words, bytes }: Block, at: number, largeBodies: Buffer[] | undefined, match: Match): BrinkRequest {
    return new BrinkRequest(words, bytes, at, largeBodies, match, this.#origin())
  }

  #runWith(request: BrinkRequest, match: Match, method: string): void {
    try {
      const value = match.route.run(request)
      if (isPromise(value)) return this.#later(request, method, value)
      this.#write(request, method, value)
      this.#end(request)
    } catch (error) {
      this.#fail(request, method, error)
    }
  }

  #later(request: BrinkRequest, method: string, value: PromiseLike<HandlerResult>): void {
    this.#wait(request)
    value.then(
      (settled) => this.#finish(request, method, settled),
      (error) => this.#fail(request, method, error),
    )
  }

  #finish(request: BrinkRequest, method: string, value: HandlerResult): void {
    try {
      this.#write(request, method, value)
      this.#end(request)
    } catch (error) {
      this.#fail(request, method, error)
    }
  }

  /** Answers for an error, and if that cannot be sent either, with a plain 500. */
  #fail(request: BrinkRequest, method: string, error: unknown): void {
    const report = (unhandled: unknown) => this.#report(unhandled, request)
    const give = (answer: Reply) => {
      try {
        this.#writeReply(request, method, answer)
      } catch (unsendable) {
        report(unsendable)
        this.#writeReply(request, method, new Reply(500, reasonPhrase(500)))
      }
      this.#end(request)
    }
    const answer = this.#dispatcher.failed(error, request, report)
    if (!(answer instanceof Promise)) return give(answer)
    this.#wait(request)
    // The dispatcher's promise is never rejected.
    void answer.then(give)
  }

  #wait(request: BrinkRequest): void {
    if (this.#state[STATE_IN_BATCH] === 0 || request.waits) return
    request.waits = true
    this.#open.push(request)
    this.#state[STATE_UNANSWERED] += 1
  }

  #end(request: BrinkRequest): void {
    request.end()
    if (request.waits && this.#state[STATE_IN_BATCH] !== 0) this.#state[STATE_UNANSWERED] -= 1
  }

  /** A log that throws must cost neither the answer nor the process; nor may what it says be lost. */
  #report(error: unknown, request: BrinkRequest): void {
    try {
      this.#log(error, request)
    } catch (complaint) {
      console.error(complaint, error)
    }
  }

  #write(to: Recipient, method: string, value: HandlerResult): void {
    if (typeof value === 'string') return this.#put(to, 200, CONTENT_TYPE_TEXT, '', value)
    if (value === undefined || value === null) return this.#put(to, 204, 0, '', undefined)
    if (value instanceof Reply) return this.#writeReply(to, method, value)
    if (isResponse(value)) {
      const answer = toReply(value)
      if (answer instanceof Reply) return this.#writeReply(to, method, answer)
      return this.#later(to as BrinkRequest, method, answer)
    }
    const body = encodeBody(value)
    this.#put(to, 200, typeof body === 'string' ? CONTENT_TYPE_JSON : CONTENT_TYPE_BYTES, '', body)
  }

  #writeReply(to: Recipient, method: string, answer: Reply): void {
    const body = encodeBody(answer.body)
    let contentType = answer.untyped ? undefined : contentTypeOf(answer.body)
    let flags = 0
    let fields = ''
    let length: number | undefined
    const given = answer.headers.flat()
    for (let place = 0; place < given.length; place += 2) {
      const name = given[place] as string
      const value = given[place + 1] as string
      if (name === 'content-type') contentType = value
      else if (name === 'content-length') length = Number(value)
      else if (name === 'connection') flags |= FLAG_REPLY_CLOSE
      else {
        if (name === 'date') flags |= FLAG_REPLY_DATED
        fields += `${name}: ${value}\r\n`
      }
    }
    if (contentType !== undefined) {
      const known = KNOWN_CONTENT_TYPES.get(contentType)
      if (known !== undefined) flags |= known
      else fields += `content-type: ${contentType}\r\n`
    }
    if (length !== undefined) {
      // A HEAD or a 304 may say the length of what it does not send (RFC 9110 §8.6).
      if (body === undefined && (method === 'HEAD' || answer.status === 304)) {
        return this.#putLength(to, answer.status, flags | FLAG_REPLY_LENGTH_ONLY, fields, length)
      }
      checkLength(length, body)
    }
    this.#put(to, answer.status, flags, fields, body)
  }

  #put(to: Recipient, status: number, flags: number, fields: string, body: string | Uint8Array | undefined): void {
    this.#exchange.answer(to, status, flags, fields, body)
    if ((flags & FLAG_REPLY_CLOSE) !== 0) this.#closed.set(to.slot, to.generation)
    if (this.#state[STATE_IN_BATCH] === 0) this.#flushSoon()
  }

  #putLength(to: Recipient, status: number, flags: number, fields: string, length: number): void {
    this.#exchange.answerLengthOnly(to, status, flags, fields, length)
    if (this.#state[STATE_IN_BATCH] === 0) this.#flushSoon()
  }

  /** Late replies are gathered, and cross together once a turn of the event loop. */
  #flushSoon(): void {
    if (this.#flushIsDue) return
    this.#flushIsDue = true
    setImmediate(() => {
      this.#flushIsDue = false
      this.#flush()
    })
  }
}

function clientErrorAt(words: Int32Array, at: number): ClientError {
  const { code, status } = native.refusals[words[at + CLIENT_ERROR_REFUSAL]] as { code: string; status: number }
  const isIpv4 = (words[at + CLIENT_ERROR_FLAGS] & FLAG_IPV4) !== 0
  const ip = addressText(words, at + CLIENT_ERROR_ADDRESS, isIpv4)
  return { code, status, ip, port: words[at + CLIENT_ERROR_PORT], untold: words[at + CLIENT_ERROR_UNTOLD] }
}

function checkLength(length: number, body: string | Uint8Array | undefined): void {
  const actual = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
  if (length === actual) return
  throw coded(
    new Error(`The content-length of the reply says ${length} bytes, but its body has ${actual}.`),
    'ERR_CONTENT_LENGTH_MISMATCH',
  )
}
