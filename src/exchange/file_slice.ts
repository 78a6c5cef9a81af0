import type { FileToSend } from './file_to_send.js'
import type { NativeFile } from './native.js'

/**
 * A range of a file, as the body of a reply or a piece of one. The native code sends it; the bytes do not pass
 * through JavaScript.
 */
export class FileSlice {
  readonly #source: FileToSend

  /**
   * @param offset where the range begins in the file, in bytes
   * @param length its length in bytes. If the file ends before that, the connection is closed
   * @param closes whether the file is closed once the range was handed to the native code. Set it on the last slice
   * of a file that nothing else uses; otherwise the descriptor stays open until garbage collection
   */
  constructor(
    source: FileToSend,
    readonly offset: number,
    readonly length: number,
    readonly closes = false,
  ) {
    this.#source = source
  }

  /** The open file, for native code and for reading; open after `take()`. @internal */
  get file(): NativeFile {
    return this.#source.file
  }

  /**
   * Called before the range is sent or read; opens the file again if it was closed.
   * @throws HttpError when the file cannot be opened any more
   * @internal
   */
  take(): void {
    this.#source.take()
  }

  /** Called when the range will not be sent. @internal */
  release(): void {
    if (this.closes) this.#source.close()
  }
}
