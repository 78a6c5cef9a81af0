// Writes text to a descriptor, one write at a time and never in the way of others: what is not taken in time is left out
// and counted. A standard stream may be a pipe that nobody reads, and a disk may be full.
import { codeOf } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { timers } from '../runtime/timers.js'

type Fs = typeof import('node:fs')

/** What a slow destination may leave waiting, in bytes. */
const MOST_WAITING = 8 * 1024 * 1024
/** When a pipe that is full is tried again, at first and at most. */
const TRY_AGAIN_MS = 1
const MOST_TRY_AGAIN_MS = 50
/** A smaller piece is part of a larger memory, which is not kept for it. */
const SMALL_BYTES = 32 * 1024
/** How long a process that ends waits for its last lines to be taken. */
const AT_EXIT_MS = 1000
const PAUSE_MS = 5
/** The system takes so many bytes for a pipe as a whole, or none (PIPE_BUF): others may write to it, such as workers. */
const PIPE_BYTES = 4096
const LINE_FEED = 10

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

/** Where a writer writes to. */
export interface Target {
  readonly descriptor: number
  /** It is a pipe, and a write to it never waits. */
  readonly isPipe: boolean
  /** It is closed with the writer. */
  readonly isOwn: boolean
}

/**
 * Opens a file to append to it. A pipe without a reader is an error, and never waited for.
 * @throws the error of the system
 */
export function fileTarget(path: string): Target {
  const fs: Fs = lateBuiltin('node:fs')
  const { O_APPEND, O_CREAT, O_WRONLY, O_NONBLOCK = 0 } = fs.constants
  const descriptor = fs.openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NONBLOCK)
  return { descriptor, isPipe: O_NONBLOCK !== 0 && isPipe(fs, descriptor), isOwn: true }
}

/**
 * A standard stream. A pipe is opened a second time where the system can: whoever shares it does not notice that writes
 * do not wait, and no thread is lost to a reader that has stopped.
 */
export function standardTarget(descriptor: 1 | 2): Target {
  const fs: Fs = lateBuiltin('node:fs')
  const { O_WRONLY, O_NONBLOCK } = fs.constants
  try {
    if (process.platform === 'linux' && isPipe(fs, descriptor)) {
      return {
        descriptor: fs.openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK),
        isPipe: true,
        isOwn: true,
      }
    }
  } catch {
    // No rights, or no /proc.
  }
  return { descriptor, isPipe: false, isOwn: false }
}

function isPipe(fs: Fs, descriptor: number): boolean {
  return fs.fstatSync(descriptor).isFIFO()
}

/** A piece that has to wait. */
function kept(piece: Piece): Piece {
  if (piece.bytes.length >= SMALL_BYTES) return piece
  const bytes = Buffer.from(piece.bytes)
  piece.done()
  return { bytes, lines: piece.lines, done: () => {} }
}

export class DescriptorWriter {
  readonly #fs: Fs = lateBuiltin('node:fs')
  readonly #watcher: WriterWatcher
  #target: Target
  #waiting: Piece[] = []
  #waitingSize = 0
  /** What is being written, and to what. */
  #underWay: { readonly piece: Piece; readonly target: Target } | undefined
  #done = 0
  /** Waits until the pipe may take more. Otherwise the system has what is under way. */
  #again: NodeJS.Timeout | undefined
  #idle: (() => void)[] = []
  #isLooping = false
  #isClosed = false

  constructor(target: Target, watcher: WriterWatcher) {
    this.#target = target
    this.#watcher = watcher
  }

  write(piece: Piece): void {
    if (this.#isClosed || this.#waitingSize + piece.bytes.length > MOST_WAITING) {
      this.#watcher.lost(piece.lines)
      return piece.done()
    }
    this.#waiting.push(this.#underWay === undefined ? piece : kept(piece))
    this.#waitingSize += piece.bytes.length
    this.#next()
  }

  /** From now on, writes to another target. The previous one is closed. */
  changeTo(target: Target): void {
    const old = this.#target
    this.#target = target
    // What is under way goes on in the old one.
    if (this.#underWay?.target !== old) this.#close(old)
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

  /** Writes what waits before it returns, for a process that ends; what is not taken in time is lost. */
  flushSync(): void {
    const pieces = this.#waiting.splice(0).map(({ bytes }) => bytes)
    // What the system has would be there twice.
    if (this.#again !== undefined && this.#underWay !== undefined) {
      timers.clearTimeout(this.#again)
      pieces.unshift(this.#underWay.piece.bytes.subarray(this.#done))
    }
    const bytes = Buffer.concat(pieces)
    const end = timers.now() + AT_EXIT_MS
    for (let done = 0; done < bytes.length; ) {
      try {
        done += this.#fs.writeSync(this.#target.descriptor, bytes, done, this.#sizeAt(bytes, done, this.#target))
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN' || timers.now() > end) return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
      }
    }
  }

  /** Nothing more is written but what the system has already: the number of the descriptor may soon be another's. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const piece of this.#waiting.splice(0)) this.#lose(piece)
    const target = this.#underWay?.target
    // It is closed with what is under way.
    if (target !== this.#target) this.#close(this.#target)
    if (this.#underWay === undefined || this.#again === undefined) return
    timers.clearTimeout(this.#again)
    this.#lose(this.#underWay.piece)
    this.#ended()
  }

  #lose(piece: Piece): void {
    this.#watcher.lost(piece.lines)
    piece.done()
  }

  /** A pipe may take many pieces at once, each of which calls this. */
  #next(): void {
    if (this.#isLooping) return
    this.#isLooping = true
    while (this.#underWay === undefined) {
      const piece = this.#waiting.shift()
      if (piece === undefined) break
      this.#waitingSize -= piece.bytes.length
      this.#done = 0
      this.#underWay = { piece, target: this.#target }
      this.#go(piece, this.#target, TRY_AGAIN_MS)
    }
    this.#isLooping = false
    if (this.#underWay === undefined) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** @param pauseMs before the next try, when nothing is taken */
  #go(piece: Piece, target: Target, pauseMs: number): void {
    const { bytes } = piece
    const settled = (error: NodeJS.ErrnoException | null, written: number): void => {
      if (error?.code === 'EAGAIN') {
        this.#again = timers.setTimeout(() => {
          this.#again = undefined
          this.#go(piece, target, Math.min(2 * pauseMs, MOST_TRY_AGAIN_MS))
        }, pauseMs)
        this.#again.unref()
        return
      }
      if (error) this.#watcher.failed(error)
      else {
        this.#done += written
        if (this.#done < bytes.length && !this.#isClosed) return this.#go(piece, target, TRY_AGAIN_MS)
      }
      piece.done()
      this.#ended()
      if (!this.#isClosed) this.#next()
    }
    if (target.isPipe) this.#goAtOnce(bytes, target, settled)
    else this.#fs.write(target.descriptor, bytes, this.#done, settled)
  }

  /** As much as the pipe takes. */
  #goAtOnce(bytes: Buffer, target: Target, settled: (error: NodeJS.ErrnoException | null, written: number) => void) {
    const from = this.#done
    let written = 0
    try {
      while (from + written < bytes.length) {
        const at = from + written
        written += this.#fs.writeSync(target.descriptor, bytes, at, this.#sizeAt(bytes, at, target))
      }
    } catch (error) {
      this.#done += written
      return settled(error as NodeJS.ErrnoException, 0)
    }
    settled(null, written)
  }

  /** How much is written at once: whole lines for a pipe, unless one is longer than all that it takes as a whole. */
  #sizeAt(bytes: Buffer, at: number, { isPipe }: Target): number {
    if (!isPipe || bytes.length - at <= PIPE_BYTES) return bytes.length - at
    const end = bytes.lastIndexOf(LINE_FEED, at + PIPE_BYTES - 1)
    return end < at ? PIPE_BYTES : end + 1 - at
  }

  /** What was under way has ended, and with it the target, if there is another one by now. */
  #ended(): void {
    const target = this.#underWay?.target
    this.#underWay = undefined
    this.#again = undefined
    if (target !== undefined && (this.#isClosed || target !== this.#target)) this.#close(target)
  }

  #close({ descriptor, isOwn }: Target): void {
    if (isOwn) this.#fs.close(descriptor, () => {})
  }
}
