// Writes text to a descriptor, one write at a time and never in the way of others: what is not taken in time is left out
// and counted. A standard stream may be a pipe that nobody reads, and a disk may be full.
import { codeOf } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { timers } from '../runtime/timers.js'

type Fs = typeof import('node:fs')

/** What a slow destination may leave waiting, in bytes. */
const MOST_WAITING = 8 * 1024 * 1024
/** A pipe that is full says so, when somebody has made it non-blocking. */
const TRY_AGAIN_MS = 50
const SYNC_TRIES = 20

/** Whole lines. */
export interface Piece {
  readonly bytes: Buffer
  readonly lines: number
  /** Called when the bytes are not needed any more. */
  done(): void
}

export interface WriterWatcher {
  /** Something was not written. Called for each failure. */
  failed(error: unknown): void
  /** Lines were left out, because the destination is too slow. */
  lost(lines: number): void
}

export class DescriptorWriter {
  readonly #fs: Fs = lateBuiltin('node:fs')
  readonly #watcher: WriterWatcher
  #descriptor: number
  #waiting: Piece[] = []
  #waitingSize = 0
  /** What the system is writing. */
  #underWay: Piece | undefined
  #done = 0
  #idle: (() => void)[] = []
  /** To be closed when the write that is under way has ended. */
  #old: number | undefined

  constructor(descriptor: number, watcher: WriterWatcher) {
    this.#descriptor = descriptor
    this.#watcher = watcher
  }

  write(piece: Piece): void {
    if (this.#waitingSize + piece.bytes.length > MOST_WAITING) {
      this.#watcher.lost(piece.lines)
      return piece.done()
    }
    this.#waiting.push(piece)
    this.#waitingSize += piece.bytes.length
    this.#next()
  }

  /** From now on, writes to another descriptor. The previous one is closed. */
  changeTo(descriptor: number): void {
    const old = this.#descriptor
    this.#descriptor = descriptor
    // What is under way goes on in the old file.
    if (this.#underWay === undefined) this.#close(old)
    else if (this.#old === undefined) this.#old = old
    else this.#close(old)
  }

  /** Resolves when everything was written, or could not be, and no later than after `ms`. */
  async flushed(ms: number): Promise<void> {
    if (this.#underWay === undefined) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = timers.setTimeout(resolve, ms)
    })
    await Promise.race([late, new Promise<void>((resolve) => this.#idle.push(resolve))])
    timers.clearTimeout(timer)
  }

  /** Writes what waits before it returns, for a process that ends. */
  flushSync(): void {
    // What is under way has been given to the system: written again, it would be there twice.
    const bytes = Buffer.concat(this.#waiting.splice(0).map((piece) => piece.bytes))
    let done = 0
    for (let tries = 0; done < bytes.length && tries < SYNC_TRIES; tries += 1) {
      try {
        done += this.#fs.writeSync(this.#descriptor, bytes, done)
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') return
      }
    }
  }

  close(): void {
    this.#close(this.#descriptor)
  }

  #next(): void {
    if (this.#underWay !== undefined) return
    this.#underWay = this.#waiting.shift()
    if (this.#underWay === undefined) {
      for (const resolve of this.#idle.splice(0)) resolve()
      return
    }
    this.#waitingSize -= this.#underWay.bytes.length
    this.#done = 0
    this.#go(this.#underWay, this.#descriptor)
  }

  #go(piece: Piece, descriptor: number): void {
    this.#fs.write(descriptor, piece.bytes, this.#done, (error, written) => {
      if (error?.code === 'EAGAIN') {
        timers.setTimeout(() => this.#go(piece, descriptor), TRY_AGAIN_MS).unref()
        return
      }
      if (error) this.#watcher.failed(error)
      else {
        this.#done += written
        if (this.#done < piece.bytes.length) return this.#go(piece, descriptor)
      }
      this.#underWay = undefined
      piece.done()
      const old = this.#old
      this.#old = undefined
      if (old !== undefined) this.#close(old)
      this.#next()
    })
  }

  #close(descriptor: number): void {
    this.#fs.close(descriptor, () => {})
  }
}
