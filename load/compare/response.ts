// A strict reader of responses, for what is checked before it is measured.

export interface Response {
  status: number
  fields: Map<string, string>
  body: string
  /** Where the next one begins. */
  end: number
}

/** The response that begins at `at`, or undefined while it is incomplete. `text` is bytes, as latin1. */
export function readResponse(text: string, at: number): Response | undefined {
  const headEnd = text.indexOf('\r\n\r\n', at)
  if (headEnd === -1) return undefined
  const [statusLine = '', ...lines] = text.slice(at, headEnd).split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]
  if (status === undefined) throw new Error(`answers with ${JSON.stringify(statusLine)}, which is no status line`)
  const fields = new Map(lines.map(fieldOf))
  const body = bodyOf(fields, text, headEnd + 4)
  return body && { status: Number(status), fields, ...body }
}

function fieldOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

function bodyOf(fields: Map<string, string>, text: string, at: number): Pick<Response, 'body' | 'end'> | undefined {
  if (fields.get('transfer-encoding') === 'chunked') return chunksOf(text, at)
  const length = fields.get('content-length')
  if (length === undefined) throw new Error('answers without a length')
  const end = at + Number(length)
  return end > text.length ? undefined : { body: text.slice(at, end), end }
}

function chunksOf(text: string, at: number): Pick<Response, 'body' | 'end'> | undefined {
  let body = ''
  for (let from = at; ; ) {
    const lineEnd = text.indexOf('\r\n', from)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(text.slice(from, lineEnd), 16)
    const end = lineEnd + 2 + size
    if (end + 2 > text.length) return undefined
    if (size === 0) return { body, end: end + 2 }
    body += text.slice(lineEnd + 2, end)
    from = end + 2
  }
}
