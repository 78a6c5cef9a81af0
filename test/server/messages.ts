// Requests as bytes.

/** A head: the request line, a Host, the fields. */
export function head(method: string, target: string, ...fields: string[]): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: brink', ...fields, '', ''].join('\r\n')
}

export function get(target = '/', ...fields: string[]): string {
  return head('GET', target, ...fields)
}

export function post(target: string, body: string | Uint8Array, ...fields: string[]): Buffer {
  const bytes = Buffer.from(body)
  return Buffer.concat([Buffer.from(head('POST', target, `Content-Length: ${bytes.length}`, ...fields)), bytes])
}

export function postChunked(target: string, chunks: readonly (string | Uint8Array)[], ...fields: string[]): Buffer {
  return Buffer.concat([Buffer.from(head('POST', target, 'Transfer-Encoding: chunked', ...fields)), inChunks(chunks)])
}

export function inChunks(chunks: readonly (string | Uint8Array)[]): Buffer {
  const parts = chunks.map((chunk) => {
    const bytes = Buffer.from(chunk)
    return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
  })
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

/** So many bytes of which no two stretches look alike; the same for the same seed. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = seed * 2654435761
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    bytes[at] = state >>> 24
  }
  return bytes
}
