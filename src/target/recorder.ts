// What came to a target, for the assertions of a test.

import type { DrawnFault, FaultKind } from '../faults/drawn_fault.js'
import type { BrinkRequest } from '../request/request.js'
import { coded } from '../runtime/errors.js'
import { knownOptions, wholeNumber, wrongType } from '../runtime/option_errors.js'
import { timers } from '../runtime/timers.js'

/** How much is recorded. */
export interface RecordOptions {
  /** The number of requests, of which the newest are kept. Default: 1000. Maximum: 1,000,000. */
  requests?: number | undefined
  /** The number of bytes of each body. Default: 64 KiB. Maximum: 1 GiB. */
  bodyBytes?: number | undefined
}

/** A request that has come. */
export interface ReceivedRequest {
  /** When it was given to its endpoint, in milliseconds since 1970. */
  readonly at: number
  /** Such as `GET`. */
  readonly method: string
  /** As the client has sent it, with its query. */
  readonly target: string
  /** The canonical path, without the query. */
  readonly path: string
  /** The header fields by their names in lower case. Several with one name are joined by `, `, cookies by `; `. */
  readonly fields: Readonly<Record<string, string>>
  /** The names and values of the header fields in turn, as they were sent. */
  readonly rawFields: readonly string[]
  /** The body as it was sent, as much as has arrived, and no more than `bodyBytes`. */
  readonly body: Uint8Array
  /** The bytes of the body that have arrived. */
  readonly bodySize: number
  /** The id of its run, if it has one. */
  readonly run: string | undefined
  /** The faults of its answer. */
  readonly faults: readonly FaultKind[]
}

const STANDARD = { requests: 1000, bodyBytes: 64 * 1024 } as const

/** Keeps the newest requests. Without options it is off, and costs nothing. */
export class Recorder {
  readonly isOn: boolean
  readonly #most: number
  readonly #bodyBytes: number
  #requests: Recorded[] = []

  /** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE` */
  constructor(options: boolean | RecordOptions = false) {
    if (typeof options !== 'boolean' && (typeof options !== 'object' || options === null)) {
      throw wrongType('record', 'a boolean or an object', options)
    }
    const given = typeof options === 'boolean' ? {} : knownOptions(options, ['requests', 'bodyBytes'], 'record')
    this.isOn = options !== false
    this.#most = wholeNumber('record.requests', given.requests, STANDARD.requests, 1, 1_000_000)
    this.#bodyBytes = wholeNumber('record.bodyBytes', given.bodyBytes, STANDARD.bodyBytes, 0, 2 ** 30)
  }

  /** Keeps a request that nobody has read yet. */
  add(request: BrinkRequest, fault: DrawnFault | undefined, run: string | undefined): void {
    const recorded = new Recorded(request, fault?.kinds ?? [], run, this.#bodyBytes)
    this.#requests.push(recorded)
    // In great steps: each would move all that are kept.
    if (this.#requests.length >= 2 * this.#most) this.#requests = this.#requests.slice(-this.#most)
  }

  /**
   * The newest requests, in the order in which they came.
   * @throws Error `ERR_TARGET_NOT_RECORDING`
   */
  requests(): ReceivedRequest[] {
    if (this.isOn) return this.#requests.slice(-this.#most).map((recorded) => recorded.asReceived())
    throw coded(
      new Error('This target does not record requests: start it with record: true.'),
      'ERR_TARGET_NOT_RECORDING',
    )
  }

  clear(): void {
    this.#requests = []
  }
}

class Recorded {
  readonly #head: Omit<ReceivedRequest, 'body' | 'bodySize'>
  readonly #pieces: Buffer[] = []
  #room: number
  #bodySize = 0

  constructor(request: BrinkRequest, faults: readonly FaultKind[], run: string | undefined, room: number) {
    const { method, target, path, headers, incoming } = request
    const rawFields = [...headers.raw()]
    const fields = Object.fromEntries(headers.entries())
    this.#head = { at: timers.date(), method, target, path, fields, rawFields, run, faults }
    this.#room = room
    if (incoming === undefined) this.#take(request.arrived())
    else incoming.observe((bytes) => this.#take(bytes))
  }

  asReceived(): ReceivedRequest {
    return { ...this.#head, body: new Uint8Array(Buffer.concat(this.#pieces)), bodySize: this.#bodySize }
  }

  #take(bytes: Buffer): void {
    this.#bodySize += bytes.length
    if (this.#room === 0 || bytes.length === 0) return
    // The bytes of a request belong to the block that it came in.
    const kept = Buffer.from(bytes.subarray(0, this.#room))
    this.#pieces.push(kept)
    this.#room -= kept.length
  }
}
