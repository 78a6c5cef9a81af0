// What was drawn for one answer, and for the listeners of one phase: the seam between the plan, which draws, what carries
// it out on the wire, and what counts it.

/** The kinds of faults of answers, in the order in which they are drawn and counted. Each is a clause of the grammar. */
export const FAULT_KINDS = [
  'overload',
  'delay',
  'body-delay',
  'drip',
  'status',
  'size',
  'empty',
  'garbage',
  'malformed',
  'length',
  'cut',
  'reset',
  'stall',
  'close',
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

/** Where an answer is broken off. */
export interface Cut {
  /** `head` and `body` without an amount: after the half of it. */
  readonly at: 'before-head' | 'head' | 'body'
  /** After so many bytes of the head, or of the body. */
  readonly bytes?: number
  /** After such a share of the head, or of the body: 0 to 1. */
  readonly share?: number
  /** How the connection ends; `stall` leaves it open, and nothing more is sent. */
  readonly by: 'close' | 'reset' | 'stall'
}

/** Something that is waited for. */
export interface Waiting {
  /** Nobody waits any more: its client has left. Harmless after the end. */
  cancel(): void
}

/** The time of a worker of an overloaded server, which an answer needs before all else. */
export interface Work {
  /**
   * Queues for a worker, and calls `done` when that has spent the service time. To be called in the turn in which it was
   * drawn: the place in the queue is given away otherwise.
   */
  begin(done: () => void): Waiting
}

/** What happens to one answer. Everything is drawn; times are in milliseconds and may be fractions, sizes in whole bytes. */
export interface DrawnFault {
  /** What is counted. */
  readonly kinds: readonly FaultKind[]
  /** Of this draw, from 0 to 2³² - 1, for all else that is random. */
  readonly seed: number
  /** A worker's time, before the delay. */
  readonly work?: Work
  /** Before the head. */
  readonly delay?: number
  /** Between head and body. */
  readonly bodyDelay?: number
  /** The body in so many pieces, with so long between two of them. */
  readonly drip?: { readonly pieces: number; readonly every: number }
  /** Instead of the answer of the path. */
  readonly status?: number
  /** `Retry-After` in whole seconds, with the status. */
  readonly retryAfter?: number
  /** A body of so many bytes instead. */
  readonly size?: number
  readonly cut?: Cut
  /** `Content-Length` says so many bytes more than are sent, or fewer, below 0. */
  readonly length?: number
  /** A chunk, or a head, that is none. */
  readonly malformed?: 'chunk' | 'head'
  /** So many random bytes instead of an answer, then the end. They are to come from `seed`. */
  readonly garbage?: number
  /** The connection ends without a byte of an answer. */
  readonly empty?: boolean
  /** The answer has `Connection: close`. */
  readonly close?: boolean
}

/** What a phase of a plan does to listeners. */
export interface ListenerFault {
  /** Connections that are accepted, at most, in a second. */
  readonly acceptPerSecond?: number
  /** Connections are left in the queue of the system. */
  readonly hold?: boolean
  /** The socket is closed, so that clients get ECONNREFUSED. */
  readonly refuse?: boolean
  /** SO_RCVBUF of connections in bytes, which bounds the receive window. */
  readonly receiveBuffer?: number
}
