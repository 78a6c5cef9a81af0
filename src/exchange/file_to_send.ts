import { HttpError } from '../fields/http_error.js'
import { timers } from '../runtime/timers.js'
import type { NativeFile } from './native.js'

/**
 * A file that was opened for a reply. Nobody tells when a reply will not be sent: its handler throws behind `file()`, a
 * middleware puts another one in its place, its client leaves. So a file stays open for the turn of the event loop in
 * which it was opened, and then is closed, unless somebody has begun to send it. A reply that is sent later, since a
 * middleware waits for something, opens it again.
 */
export class FileToSend {
  #file: NativeFile
  readonly #open: () => NativeFile
  #isTaken = false

  /** `open` opens it again, and throws what a client is to be told when it cannot. */
  constructor(file: NativeFile, open: () => NativeFile) {
    this.#file = file
    this.#open = open
    hold(this)
  }

  /** It is open once it is taken, until whoever took it has closed it. */
  get file(): NativeFile {
    return this.#file
  }

  /**
   * Whoever takes it sees to it that it is closed.
   * @throws HttpError 503 when there is another one in its place by now; and what opening it throws
   */
  take(): void {
    if (this.#isTaken) return
    if (!held.delete(this)) this.#file = this.#openAgain()
    this.#isTaken = true
  }

  /** It will not be sent, or no more of it. */
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

/** Those that nobody has taken. */
const held = new Set<FileToSend>()

function hold(file: FileToSend): void {
  if (held.size === 0) timers.setImmediate(letGo)
  held.add(file)
}

function letGo(): void {
  for (const file of held) file.close()
}
