import type { NativeFile } from './native.js'

/** Bytes of an open file, as the body of a reply or a part of one: sent without entering JavaScript. */
export class FileSlice {
  /**
   * @param offset where it begins in the file, in bytes
   * @param length how many bytes it has. A file that ends before them breaks the connection
   * @param closes whether the file is closed when this has been handed to the system: the last slice of a file that
   *   nobody else has. Otherwise its descriptor would stay open until the garbage is collected
   */
  constructor(
    readonly file: NativeFile,
    readonly offset: number,
    readonly length: number,
    readonly closes = false,
  ) {}

  /** It will not be sent. */
  release(): void {
    if (this.closes) this.file.close()
  }
}
