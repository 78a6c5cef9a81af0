// Forms of multipart/form-data (RFC 7578) that are in memory as a whole. brink's own parser needs a package that a load
// target does not bring along.
import { HttpError } from 'brink'

interface FormParts {
  readonly form: Record<string, string[]>
  readonly files: Record<string, string[]>
}

const LINE_END = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * The fields and the contents of the files, by name.
 * @param most so many parts
 * @throws HttpError 400
 */
export function formParts(body: Buffer, contentType: string, most: number): FormParts {
  const boundary = paramOf(contentType, 'boundary')
  if (boundary === undefined || boundary === '' || boundary.length > 70) throw broken('its type names no boundary')
  const found: FormParts = { form: Object.create(null), files: Object.create(null) }
  // Before the first boundary stands a line break, or nothing.
  const all = Buffer.concat([LINE_END, body])
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  let at = all.indexOf(delimiter)
  if (at === -1) throw broken('it has no boundary')
  for (let count = 0; ; count += 1) {
    if (count > most) throw broken(`it has more than ${most} parts`)
    const start = at + delimiter.length
    if (all.toString('latin1', start, start + 2) === '--') return found
    const head = all.indexOf(LINE_END, start)
    if (head === -1 || !/^[ \t]*$/.test(all.toString('latin1', start, head))) throw broken('a boundary does not end')
    at = all.indexOf(delimiter, head)
    if (at === -1) throw broken('its last boundary is missing')
    add(found, all.subarray(head, at))
  }
}

/** A part begins with the line break of its boundary. */
function add({ form, files }: FormParts, part: Buffer): void {
  const end = part.indexOf(HEAD_END)
  if (end === -1) throw broken('a part has no head')
  const disposition = /^content-disposition:(.*)$/im.exec(part.toString('utf8', 0, end))?.[1]
  const name = disposition === undefined ? undefined : paramOf(disposition, 'name')
  if (disposition === undefined || name === undefined) throw broken('a part has no name')
  const content = part.toString('utf8', end + HEAD_END.length)
  const values = paramOf(disposition, 'filename') === undefined ? form : files
  const before = values[name]
  if (before === undefined) values[name] = [content]
  else before.push(content)
}

/** A parameter of a field, with or without quotes. Browsers escape a quote as %22 (WHATWG HTML §4.10.21.8). */
function paramOf(field: string, name: string): string | undefined {
  const found = new RegExp(`;[ \\t]*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s"]+))`, 'i').exec(field)
  if (found === null) return undefined
  const [, quoted, plain] = found
  return (
    plain ??
    quoted
      ?.replace(/\\(["\\])/g, '$1')
      .replace(/%22/g, '"')
      .replace(/%0d%0a/gi, '\r\n')
  )
}

function broken(why: string): HttpError {
  return new HttpError(400, `the body is no multipart form: ${why}`)
}
