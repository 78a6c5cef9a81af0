// What the access log says of a request.
import { addressBytes, addressText } from '../exchange/address.js'
import { refusalAt } from '../exchange/event_fields.js'
import {
  ENDED_ABORTED,
  ENDED_ANSWERED,
  ENDED_CUT,
  ENDED_GONE,
  ENDED_REFUSED,
  ENDED_TIMEOUT,
  ENDED_TUNNEL,
  ENDED_UNANSWERED,
  FLAG_ANNOUNCED,
  FLAG_CLIENT_UNKNOWN,
  FLAG_IPV4,
  FLAG_LOGGED_TRACED,
  FLAG_PEER_IPV4,
  LOGGED_ADDRESS,
  LOGGED_BEGAN_HIGH,
  LOGGED_BEGAN_LOW,
  LOGGED_DURATION_HIGH,
  LOGGED_DURATION_LOW,
  LOGGED_ENDED,
  LOGGED_FIELDS,
  LOGGED_FLAGS,
  LOGGED_GENERATION,
  LOGGED_IN_HIGH,
  LOGGED_IN_LOW,
  LOGGED_METHOD,
  LOGGED_METHOD_NAME,
  LOGGED_OUT_HIGH,
  LOGGED_OUT_LOW,
  LOGGED_PEER_ADDRESS,
  LOGGED_PORT,
  LOGGED_REFERER,
  LOGGED_REFUSAL,
  LOGGED_SEQUENCE,
  LOGGED_SIZE,
  LOGGED_SLOT,
  LOGGED_STATUS,
  LOGGED_TARGET,
  LOGGED_TRACEPARENT,
  LOGGED_USER_AGENT,
  LOGGED_VERSION,
  LOGGED_WAIT_HIGH,
  LOGGED_WAIT_LOW,
  LOGGED_WORDS,
} from '../exchange/layout.js'
import { native } from '../exchange/native.js'
import { type RawBuffer, raw } from '../exchange/raw_buffer.js'
import type { ForwardingProxies } from '../request/forwarding.js'
import { METHOD_UNKNOWN } from '../request/request.js'
import type { RequestIds } from '../request/request_ids.js'

/**
 * What ended a request: its response was taken to the last byte (`answered`), or its connection, which was handed over,
 * has ended (`tunnel`); or before that the client has left (`gone`), a deadline has passed (`timeout`), the server has
 * refused the request (`refused`), the app has broken off its response (`aborted`), the server was closed (`cut`), or an
 * earlier response has closed the connection (`unanswered`).
 */
export type RequestEnd = 'answered' | 'gone' | 'timeout' | 'refused' | 'aborted' | 'cut' | 'tunnel' | 'unanswered'

/**
 * A request that has ended, for the access log. Texts are as the client has sent them, in Latin-1: they may contain quotes
 * and, in `target` of a refused request, any byte but a line feed.
 */
export interface AccessRecord {
  /** When its first byte arrived, in milliseconds since 1970. */
  readonly time: number
  /** The client, as `req.ip` says. */
  readonly ip: string
  /** The other end of the connection, as `req.peer` says. */
  readonly peer: string
  /** The method; empty when the request line was not understood. */
  readonly method: string
  /** The request target, at most 2048 bytes of it; or what was sent as the request line, if `method` is empty. */
  readonly target: string
  /** `1.1` or `1.0`; empty when the request line was not understood. */
  readonly version: string
  /** The status of the response; 0 when none was begun. */
  readonly status: number
  /** Bytes received: the head and the body, without the framing of chunks. */
  readonly bytesIn: number
  /** Bytes sent: the head and the body as they were sent. */
  readonly bytesOut: number
  /** Milliseconds from the request's first byte to its end, to the microsecond. */
  readonly duration: number
  /** Milliseconds from the request's last byte to its end; undefined when that has not arrived. */
  readonly wait: number | undefined
  readonly end: RequestEnd
  /** Why the client was refused or given up, such as `HEADERS_TIMEOUT`: see SECURITY.md. Empty for others. */
  readonly code: string
  /** The field `Referer`, at most 512 bytes; empty without one. The same of the following fields. */
  readonly referer: string
  readonly userAgent: string
  /** The id of the request, as `req.id` says. */
  readonly id: string
  /** The pattern of its route, such as `/users/:id`; empty when no route has answered. */
  readonly route: string
  /** The field `traceparent` (W3C Trace Context), as it was sent. */
  readonly traceparent: string
  /** The trace id in it; empty when the field is not valid. */
  readonly traceId: string
}

/** By their numbers. */
export const ENDS: RequestEnd[] = []
ENDS[ENDED_ANSWERED] = 'answered'
ENDS[ENDED_GONE] = 'gone'
ENDS[ENDED_TIMEOUT] = 'timeout'
ENDS[ENDED_REFUSED] = 'refused'
ENDS[ENDED_ABORTED] = 'aborted'
ENDS[ENDED_CUT] = 'cut'
ENDS[ENDED_TUNNEL] = 'tunnel'
ENDS[ENDED_UNANSWERED] = 'unanswered'

/** As the layout has them. Others say who the client is, or what the id of the request. */
export const ALWAYS = ['referer', 'user-agent', 'traceparent'] as const
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'] as const

/** In a valid `traceparent` (W3C Trace Context §3.2). */
const TRACE_ID_AT = 3
const TRACE_ID_END = 35

/** What is needed to read records of a server. */
export interface RecordSurroundings {
  readonly proxies: ForwardingProxies | undefined
  /** The patterns of the routes, by their numbers. */
  readonly patterns: readonly string[]
}

/** Which fields the native side logs, in the order of the setting `logs`. */
export function loggedFields(idHeader: string | undefined, readsForwarded: boolean): string[] {
  return [...ALWAYS, ...(idHeader === undefined ? [] : [idHeader]), ...(readsForwarded ? FORWARDED : [])]
}

/** A record at a place of the words that `takeLogged` has filled. It moves on from record to record. */
export class RecordReader implements AccessRecord {
  readonly #words: Int32Array
  readonly #bytes: RawBuffer
  readonly #surroundings: RecordSurroundings
  readonly #fields: readonly string[]
  #ids: RequestIds
  #at = 0
  #text = ''
  /** What the native side's clock is behind the time since 1970, in milliseconds. */
  #clock = 0
  readonly #addresses = new Addresses()

  constructor(words: Int32Array, surroundings: RecordSurroundings, fields: readonly string[], ids: RequestIds) {
    this.#words = words
    this.#bytes = raw(Buffer.from(words.buffer, words.byteOffset, words.byteLength))
    this.#surroundings = surroundings
    this.#fields = fields
    this.#ids = ids
  }

  /** Of the loop that the next records are from. */
  set ids(ids: RequestIds) {
    this.#ids = ids
  }

  set clock(ms: number) {
    this.#clock = ms
  }

  /** Moves to the record at this place. Returns the place of the next one. */
  moveTo(at: number): number {
    const size = this.#words[at + LOGGED_SIZE]
    const start = 4 * (at + LOGGED_WORDS)
    this.#at = at
    this.#text = this.#bytes.latin1Slice(start, 4 * (at + size))
    return at + size
  }

  get time(): number {
    return this.#clock + this.#whole(LOGGED_BEGAN_LOW, LOGGED_BEGAN_HIGH) / 1000
  }

  get ip(): string {
    const { proxies } = this.#surroundings
    const words = this.#words
    const flags = words[this.#at + LOGGED_FLAGS]
    if (proxies === undefined || (flags & FLAG_CLIENT_UNKNOWN) !== 0) {
      return this.#addresses.textOf(words, this.#at + LOGGED_ADDRESS, (flags & FLAG_IPV4) !== 0)
    }
    const peer = { address: addressBytes(words, this.#at + LOGGED_ADDRESS), port: words[this.#at + LOGGED_PORT] }
    return proxies.forwarding(this, peer, (flags & FLAG_ANNOUNCED) === 0 ? 0 : 1).ip
  }

  get peer(): string {
    const flags = this.#words[this.#at + LOGGED_FLAGS]
    return this.#addresses.textOf(this.#words, this.#at + LOGGED_PEER_ADDRESS, (flags & FLAG_PEER_IPV4) !== 0)
  }

  get method(): string {
    const number = this.#words[this.#at + LOGGED_METHOD]
    if (number === METHOD_UNKNOWN) return this.#span(LOGGED_METHOD_NAME)
    methods ??= native.methods
    return methods[number] as string
  }

  get target(): string {
    return this.#span(LOGGED_TARGET)
  }

  get version(): string {
    const version = this.#words[this.#at + LOGGED_VERSION]
    return version === 0 ? '' : `${version >> 8}.${version & 0xff}`
  }

  get status(): number {
    return this.#words[this.#at + LOGGED_STATUS] & 0xffff
  }

  get bytesIn(): number {
    return this.#whole(LOGGED_IN_LOW, LOGGED_IN_HIGH)
  }

  get bytesOut(): number {
    return this.#whole(LOGGED_OUT_LOW, LOGGED_OUT_HIGH)
  }

  get duration(): number {
    return this.#whole(LOGGED_DURATION_LOW, LOGGED_DURATION_HIGH) / 1000
  }

  get wait(): number | undefined {
    if (this.#words[this.#at + LOGGED_WAIT_HIGH] === -1) return undefined
    return this.#whole(LOGGED_WAIT_LOW, LOGGED_WAIT_HIGH) / 1000
  }

  get end(): RequestEnd {
    return ENDS[this.#words[this.#at + LOGGED_ENDED]] as RequestEnd
  }

  get code(): string {
    return refusalAt(this.#words[this.#at + LOGGED_REFUSAL]).code
  }

  get referer(): string {
    return this.#span(LOGGED_REFERER)
  }

  get userAgent(): string {
    return this.#span(LOGGED_USER_AGENT)
  }

  get id(): string {
    const words = this.#words
    const at = this.#at
    const { rules } = this.#ids
    const given = rules !== undefined && this.#trustsId(rules.trust) ? this.get(rules.header) : undefined
    return this.#ids.idOf(words[at + LOGGED_SLOT], words[at + LOGGED_GENERATION], words[at + LOGGED_SEQUENCE], given)
  }

  get route(): string {
    return this.#surroundings.patterns[this.#words[this.#at + LOGGED_STATUS] >>> 16] ?? ''
  }

  get traceparent(): string {
    return this.#span(LOGGED_TRACEPARENT)
  }

  get traceId(): string {
    const isTraced = (this.#words[this.#at + LOGGED_FLAGS] & FLAG_LOGGED_TRACED) !== 0
    return isTraced ? this.traceparent.slice(TRACE_ID_AT, TRACE_ID_END) : ''
  }

  /** A logged field, by its name in lower case. */
  get(name: string): string | null {
    const place = this.#fields.indexOf(name)
    if (place < 0) return null
    return this.has(name) ? this.#span(LOGGED_FIELDS + place) : null
  }

  /** An empty field is like none. */
  has(name: string): boolean {
    const place = this.#fields.indexOf(name)
    return place >= 0 && this.#words[this.#at + LOGGED_FIELDS + place] >>> 16 > 0
  }

  /** All of it, for whoever keeps it. */
  copy(): AccessRecord {
    const { time, ip, peer, method, target, version, status, bytesIn, bytesOut, duration, wait, end, code } = this
    const { referer, userAgent, id, route, traceparent, traceId } = this
    return {
      time,
      ip,
      peer,
      method,
      target,
      version,
      status,
      bytesIn,
      bytesOut,
      duration,
      wait,
      end,
      code,
      referer,
      userAgent,
      id,
      route,
      traceparent,
      traceId,
    }
  }

  #trustsId(trust: boolean | undefined): boolean {
    if (trust !== undefined) return trust
    const words = this.#words
    const flags = words[this.#at + LOGGED_FLAGS]
    if ((flags & FLAG_CLIENT_UNKNOWN) !== 0) return false
    const client = addressBytes(words, this.#at + LOGGED_ADDRESS)
    return this.#surroundings.proxies?.trusts(client, (flags & FLAG_ANNOUNCED) === 0 ? 0 : 1) ?? false
  }

  #span(field: number): string {
    const span = this.#words[this.#at + field]
    const start = span & 0xffff
    return span === 0 ? '' : this.#text.slice(start, start + (span >>> 16))
  }

  #whole(low: number, high: number): number {
    return (this.#words[this.#at + high] >>> 0) * 2 ** 32 + (this.#words[this.#at + low] >>> 0)
  }
}

/** By llhttp's numbers, once they are known: the addon may be loaded late. */
let methods: readonly string[] | undefined

/** The texts of addresses, of which the last ones are kept. */
class Addresses {
  static readonly #MOST = 4096
  readonly #ipv4 = new Map<number, string>()
  readonly #last = new Int32Array(4)
  #lastText = ''

  textOf(words: Int32Array, at: number, isIpv4: boolean): string {
    if (!isIpv4) return this.#textOfIpv6(words, at)
    const number = words[at + 3]
    let text = this.#ipv4.get(number)
    if (text === undefined) {
      text = addressText(words, at, true)
      if (this.#ipv4.size >= Addresses.#MOST) this.#ipv4.clear()
      this.#ipv4.set(number, text)
    }
    return text
  }

  #textOfIpv6(words: Int32Array, at: number): string {
    const last = this.#last
    let isSame = this.#lastText !== ''
    for (let place = 0; place < 4; place += 1) {
      isSame &&= last[place] === words[at + place]
      last[place] = words[at + place]
    }
    if (!isSame) this.#lastText = addressText(words, at, false)
    return this.#lastText
  }
}
