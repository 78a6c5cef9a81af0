import type { FileToSend } from './file_to_send.js'
import type { NativeFile } from './native.js'

/** Bytes of a file, as the body of a reply or a part of one: sent without entering JavaScript. */
export class FileSlice {
  readonly #source: FileToSend

  /**
   * @param offset where it begins in the file, in bytes
   * @param length how many bytes it has. A file that ends before them breaks the connection
   * @param closes whether the file is closed when this has been handed to the system: the last slice of a file that
   *   nobody else has. Otherwise its descriptor would stay open until the garbage is collected
   */
  constructor(
    source: FileToSend,
    readonly offset: number,
    readonly length: number,
    readonly closes = false,
  ) {
    this.#source = source
  }

  /** For the native side, and for reading: open once the slice was taken. @internal */
  get file(): NativeFile {
    return this.#source.file
  }

  /**
   * It is about to be sent or read.
   * @throws HttpError when the file cannot be had any more
   * @internal
   */
  take(): void {
    this.#source.take()
  }

  /** It will not be sent. @internal */
  release(): void {
    if (this.closes) this.#source.close()
  }
}
