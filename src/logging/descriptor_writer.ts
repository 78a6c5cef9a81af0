// Writes text to a descriptor, one write at a time and never in the way of others: what is not taken in time is left out
// and counted. A standard stream may be a pipe that nobody reads, and a disk may be full.
import { codeOf } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { timers } from '../runtime/timers.js'

type Fs = typeof import('node:fs')

/** What a slow destination may leave waiting, in UTF-16 units. */
const MOST_WAITING = 8 * 1024 * 1024
/** A pipe that is full says so, when somebody has made it non-blocking. */
const TRY_AGAIN_MS = 50
const SYNC_TRIES = 20

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
  #waiting: string[] = []
  #waitingSize = 0
  /** What the system is writing. */
  #underWay: Buffer | undefined
  #done = 0
  #idle: (() => void)[] = []
  /** To be closed when the write that is under way has ended. */
  #old: number | undefined

  constructor(descriptor: number, watcher: WriterWatcher) {
    this.#descriptor = descriptor
    this.#watcher = watcher
  }

  /** `lines`: the number of lines in the text. */
  write(text: string, lines: number): void {
    if (this.#waitingSize + text.length > MOST_WAITING) return this.#watcher.lost(lines)
    this.#waiting.push(text)
    this.#waitingSize += text.length
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
    const bytes = Buffer.from(this.#takeWaiting())
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

  #takeWaiting(): string {
    const text = this.#waiting.join('')
    this.#waiting = []
    this.#waitingSize = 0
    return text
  }

  #next(): void {
    if (this.#underWay !== undefined) return
    if (this.#waiting.length === 0) {
      for (const resolve of this.#idle.splice(0)) resolve()
      return
    }
    this.#underWay = Buffer.from(this.#takeWaiting())
    this.#done = 0
    this.#go(this.#underWay, this.#descriptor)
  }

  #go(bytes: Buffer, descriptor: number): void {
    this.#fs.write(descriptor, bytes, this.#done, (error, written) => {
      if (error?.code === 'EAGAIN') {
        timers.setTimeout(() => this.#go(bytes, descriptor), TRY_AGAIN_MS).unref()
        return
      }
      this.#done += written
      if (error) this.#watcher.failed(error)
      else if (this.#done < bytes.length) return this.#go(bytes, descriptor)
      this.#underWay = undefined
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
