import { HttpError } from '../fields/http_error.js'
import { timers } from '../runtime/timers.js'
import type { NativeFile } from './native.js'

/**
 * A file that was opened for a reply. Nothing reports that a reply will not be sent: its handler may throw after
 * `file()`, a middleware may replace it, its client may disconnect. So the file is closed at the end of the turn of
 * the event loop in which it was opened, unless sending has begun. A reply that is sent later, after an asynchronous
 * middleware, opens it again.
 */
export class FileToSend {
  #file: NativeFile
  readonly #open: () => NativeFile
  #isTaken = false

  /**
   * @param open opens the file again; throws the error to answer with when it cannot
   */
  constructor(file: NativeFile, open: () => NativeFile) {
    this.#file = file
    this.#open = open
    hold(this)
  }

  /** The file, open from `take()` to `close()`. */
  get file(): NativeFile {
    return this.#file
  }

  /**
   * Claims the file; the caller must close it.
   * @throws HttpError 503 when another file has replaced it; any error of opening it
   */
  take(): void {
    if (this.#isTaken) return
    if (!held.delete(this)) this.#file = this.#openAgain()
    this.#isTaken = true
  }

  /** The file, or the rest of it, will not be sent. */
  close(): void {
    held.delete(this)
    this.#file.close()
  }

  #openAgain(): NativeFile {
    const opened = this.#open()
    if (opened.isSameAs(this.#file)) return opened
    opened.close()
    throw new HttpError(503, 'The file was replaced while its reply was made.', { headers: { 'retry-after': 1 } })
  }
}

/** The files that were not taken yet. */
const held = new Set<FileToSend>()

function hold(file: FileToSend): void {
  if (held.size === 0) timers.setImmediate(letGo)
  held.add(file)
}

function letGo(): void {
  for (const file of held) file.close()
}
