// Faults as they are asked for, ready to be drawn.
import type { Distribution } from './distribution.js'
import type { ListenerFault } from './drawn_fault.js'
import type { Break, CLAUSES, Clause, ReadClauses } from './fault_clauses.js'
import { type FaultPlace, valueError } from './fault_error.js'
import { type CheckedFaultLimits, checkedFaultLimits, type FaultLimits } from './fault_limits.js'
import { type ReadFaults, readText } from './fault_text.js'
import type { Pieces } from './fault_values.js'
import { type Weighted, weighted } from './weighted.js'

/** A queue for workers, M/M/c when requests come at random and the service time is exponential. */
export interface OverloadSpec {
  readonly workers: number
  readonly service: Weighted<Distribution>
  /** Requests that may wait for a worker; one more gets 503. */
  readonly limit: number
}

/** Faults of answers, and those of a server or a phase. */
export interface FaultSpec {
  /** Of all clauses together: from 0 to 1. */
  readonly chance: number
  readonly delay?: Weighted<Distribution> | undefined
  readonly bodyDelay?: Weighted<Distribution> | undefined
  readonly drip?: Weighted<Pieces> | undefined
  readonly status?: Weighted<number> | undefined
  readonly retryAfter?: Weighted<Distribution> | undefined
  readonly size?: Weighted<Distribution> | undefined
  readonly broken?: Weighted<Break> | undefined
  readonly close?: Weighted<true> | undefined
  readonly overload?: OverloadSpec | undefined
  readonly listener?: ListenerFault | undefined
  /** Nothing that is drawn is above these. */
  readonly limits: CheckedFaultLimits
}

const QUEUE_LIMIT = 1000

/**
 * Parses a text of faults, such as `delay=10ms..50ms; status=503:5%`.
 * @param scope `answer` for faults that a request asks for, `server` where those of listeners and overload are allowed
 * @throws FaultError `ERR_FAULT_SYNTAX`, `ERR_FAULT_VALUE`
 */
export function parseFaults(text: string, scope: Clause['scope'] = 'answer', limits?: FaultLimits): FaultSpec {
  return specOf(readText(text, scope), checkedFaultLimits(limits))
}

/** @throws FaultError `ERR_FAULT_VALUE` */
export function specOf(faults: ReadFaults, limits: CheckedFaultLimits): FaultSpec {
  const clauses: ReadClauses = { broken: [] }
  const places = new Map<string, FaultPlace>()
  for (const { name, read, place } of faults) {
    if (places.has(name)) throw valueError(`The clause ${name} is there twice: separate values by ","`, place)
    places.set(name, place)
    read(clauses, limits)
  }
  for (const [name, needed] of NEEDED) {
    const place = places.get(name)
    if (place !== undefined && !needed.some((other) => places.has(other))) {
      throw valueError(`The clause ${name} needs ${needed.join(' or ')} beside it`, place)
    }
  }
  const { chance, delay, bodyDelay, drip, status, retryAfter, size, broken, close } = clauses
  return {
    limits,
    chance: chance?.share ?? 1,
    delay: delay && weighted(delay),
    bodyDelay: bodyDelay && weighted(bodyDelay),
    drip: drip && weighted(drip),
    status: status && weighted(status),
    retryAfter: retryAfter && weighted(retryAfter),
    size: size && weighted(size),
    broken: broken.length === 0 ? undefined : weighted(broken),
    close: close && weighted(close),
    overload: overloadOf(clauses),
    listener: listenerOf(clauses),
  }
}

/** Clauses that mean nothing without one of others. */
const NEEDED: readonly (readonly [keyof typeof CLAUSES, readonly (keyof typeof CLAUSES)[]])[] = [
  ['retry-after', ['status', 'service']],
  ['workers', ['service']],
  ['queue-limit', ['service']],
]

function overloadOf({ workers, service, queueLimit }: ReadClauses): OverloadSpec | undefined {
  if (service === undefined) return undefined
  return { workers: workers?.value ?? 1, service: weighted(service), limit: queueLimit?.value ?? QUEUE_LIMIT }
}

function listenerOf({ acceptPerSecond, receiveBuffer, hold, refuse }: ReadClauses): ListenerFault | undefined {
  const fault: ListenerFault = {
    ...(acceptPerSecond !== undefined && { acceptPerSecond }),
    ...(receiveBuffer !== undefined && { receiveBuffer }),
    ...(hold === true && { hold }),
    ...(refuse === true && { refuse }),
  }
  return Object.keys(fault).length === 0 ? undefined : fault
}
