// Handles the events of a batch: routes each request, runs its handler, and sends the result.
import { AsyncResource } from 'node:async_hooks'
import { type AbortListener, AbortListeners } from '../exchange/abort_listeners.js'
import { bodyChanged } from '../exchange/body_changed.js'
import type { ClientError } from '../exchange/client_error.js'
import { announcedAt, clientErrorAt, pieceAt, recipientAt, refusalAt } from '../exchange/event_fields.js'
import type { Block, Exchange } from '../exchange/exchange.js'
import { FileSlice } from '../exchange/file_slice.js'
import {
  BODY_END,
  BODY_FAILED,
  BODY_FLAGS,
  BODY_REFUSAL,
  BODY_SEQUENCE,
  BODY_TRAILERS_LENGTH,
  BODY_TRAILERS_OFFSET,
  BODY_WINDOW,
  CONTENT_TYPE_TEXT,
  DRAINED_SEQUENCE,
  EVENT_BODY,
  EVENT_BODY_CHANGED,
  EVENT_CLIENT_ERROR,
  EVENT_DRAINED,
  EVENT_GENERATION,
  EVENT_GONE,
  EVENT_KIND,
  EVENT_NOTICE,
  EVENT_SECURED,
  EVENT_SLOT,
  FLAG_BODY_FOLLOWS,
  FLAG_EXPECTS_CONTINUE,
  FLAG_NEWLY_KNOWN,
  FLAG_UPGRADE,
  GONE_HALF,
  NOTICE_CODE,
  REQUEST_BODY_LENGTH,
  REQUEST_BODY_OFFSET,
  REQUEST_FLAGS,
  REQUEST_HEAD_LENGTH,
  REQUEST_HEAD_OFFSET,
  REQUEST_KNOWN,
  REQUEST_KNOWN_FIELDS,
  REQUEST_SEQUENCE,
  REQUEST_TARGET,
  STATE_BATCH,
} from '../exchange/layout.js'
import type { RawBuffer } from '../exchange/raw_buffer.js'
import type { Recipient } from '../exchange/recipient.js'
import { SecuredConnections } from '../exchange/secured.js'
import { HttpError } from '../fields/http_error.js'
import { reasonPhrase } from '../fields/reason_phrase.js'
import type { HandlerResult } from '../reply/handler_result.js'
import { OwnAnswer, type SentInPieces } from '../reply/own_answer.js'
import { isResponse, Reply, toReply } from '../reply/reply.js'
import { WholeAnswer } from '../reply/whole_answer.js'
import type { Closing } from '../request/closing.js'
import type { ForwardingProxies } from '../request/forwarding.js'
import { IncomingBody, tooLarge } from '../request/incoming_body.js'
import { BrinkRequest, methodAt, type RequestSurroundings } from '../request/request.js'
import { hearsRequests, tracing } from '../request/request_events.js'
import type { FieldMemory } from '../request/request_headers.js'
import type { RequestIds } from '../request/request_ids.js'
import type { Serving } from '../request/serving.js'
import type { Dispatcher, Match } from '../routing/dispatcher.js'
import { Upgrade, upgradeRequest } from '../routing/upgrade.js'
import { callListener } from '../runtime/call_listener.js'
import { codeOf, isError } from '../runtime/errors.js'
import { isPromise } from '../runtime/promises.js'
import { sourceOf } from '../streams/body_source.js'
import { Batch } from './batch.js'
import { DeferredRequests } from './deferred_requests.js'
import type { Overload, ShedReason } from './overload.js'
import { Sending } from './sending.js'
import { Tunnel } from './tunnel.js'

/** The server, as far as answering needs it. */
export interface Surroundings {
  /** The origin of the server, for requests without a `Host` field. */
  readonly origin: () => string
  /** The body limit of routes without their own, in bytes. */
  readonly bodyLimit: number
  readonly ids: RequestIds
  /** The proxies that are trusted. */
  readonly proxies: ForwardingProxies | undefined
  readonly closing: Closing
  readonly server: Serving
  /** Decides which requests are answered with 503; undefined when the app has set no limit. */
  readonly overload: Overload | undefined
  readonly log: (error: unknown, request: BrinkRequest) => void
  /** Called for notices of the native side, with their code. */
  readonly onNotice: (code: number) => void
  readonly onClientError: (error: ClientError) => void
}

const SHED_TEXT = reasonPhrase(503)

/** The route of a request. */
interface Routed {
  readonly match: Match
  readonly method: string
  /** The fields that were already read from the same head or the same fields. */
  readonly fieldMemory: FieldMemory | undefined
  /** Whether it is answered under any load. */
  readonly isUnshed: boolean
}

export class Answering {
  readonly #exchange: Exchange
  readonly #state: Int32Array
  readonly #dispatcher: Dispatcher
  readonly #surroundings: Surroundings
  readonly #sending: Sending
  /** Whether the dispatcher looks at heads to find a route. */
  readonly #readsHeads: boolean
  /** Whether also routes that do not read the request have one. */
  readonly #needsRequests: boolean
  readonly #batch: Batch
  readonly #deferred: DeferredRequests
  // Objects that wait for events of their clients.
  readonly #watching = new AbortListeners()
  readonly #bodies = new AbortListeners<IncomingBody>()
  readonly #streams = new AbortListeners<SentInPieces>()
  readonly #tunnels = new AbortListeners<Tunnel>()
  readonly #secured = new SecuredConnections()
  readonly #requestSurroundings: RequestSurroundings
  // By the numbers that the native side gives to known heads.
  readonly #known: (Routed | undefined)[] = []
  // By the numbers that it gives to known fields.
  readonly #knownFields: (FieldMemory | undefined)[] = []
  readonly #overload: Overload | undefined
  /** Whether requests may be shed, or somebody listens to their events: looked at once a batch. */
  #isWatched = false
  #hasTraced = false

  constructor(exchange: Exchange, dispatcher: Dispatcher, surroundings: Surroundings) {
    this.#exchange = exchange
    this.#state = exchange.state
    this.#dispatcher = dispatcher
    this.#surroundings = surroundings
    const { origin, bodyLimit, ids, proxies, closing, server, overload } = surroundings
    const header = ids.rules?.respond ? ids.rules.header : undefined
    this.#needsRequests = header !== undefined
    this.#readsHeads = dispatcher.readsHeads === true
    this.#overload = overload
    this.#sending = new Sending(exchange, this.#streams, header === undefined ? undefined : idField(header))
    const report = (error: unknown, request: BrinkRequest) => this.#report(error, request)
    this.#requestSurroundings = {
      origin,
      bodyLimit,
      ids,
      proxies,
      closing,
      server,
      watching: this.#watching,
      secured: this.#secured,
      report,
      ...dispatcher.requestRules,
    }
    this.#batch = new Batch({
      answer: (block, at) => this.#answer(block, at),
      admit: (block, at, context) => this.#admit(block, at, context),
      hear: (block, at) => this.#hear(block, at),
    })
    this.#deferred = new DeferredRequests(exchange, {
      begunLater: () => this.#batch.begunLater,
      isVain: (request) => request.isGone || this.#sending.hasClosed(request.slot, request.generation),
    })
    overload?.countAlso(() => this.#deferred.size)
  }

  /** Handles the events of a block. Replies that are written before the microtasks have run are sent with the batch. */
  run(place: number, events: number): void {
    this.#overload?.look()
    this.#isWatched = this.#needsRequests || this.#overload !== undefined || hearsRequests()
    this.#state[STATE_BATCH] = this.#batch.begin(this.#exchange.requests(place), events, !this.#deferred.isEmpty)
  }

  /** Continues with the batch after the microtasks. */
  resume(): void {
    this.#state[STATE_BATCH] = this.#batch.resume()
  }

  /** The server has closed: every wait for a client fails. */
  end(): void {
    const all: readonly AbortListeners<AbortListener>[] = [
      this.#bodies,
      this.#streams,
      this.#tunnels,
      this.#watching,
    ] as AbortListeners[]
    for (const listeners of all) listeners.allGone()
    this.#exchange.largeBodies.allGone()
    this.#deferred.clear()
  }

  #hear({ words, bytes }: Block, at: number): void {
    const slot = words[at + EVENT_SLOT]
    const generation = words[at + EVENT_GENERATION]
    switch (words[at + EVENT_KIND]) {
      case EVENT_BODY: {
        const sequence = words[at + BODY_SEQUENCE]
        const body = this.#bodies.find(slot, generation, sequence)
        if (body !== undefined) return this.#addTo(body, words, bytes, at)
        const tunnel = this.#tunnels.find(slot, generation, sequence)
        tunnel?.arrived(pieceAt(words, bytes, at))
        if ((words[at + BODY_FLAGS] & BODY_END) !== 0) tunnel?.finished()
        return
      }
      case EVENT_GONE: {
        const half = words[at + GONE_HALF] !== 0
        if (!half) this.#bodies.gone(slot, generation, half)
        this.#exchange.largeBodies.gone(slot, generation, half)
        this.#streams.gone(slot, generation, half)
        this.#tunnels.gone(slot, generation, half)
        this.#watching.gone(slot, generation, half)
        this.#batch.gone(slot, generation, half)
        if (!half) this.#deferred.gone(slot, generation)
        return
      }
      case EVENT_BODY_CHANGED:
        for (const loser of this.#exchange.losers()) loser.bodyChanged(bodyChanged())
        return
      case EVENT_DRAINED:
        if (this.#exchange.largeBodies.drained({ slot, generation, sequence: words[at + DRAINED_SEQUENCE] })) return
        this.#streams.find(slot, generation, words[at + DRAINED_SEQUENCE])?.drained()
        this.#tunnels.find(slot, generation, words[at + DRAINED_SEQUENCE])?.drained()
        return
      case EVENT_CLIENT_ERROR:
        new AsyncResource('BRINK_CLIENT_ERROR').runInAsyncScope(
          this.#surroundings.onClientError,
          this.#surroundings,
          clientErrorAt(words, bytes, at),
        )
        return
      case EVENT_SECURED:
        return this.#secured.add(words, bytes, at)
      case EVENT_NOTICE:
        this.#surroundings.onNotice(words[at + NOTICE_CODE])
    }
  }

  #addTo(body: IncomingBody, words: Int32Array, bytes: RawBuffer, at: number): void {
    const flags = words[at + BODY_FLAGS]
    body.push(pieceAt(words, bytes, at))
    if ((flags & BODY_FAILED) !== 0) {
      const { code, status } = refusalAt(words[at + BODY_REFUSAL])
      if (code === '') body.clientGone()
      else body.fail(new HttpError(status, undefined, { code }))
    } else if ((flags & BODY_END) !== 0) {
      const trailers = words[at + BODY_TRAILERS_OFFSET]
      body.end(bytes.latin1Slice(trailers, trailers + words[at + BODY_TRAILERS_LENGTH]))
    }
  }

  /** Answers a request that has arrived completely. */
  #answer(block: Block, at: number): void {
    const { words } = block
    const routed = this.#routed(block, at)
    const { match, method } = routed
    if (this.#sending.hasClosed(words[at + EVENT_SLOT], words[at + EVENT_GENERATION])) return
    const reason = this.#isWatched ? this.#reasonToShed(routed) : undefined
    if (reason !== undefined) return this.#shed(recipientAt(words, at), routed, reason)
    const { bodyLimit = this.#surroundings.bodyLimit, deadlines } = match.route
    if (deadlines !== undefined) this.#exchange.deadlines(recipientAt(words, at), deadlines)
    if (words[at + REQUEST_BODY_LENGTH] > bodyLimit) {
      return this.#refuse(this.#request(block, at, routed), routed, tooLarge())
    }
    if (match.route.needsRequest || this.#isWatched) return this.#runWith(this.#request(block, at, routed), routed)
    let value: HandlerResult | Promise<HandlerResult>
    try {
      value = match.route.run(undefined as never)
      const isSent = this.#sending.simple(
        words[at + EVENT_SLOT],
        words[at + EVENT_GENERATION],
        words[at + REQUEST_SEQUENCE],
        match.route.number,
        value as HandlerResult,
      )
      if (isSent) return
    } catch (error) {
      return this.#fail(this.#request(block, at, routed), method, error)
    }
    this.#settle(this.#request(block, at, routed), method, value)
  }

  /** Admits a request whose body is incomplete, or that has to wait for its turn. */
  #admit(block: Block, at: number, context: AsyncResource): void {
    const { words } = block
    const routed = this.#routed(block, at)
    if (this.#sending.hasClosed(words[at + EVENT_SLOT], words[at + EVENT_GENERATION])) return
    const reason = this.#isWatched ? this.#reasonToShed(routed) : undefined
    if (reason !== undefined) return this.#shed(recipientAt(words, at), routed, reason)
    const { bodyLimit = this.#surroundings.bodyLimit, deadlines } = routed.match.route
    if (deadlines !== undefined) this.#exchange.deadlines(recipientAt(words, at), deadlines)
    const follows = (words[at + REQUEST_FLAGS] & FLAG_BODY_FOLLOWS) !== 0
    const isTooLarge = (follows ? announcedAt(words, at) : words[at + REQUEST_BODY_LENGTH]) > bodyLimit
    if (follows && !isTooLarge) return this.#admitAhead(block, at, context, routed, bodyLimit)
    const request = this.#request(block, at, routed)
    this.#inTurn(request, context, routed, () => {
      if (isTooLarge) this.#refuse(request, routed, tooLarge())
      else this.#runWith(request, routed)
    })
  }

  /**
   * Admits a request with an incomplete body. The handler starts when a small body is complete, so that it does not run
   * for invalid requests. It starts at once when the body is large, when the route streams the body, or when the client
   * expects `100 Continue`.
   */
  #admitAhead(block: Block, at: number, context: AsyncResource, routed: Routed, limit: number): void {
    const { words, bytes } = block
    const to = recipientAt(words, at)
    const read = (wanted: number) => this.#exchange.read(to, wanted)
    const body = new IncomingBody({ ...to, limit, read, bodies: this.#bodies })
    const start = words[at + REQUEST_BODY_OFFSET]
    body.push(Buffer.from(bytes.subarray(start, start + words[at + REQUEST_BODY_LENGTH])))
    const request = this.#request(block, at, routed, body)
    const isAsked = (words[at + REQUEST_FLAGS] & FLAG_EXPECTS_CONTINUE) !== 0
    if (routed.match.route.streams || isAsked || announcedAt(words, at) > BODY_WINDOW) {
      return this.#inTurn(request, context, routed, () => this.#runWith(request, routed))
    }
    this.#batch.wait(request)
    const begin = () => {
      // The native side has already answered failures that the client has caused.
      if (body.failure === undefined) this.#runWith(request, routed)
      else this.#refuse(request, routed, body.failure.error)
    }
    body.whenReady(() => {
      // Others may have come while it has waited for its body.
      const reason = body.failure === undefined ? this.#reasonToShed(routed) : undefined
      if (reason === undefined) return this.#inTurn(request, context, routed, begin)
      this.#shed(request, routed, reason)
      request.end()
    })
  }

  /** Starts at once, unless requests are deferred, or the batch has taken too long. */
  #inTurn(request: BrinkRequest, context: AsyncResource, routed: Routed, start: () => void): void {
    if (!this.#batch.isLate && this.#deferred.isEmpty) return context.runInAsyncScope(start)
    request.detach()
    const overload = this.#overload
    if (overload === undefined) return this.#deferred.add({ request, context, start })
    const startOrShed = () => {
      // It has its place, but the event loop may be late by now.
      overload.look()
      const reason = routed.isUnshed ? undefined : overload.reasonOfProcess
      if (reason === undefined) return start()
      this.#shed(request, routed, reason)
      request.end()
    }
    this.#deferred.add({ request, context, start: startOrShed })
  }

  /** Why a request is answered with 503; undefined when it is not. */
  #reasonToShed({ isUnshed }: Routed): ShedReason | undefined {
    return isUnshed ? undefined : this.#overload?.reason()
  }

  /** Answers with 503, without a handler. */
  #shed({ slot, generation, sequence }: Recipient, { match }: Routed, reason: ShedReason): void {
    const overload = this.#overload as Overload
    overload.count(reason)
    const to = { slot, generation, sequence, routeNumber: match.route.number }
    this.#exchange.answer(to, 503, CONTENT_TYPE_TEXT, overload.fields, SHED_TEXT)
  }

  /** Routes a request. For a known head, the stored route is used. */
  #routed(block: Block, at: number): Routed {
    const { words } = block
    const number = words[at + REQUEST_KNOWN]
    if (number === 0) return this.#route(block, at, this.#fieldMemory(words, at))
    const known = (words[at + REQUEST_FLAGS] & FLAG_NEWLY_KNOWN) === 0 ? this.#known[number] : undefined
    if (known !== undefined) return known
    const routed = this.#route(block, at, new Map())
    this.#known[number] = routed
    return routed
  }

  #fieldMemory(words: Int32Array, at: number): FieldMemory | undefined {
    const number = words[at + REQUEST_KNOWN_FIELDS]
    if (number === 0) return undefined
    if ((words[at + REQUEST_FLAGS] & FLAG_NEWLY_KNOWN) !== 0) this.#knownFields[number] = undefined
    this.#knownFields[number] ??= new Map()
    return this.#knownFields[number]
  }

  #route({ words, bytes }: Block, at: number, fieldMemory: FieldMemory | undefined): Routed {
    const head = words[at + REQUEST_HEAD_OFFSET]
    const span = words[at + REQUEST_TARGET]
    const target = bytes.latin1Slice(head + (span & 0xffff), head + (span & 0xffff) + (span >>> 16))
    const method = methodAt(words, at, bytes, head)
    const isOffered = (words[at + REQUEST_FLAGS] & FLAG_UPGRADE) !== 0
    const text = this.#readsHeads ? bytes.latin1Slice(head, head + words[at + REQUEST_HEAD_LENGTH]) : undefined
    const upgrade = isOffered ? this.#dispatcher.findUpgrade(method, target, text) : undefined
    const match = upgrade ?? this.#dispatcher.find(method, target, text)
    return { method, match, fieldMemory, isUnshed: this.#overload?.spares(method, target, match.route) ?? true }
  }

  #request({ words, bytes }: Block, at: number, routed: Routed, body?: IncomingBody): BrinkRequest {
    return new BrinkRequest(words, bytes, at, routed.match, routed.fieldMemory, body, this.#requestSurroundings)
  }

  /** Answers with an error in place of the handler. The middleware of the route runs. */
  #refuse(request: BrinkRequest, routed: Routed, error: unknown): void {
    this.#runWith(request, routed, routed.match.route.refused(error))
  }

  #runWith(request: BrinkRequest, routed: Routed, run = routed.match.route.run): void {
    if (!this.#isWatched || !hearsRequests()) return this.#run(request, routed, run)
    this.#hasTraced = true
    tracing(request, this.#surroundings.server, routed.match.route.pattern, () => this.#run(request, routed, run))
  }

  #run(request: BrinkRequest, { match, method }: Routed, run: Match['route']['run']): void {
    let value: HandlerResult | Promise<HandlerResult>
    try {
      value = run(request)
      const { slot, generation, sequence } = request
      const mayBeSimple = !this.#needsRequests
      if (mayBeSimple && this.#sending.simple(slot, generation, sequence, match.route.number, value as HandlerResult)) {
        return this.#end(request, value === undefined || value === null ? 204 : 200)
      }
    } catch (error) {
      return this.#fail(request, method, error)
    }
    this.#settle(request, method, value)
  }

  /** The answer is handed over. */
  #end(request: BrinkRequest, status: number): void {
    if (this.#hasTraced) this.#tell(request, status)
    request.end()
  }

  #tell({ traced }: BrinkRequest, status: number): void {
    if (traced !== undefined) traced.status = status
  }

  /** Answers with a value or a promise. A thenable may throw on any access. */
  #settle(request: BrinkRequest, method: string, value: HandlerResult | Promise<HandlerResult>): void {
    try {
      if (isPromise(value)) this.#later(request, method, value)
      else this.#write(request, method, value)
    } catch (error) {
      this.#fail(request, method, error)
    }
  }

  #later(request: BrinkRequest, method: string, value: PromiseLike<HandlerResult>): void {
    this.#batch.wait(request)
    // The `then` of others, and of subclasses, may call back twice, or throw after it has called back.
    const isOwn = value instanceof Promise && value.then === Promise.prototype.then
    const promise = isOwn ? value : new Promise<HandlerResult>((resolve) => resolve(value))
    const overload = this.#overload
    if (overload !== undefined) overload.inFlight += 1
    promise.then(
      (settled) => {
        if (overload !== undefined) overload.inFlight -= 1
        this.#finish(request, method, settled)
      },
      (error) => {
        if (overload !== undefined) overload.inFlight -= 1
        this.#fail(request, method, error)
      },
    )
  }

  #finish(request: BrinkRequest, method: string, value: HandlerResult): void {
    try {
      this.#write(request, method, value)
    } catch (error) {
      this.#fail(request, method, error)
    }
  }

  /** Sends the response to an error. If that cannot be sent either, sends a plain 500. */
  #fail(request: BrinkRequest, method: string, error: unknown): void {
    const report = (unhandled: unknown) => this.#report(unhandled, request)
    const giveUp = (unsendable: unknown) => {
      report(unsendable)
      this.#writeReply(request, method, new Reply(500, reasonPhrase(500)))
    }
    const give = (answer: Reply) => {
      try {
        this.#writeReply(request, method, answer, giveUp)
      } catch (unsendable) {
        giveUp(unsendable)
      }
    }
    const answer = this.#dispatcher.failed(error, request)
    if (!(answer instanceof Promise)) return give(answer)
    this.#batch.wait(request)
    // The dispatcher's promise is never rejected.
    void answer.then(give)
  }

  /** Calls `log`. If it throws, the response is still sent, the process continues, and both errors are printed. */
  #report(error: unknown, request: BrinkRequest): void {
    // A stream that ends by the signal is broken by its client, as a handler is that fails with the signal's reason.
    if (request.hasLeft && codeOf(error) === 'ERR_CLIENT_GONE') return
    const failed = (complaint: unknown) => console.error(complaint, error)
    if (this.#hasTraced) request.traced?.failed(error)
    callListener(() => this.#surroundings.log(error, request), failed)
  }

  #write(request: BrinkRequest, method: string, value: HandlerResult): void {
    if (value instanceof Reply) return this.#writeReply(request, method, value.forRequest(request))
    if (value instanceof WholeAnswer) {
      if (!request.isGone) this.#sending.whole(request, method, value)
      return this.#end(request, value.status)
    }
    if (value instanceof OwnAnswer) return this.#writeOwn(request, method, value)
    if (isError(value)) throw value
    // Nothing is sent to a disconnected client. No event would report that a large body is not needed any more.
    const isSent = !request.isGone && !isResponse(value) && this.#sending.value(request, value)
    if (isSent) return this.#end(request, value === undefined || value === null ? 204 : 200)
    const answer = toReply(value)
    if (answer instanceof Reply) this.#writeReply(request, method, answer)
    else this.#later(request, method, answer)
  }

  #writeOwn(request: BrinkRequest, method: string, answer: OwnAnswer): void {
    if (request.isGone) return request.end()
    const overload = this.#overload
    if (overload !== undefined) overload.inFlight += 1
    const left = () => {
      if (overload !== undefined) overload.inFlight -= 1
    }
    this.#batch.wait(request)
    answer.write({
      request,
      method,
      exchange: this.#exchange,
      streams: this.#streams,
      answer: (run) => {
        left()
        this.#answerWith(request, method, run)
      },
      isLast: () => this.#sending.closes(request),
      began: (status) => this.#tell(request, status),
      done: () => {
        left()
        request.end()
      },
    })
  }

  #answerWith(request: BrinkRequest, method: string, run: () => HandlerResult | Promise<HandlerResult>): void {
    try {
      this.#settle(request, method, run())
    } catch (error) {
      this.#fail(request, method, error)
    }
  }

  /** `failed`: called when the body fails before anything was sent. Default: the handling of all errors. */
  #writeReply(request: BrinkRequest, method: string, answer: Reply, failed?: (error: unknown) => void): void {
    if (request.isGone) {
      if (answer.body instanceof FileSlice) answer.body.release()
      sourceOf(answer.body)?.cancel(request.signal.reason)
      return request.end()
    }
    const { context } = answer
    if (context?.request === request) {
      return context.runInAsyncScope(this.#send, this, request, method, answer, failed)
    }
    this.#send(request, method, answer, failed)
  }

  #send(request: BrinkRequest, method: string, answer: Reply, failed?: (error: unknown) => void): void {
    if (this.#hasTraced) this.#tell(request, answer.status)
    if (answer instanceof Upgrade) return this.#handOver(request, answer)
    const isSent = this.#sending.reply(request, method, answer, () => ({
      done: () => request.end(),
      failed: failed ?? ((error) => this.#fail(request, method, error)),
      left: () => request.traced?.left(),
      lender: () => request.lender(),
      report: (error) => this.#report(error, request),
    }))
    if (isSent) request.end()
    // The stream may still read the request.
    else this.#batch.wait(request)
  }

  /** Hands the connection over to the app's `accept`. */
  #handOver(request: BrinkRequest, answer: Upgrade): void {
    const { slot, generation, sequence, ip, port } = request
    const report = (error: unknown) => this.#report(error, request)
    const { socket } = new Tunnel(
      { slot, generation, sequence },
      {
        exchange: this.#exchange,
        tunnels: this.#tunnels,
        remoteAddress: ip,
        remotePort: port,
        lender: request.lender(),
        report,
      },
    )
    const message = upgradeRequest(request, socket)
    this.#exchange.takeOver(request)
    const failed = (error: unknown) => {
      socket.destroy()
      report(error)
    }
    try {
      const accepted: unknown = answer.accept(message, socket, Buffer.alloc(0))
      if (isPromise(accepted)) {
        this.#batch.wait(request)
        void accepted.then(undefined, failed).then(() => request.end())
        return
      }
    } catch (error) {
      failed(error)
    }
    request.end()
  }
}

/** The id of a request as a field of its response, unless the app has given it. */
function idField(name: string): (to: Recipient, fields: string) => string {
  const given = new RegExp(`^${name.replace(/[^\w-]/g, '\\$&')}:`, 'im')
  return (to, fields) => (given.test(fields) ? '' : `${name}: ${(to as BrinkRequest).id}\r\n`)
}
