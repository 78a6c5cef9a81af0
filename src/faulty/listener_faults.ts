// What a phase does to the listeners of a target: connections are accepted slowly, or not at all, or refused, or have a
// small receive window.
import { type NativeFailure, native } from '../exchange/native.js'
import type { ListenerFault } from '../faults/drawn_fault.js'
import { coded, systemError } from '../runtime/errors.js'
import { timers } from '../runtime/timers.js'
import type { ServerParts } from '../server/server.js'

/** A port is tried again after so many milliseconds. */
const AGAIN_MS = 5
/** So often a port is tried that a thread may not have let go of yet, before that is called a failure. */
const TRIES = 100

/** Applies them to a server, one after the other. */
export class ListenerFaults {
  readonly #server: ServerParts
  readonly #report: (error: Error) => void
  #wanted: ListenerFault = {}
  /** Sockets are closed, so that clients are refused. */
  #isClosed = false
  #hasEnded = false
  /** Descriptors that keep the ports while nobody listens. */
  #kept: number[] = []
  #timer: NodeJS.Timeout | undefined
  #hasReported = false
  #tries = 0
  #settled: (() => void)[] = []

  /**
   * @param report is told why something cannot be done, once for each phase
   */
  constructor(server: ServerParts, report: (error: Error) => void) {
    this.#server = server
    this.#report = report
  }

  /** Whether all clients are refused at this moment, and the ports kept. */
  get refuses(): boolean {
    return this.#isClosed && this.#kept.length === this.#server.sockets.length
  }

  get listens(): boolean {
    return !this.#isClosed
  }

  /**
   * Why this server cannot do it; undefined when it can.
   * @returns Error `ERR_LISTENER_FAULT`
   */
  complaint({ refuse, receiveBuffer }: ListenerFault): Error | undefined {
    const { sockets } = this.#server
    if (refuse && sockets.some(({ again }) => again === undefined)) {
      return impossible(
        '"refuse" cannot close a socket that another process has opened, and may share: listen at a port',
      )
    }
    if (receiveBuffer !== undefined && !sockets.some(({ port }) => port !== undefined)) {
      return impossible('"receive-buffer" needs a listener at a port: a Unix domain socket has no receive window')
    }
    return undefined
  }

  /** From now on these and no others; null for none. */
  apply(fault: ListenerFault | null): void {
    if (this.#hasEnded) return
    const wanted = fault ?? {}
    this.#hasReported = false
    this.#tries = 0
    const complaint = this.complaint(wanted)
    if (complaint !== undefined) this.#tell(complaint)
    this.#wanted = complaint === undefined ? wanted : withoutImpossible(wanted)
    this.#pace(this.#wanted)
    if (this.#wanted.refuse) this.#close()
    else if (this.#isClosed) this.#open()
    else this.#limit()
  }

  /** Resolves when no client is let in any more, if that is wanted. A port that others have taken is not waited for. */
  settled(): Promise<void> {
    if (!this.#isClosed || this.refuses) return Promise.resolve()
    return new Promise((resolve) => this.#settled.push(resolve))
  }

  /** The server is closed. */
  end(): void {
    this.#hasEnded = true
    timers.clearTimeout(this.#timer)
    this.#letGo()
    this.#settle()
  }

  #settle(): void {
    for (const resolve of this.#settled.splice(0)) resolve()
  }

  #pace({ hold, acceptPerSecond }: ListenerFault): void {
    const { reactors } = this.#server
    // Each loop accepts its part.
    const interval = acceptPerSecond === undefined ? 0 : (1e6 * reactors.length) / acceptPerSecond
    for (const reactor of reactors) reactor.paceAccepts(hold ? Number.POSITIVE_INFINITY : interval)
  }

  #limit(): void {
    for (const reactor of this.#server.reactors) reactor.limitReceiveBuffer(this.#wanted.receiveBuffer ?? 0)
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const reactor of this.#server.reactors) reactor.stopListening()
    this.#keep()
  }

  /**
   * Binds the ports again without listening, so that no client can connect to itself by choosing the port for its own
   * end. Another process may still take them. Loops on threads close their sockets a little later.
   */
  #keep(): void {
    timers.clearTimeout(this.#timer)
    for (const { port: place } of this.#server.sockets.slice(this.#kept.length)) {
      const kept = place && native.openListener(place.address, place.port, { ...place.settings, isOnlyBound: true })
      if (kept === undefined) this.#kept.push(-1)
      else if (!('errno' in kept)) this.#kept.push(kept.descriptor)
      else {
        this.#tries += 1
        if (this.#tries > TRIES) this.#settle()
        this.#timer = timers.setTimeout(() => this.#keep(), AGAIN_MS)
        return
      }
    }
    this.#settle()
  }

  #letGo(): void {
    for (const descriptor of this.#kept.splice(0)) if (descriptor >= 0) native.closeListener(descriptor)
  }

  #open(): void {
    timers.clearTimeout(this.#timer)
    this.#letGo()
    this.#settle()
    // All or none.
    for (const { again } of this.#server.sockets) {
      const opened = again?.()
      if (opened === undefined || !('errno' in opened)) continue
      for (const reactor of this.#server.reactors) reactor.stopListening()
      this.#failed(opened)
      this.#timer = timers.setTimeout(() => this.#open(), AGAIN_MS)
      return
    }
    this.#isClosed = false
    this.#limit()
  }

  #failed({ errno, syscall }: NativeFailure): void {
    this.#tries += 1
    const [code, meaning] = systemError(errno)
    if (code === 'EADDRINUSE' && this.#tries < TRIES) return
    this.#tell(impossible(`${syscall} ${code}: ${meaning}. It is tried again until it succeeds`))
  }

  #tell(error: Error): void {
    if (this.#hasReported) return
    this.#hasReported = true
    this.#report(error)
  }
}

function withoutImpossible({
  refuse: _refuse,
  receiveBuffer: _receiveBuffer,
  ...possible
}: ListenerFault): ListenerFault {
  return possible
}

function impossible(sentence: string): Error {
  return coded(
    new Error(`The listeners cannot be made faulty as the plan wants it: ${sentence}.`),
    'ERR_LISTENER_FAULT',
  )
}
