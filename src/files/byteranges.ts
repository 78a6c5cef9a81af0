import { FileSlice } from '../exchange/file_slice.js'
import type { FileToSend } from '../exchange/file_to_send.js'
import type { ByteRange } from './ranges.js'

/** The source of a file's bytes: memory or the open file. */
export type Content = Uint8Array | FileToSend

/** A range of the content. The last one closes the file when it was sent. */
export function pieceOf(content: Content, { first, last }: ByteRange, isLast: boolean): Uint8Array | FileSlice {
  if (content instanceof Uint8Array) {
    return last + 1 - first === content.length ? content : content.subarray(first, last + 1)
  }
  return new FileSlice(content, first, last + 1 - first, isLast)
}

/** The value of `content-range` (RFC 9110 §14.4). */
export function contentRange({ first, last }: ByteRange, size: number): string {
  return `bytes ${first}-${last}/${size}`
}

/** Several ranges as one multipart body (RFC 9110 §14.6). */
export interface Multipart {
  readonly type: string
  /** In bytes, headers of the parts included. */
  readonly length: number
  readonly body: Iterable<Uint8Array | FileSlice>
}

export function multipart(ranges: readonly ByteRange[], size: number, type: string, content: Content): Multipart {
  // Long enough that no file contains it by chance.
  const boundary = crypto.randomUUID()
  const heads = ranges.map((range) =>
    Buffer.from(
      `\r\n--${boundary}\r\ncontent-type: ${type}\r\ncontent-range: ${contentRange(range, size)}\r\n\r\n`,
      'latin1',
    ),
  )
  const end = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1')
  const length = ranges.reduce(
    (sum, { first, last }, place) => sum + (heads[place] as Buffer).length + last + 1 - first,
    end.length,
  )
  function* body(): Generator<Uint8Array | FileSlice> {
    const file = content instanceof Uint8Array ? undefined : content
    file?.take()
    let left = ranges.length
    try {
      for (const [place, range] of ranges.entries()) {
        yield heads[place] as Buffer
        left -= 1
        yield pieceOf(content, range, left === 0)
      }
      yield end
    } finally {
      // The client disconnected before the last range, which would have closed the file.
      if (left > 0) file?.close()
    }
  }
  return { type: `multipart/byteranges; boundary=${boundary}`, length, body: body() }
}
