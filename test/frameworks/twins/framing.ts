// Where an answer ends, for a client that takes everything.

export interface Framing {
  readonly status: number
  readonly text: string
  readonly size: number
  /** The server says that it ends the connection. */
  readonly closes: boolean
}

/** The first answer in the bytes; undefined when it is not whole. `ended`: nothing more will come. */
export function frame(bytes: string, method: string, ended: boolean): Framing | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = bytes.slice(0, headEnd)
  const status = Number(head.slice(9, 12))
  const size = endOf(bytes, head, headEnd + 4, status, method, ended)
  if (size === undefined) return undefined
  const closes = /^connection:[^\r\n]*close/im.test(head) || head.startsWith('HTTP/1.0')
  return { status, text: bytes.slice(0, size), size, closes }
}

function endOf(bytes: string, head: string, bodyAt: number, status: number, method: string, ended: boolean) {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return bodyAt
  if (/^transfer-encoding:[^\r\n]*chunked/im.test(head)) return endOfChunks(bytes, bodyAt)
  const length = /^content-length: *(\d+)/im.exec(head)?.[1]
  if (length === undefined) return ended ? bytes.length : undefined
  const size = bodyAt + Number(length)
  return bytes.length < size ? undefined : size
}

function endOfChunks(bytes: string, from: number): number | undefined {
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.slice(at, lineEnd), 16)
    if (!(size > 0)) {
      const end = bytes.startsWith('\r\n', lineEnd + 2) ? lineEnd + 2 : bytes.indexOf('\r\n\r\n', lineEnd)
      if (end < 0 || bytes.length < lineEnd + 4) return undefined
      return bytes.startsWith('\r\n', lineEnd + 2) ? lineEnd + 4 : end + 4
    }
    at = lineEnd + 2 + size + 2
    if (bytes.length < at) return undefined
  }
}
