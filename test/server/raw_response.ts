// Reads responses off a byte stream, and throws for whatever a strict client would not accept.

export interface RawResponse {
  readonly status: number
  readonly reason: string
  /** Each field line: the name in lower case, and the value. */
  readonly fields: readonly (readonly [string, string])[]
  readonly body: Buffer
  /** The body as UTF-8. */
  readonly text: string
  /** The field lines of the trailer section. */
  readonly trailers: readonly string[]
  /** The values of a field, joined by `|`; undefined when there is none. */
  header(name: string): string | undefined
}

export type Parsed = { response: RawResponse; size: number } | { needs: number; soFar?: ChunksSoFar }

/** The chunks of a response that were found before it was complete, so that they need not be looked for again. */
export interface ChunksSoFar {
  readonly head: Head
  readonly spans: (readonly [start: number, end: number])[]
  at: number
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) ([\t\x20-\x7e]*)$/
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\t\x20-\x7e\x80-\xff]*)$/
const IMF_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

/**
 * The first response in the bytes, or how many bytes there must be before it is worth looking again: then with what was
 * `soFar`.
 */
export function parseResponse(bytes: Buffer, method: string, soFar?: ChunksSoFar): Parsed {
  if (soFar !== undefined) return chunkedBody(bytes, soFar)
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return { needs: bytes.length + 1 }
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const [, status, reason] = STATUS_LINE.exec(statusLine) ?? broken('status line', statusLine)
  const fields = lines.map((line): [string, string] => {
    const [, name = '', value = ''] = FIELD_LINE.exec(line) ?? broken('field line', line)
    if (value !== value.trim()) broken('white space in', line)
    return [name.toLowerCase(), value]
  })
  const head = new Head(Number(status), reason as string, fields)
  const bodyAt = headEnd + 4
  head.check()
  if (head.hasNoBody(method)) return { response: head.with(Buffer.alloc(0)), size: bodyAt }
  if (head.header('transfer-encoding') !== undefined) {
    return chunkedBody(bytes, { head, spans: [], at: bodyAt })
  }
  const size = bodyAt + Number(head.header('content-length') ?? broken('framing', 'neither a length nor chunked'))
  if (bytes.length < size) return { needs: size }
  return { response: head.with(Buffer.from(bytes.subarray(bodyAt, size))), size }
}

class Head {
  constructor(
    readonly status: number,
    readonly reason: string,
    readonly fields: readonly (readonly [string, string])[],
  ) {}

  header(name: string): string | undefined {
    const values = this.fields.filter((field) => field[0] === name).map(([, value]) => value)
    return values.length === 0 ? undefined : values.join('|')
  }

  hasNoBody(method: string): boolean {
    return method === 'HEAD' || this.status < 200 || this.status === 204 || this.status === 304
  }

  check(): void {
    const length = this.header('content-length')
    const coding = this.header('transfer-encoding')
    if (length !== undefined && !/^\d+$/.test(length)) broken('content-length', length)
    if (coding !== undefined && coding !== 'chunked') broken('transfer-encoding', coding)
    if (length !== undefined && coding !== undefined) broken('framing', 'both a length and chunked')
    const silent = this.status < 200 || this.status === 204
    if (silent && (length ?? coding) !== undefined) broken('framing', `a ${this.status} with a length`)
    const date = this.header('date')
    if (this.status >= 200 && !IMF_DATE.test(date ?? '')) broken('date', String(date))
    const connection = this.header('connection')
    if (connection !== undefined && !/^(close|keep-alive)$/.test(connection)) broken('connection', connection)
  }

  with(body: Buffer, trailers: readonly string[] = []): RawResponse {
    return Object.assign(this, { body, text: body.toString('utf8'), trailers })
  }
}

function chunkedBody(bytes: Buffer, soFar: ChunksSoFar): Parsed {
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', soFar.at)
    if (lineEnd === -1) return { needs: bytes.length + 1, soFar }
    const line = bytes.toString('latin1', soFar.at, lineEnd)
    if (!/^[0-9a-f]+$/i.test(line)) broken('chunk', line)
    const size = Number.parseInt(line, 16)
    const end = lineEnd + 2 + size
    if (size === 0) return withTrailers(bytes, soFar, end)
    if (bytes.length < end + 2) return { needs: end + 2, soFar }
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') broken('chunk', 'no CRLF behind it')
    soFar.spans.push([lineEnd + 2, end])
    soFar.at = end + 2
  }
}

function withTrailers(bytes: Buffer, soFar: ChunksSoFar, from: number): Parsed {
  const trailers: string[] = []
  for (let at = from; ; ) {
    const end = bytes.indexOf('\r\n', at)
    if (end === -1) return { needs: bytes.length + 1, soFar }
    if (end === at) {
      const chunks = soFar.spans.map(([start, stop]) => bytes.subarray(start, stop))
      return { response: soFar.head.with(Buffer.concat(chunks), trailers), size: end + 2 }
    }
    const line = bytes.toString('latin1', at, end)
    if (!FIELD_LINE.test(line)) broken('trailer', line)
    trailers.push(line)
    at = end + 2
  }
}

function broken(what: string, text: string): never {
  throw new Error(`a response that no client should accept: ${what}: ${JSON.stringify(text)}`)
}
