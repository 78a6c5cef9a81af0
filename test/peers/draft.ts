// A request as it is being made up, before it is bytes. Everything in it may be wrong.

export interface Draft {
  method: string
  target: string
  version: string
  /** Whole field lines, without their ends. */
  lines: string[]
  body: string
  /** What ends each line of the head, and stands before the first. */
  lineEnd: string
  prefix: string
}

/** As latin1. */
export function bytesOf({ method, target, version, lines, body, lineEnd, prefix }: Draft): string {
  return prefix + [`${method} ${target} ${version}`, ...lines, '', ''].join(lineEnd) + body
}

/** Puts a field's line in the place of those that there are. */
export function setField(draft: Draft, name: string, ...values: string[]): void {
  removeField(draft, name)
  draft.lines.push(...values.map((value) => `${name}: ${value}`))
}

export function removeField(draft: Draft, name: string): void {
  draft.lines = draft.lines.filter((line) => !line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
}

/** Gives it a body, by its length or in chunks. */
export function setChunks(draft: Draft, body: string): void {
  removeField(draft, 'Content-Length')
  setField(draft, 'Transfer-Encoding', 'chunked')
  draft.body = body
}

export function setBody(draft: Draft, body: string, ...lengths: string[]): void {
  removeField(draft, 'Transfer-Encoding')
  setField(draft, 'Content-Length', ...(lengths.length > 0 ? lengths : [String(body.length)]))
  draft.body = body
}
