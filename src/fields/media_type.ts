const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const QUOTED = '"((?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*)"'
const ESSENCE = new RegExp(`(${TOKEN}/${TOKEN})`, 'y')
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|${QUOTED}))?`, 'y')

/** The value of a `Content-Type` field (RFC 9110 §8.3.1). */
export interface MediaType {
  /** Type and subtype in lower case, such as `text/html`. */
  readonly essence: string
  /** The parameters, with names in lower case and values unchanged. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Parses the value of a `Content-Type` field (RFC 9110 §8.3.1, §5.6.6).
 *
 * Parsing is strict, so that the code that checks a type and the code that reads the body agree: a value that
 * violates the grammar anywhere, or has a parameter twice, is not a media type.
 *
 * @returns undefined when the value is absent or invalid
 */
export function parseMediaType(field: string | null): MediaType | undefined {
  if (field === null) return undefined
  ESSENCE.lastIndex = 0
  const essence = ESSENCE.exec(field)?.[1]
  if (essence === undefined) return undefined
  const parameters = new Map<string, string>()
  for (let at = essence.length; at < field.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at
    const parameter = PARAMETER.exec(field)
    if (parameter === null) return undefined
    const [, name, token, quoted] = parameter
    // Empty parameters are allowed and ignored.
    if (name === undefined) continue
    const key = name.toLowerCase()
    if (parameters.has(key)) return undefined
    parameters.set(key, token ?? unquoted(quoted as string))
  }
  return { essence: essence.toLowerCase(), parameters }
}

/** Whether a body of this type is JSON: `application/json` or a `+json` suffix (RFC 6839 §3.1). */
export function isJson({ essence }: MediaType): boolean {
  return essence === 'application/json' || essence.endsWith('+json')
}

function unquoted(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, '$1') : text
}
