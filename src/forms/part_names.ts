/** The names in the header of a part. */
export interface PartNames {
  readonly name: string
  /** The name of the file without folders; undefined for a part that is not a file. */
  readonly filename: string | undefined
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\\\0]|\\\\[^\\0])*)"))?`, 'y')
const FORM_DATA = /form-data/iy

/**
 * Parses the `Content-Disposition` of a part (RFC 7578 §4.2). Each character of `value` is one byte. Names are UTF-8,
 * in which browsers escape quotes and line breaks as `%22`, `%0D` and `%0A` (WHATWG HTML §4.10.21.8).
 *
 * @returns undefined when it is not form-data, has no name, or has one twice
 */
export function parsePartNames(value: string): PartNames | undefined {
  FORM_DATA.lastIndex = 0
  if (!FORM_DATA.test(value)) return undefined
  const given = new Map<string, string>()
  for (let at = FORM_DATA.lastIndex; at < value.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at
    const parameter = PARAMETER.exec(value)
    if (parameter === null) return undefined
    const [, name, token, quoted] = parameter
    if (name === undefined) continue
    const key = name.toLowerCase()
    if (given.has(key)) return undefined
    given.set(key, token ?? (quoted as string))
  }
  const name = given.get('name')
  if (name === undefined) return undefined
  const filename = given.get('filename')
  const extended = given.get('filename*')
  if (filename !== undefined) return { name: decoded(name), filename: lastSegment(decoded(filename)) }
  // RFC 7578 forbids filename*, but some clients send nothing else for names beyond ASCII.
  const file = extended === undefined ? undefined : extendedValue(extended)
  return { name: decoded(name), filename: file === undefined ? undefined : lastSegment(file) }
}

const ESCAPED = /\\(["\\])|%(22|0D|0A)/gi

function decoded(text: string): string {
  const utf8 = Buffer.from(text, 'latin1').toString()
  if (!utf8.includes('\\') && !utf8.includes('%')) return utf8
  return utf8.replace(ESCAPED, (_, character: string | undefined, code: string) => {
    return character ?? String.fromCharCode(Number.parseInt(code, 16))
  })
}

/** An extended value in UTF-8 (RFC 8187 §3.2.1). */
function extendedValue(value: string): string | undefined {
  const [, encoded] = /^utf-8'[^']*'(.*)$/is.exec(value) ?? []
  if (encoded === undefined) return undefined
  try {
    const text = decodeURIComponent(encoded)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}

/** The folder on the client's machine means nothing here (RFC 7578 §4.2). */
function lastSegment(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return name === '.' || name === '..' ? '' : name
}
