/** Parses a trailer section: complete lines of `name: value`, which the native side has validated. */
export function parsedTrailers(lines: string): Headers {
  const fields = new Headers()
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return fields
}
