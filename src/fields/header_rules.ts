import { describe } from '../runtime/describe.js'
import { coded } from '../runtime/errors.js'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// Tab is the only control character that is allowed in a value; characters above 0xFF do not fit into a byte (RFC
// 9110 §5.5).
const FORBIDDEN_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/** Fields of the connection and of framing, which only the server sets (RFC 9110 §7.6.1, RFC 9112 §6). */
const FRAMING = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Whether a value is a token, as names of fields are (RFC 9110 §5.6.2). */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value)
}

// Apps use few names repeatedly. The limit bounds the memory when names are derived from data.
const KNOWN_NAMES_LIMIT = 512
const knownNames = new Map<string, string>()

/**
 * Validates the name of a field and returns it in lower case.
 * @throws TypeError `ERR_INVALID_HEADER_NAME` when it is not a token (RFC 9110 §5.1)
 */
export function fieldName(name: string): string {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  if (!isToken(name)) {
    throw coded(
      new TypeError(
        `The name of a header cannot be ${describe(name)}: it consists of letters, digits and !#$%&'*+-.^_\`|~`,
      ),
      'ERR_INVALID_HEADER_NAME',
    )
  }
  const lowerCase = name.toLowerCase()
  if (knownNames.size < KNOWN_NAMES_LIMIT) knownNames.set(name, lowerCase)
  return lowerCase
}

/**
 * Validates the value of a field and returns it as text without surrounding white space.
 * @throws TypeError `ERR_INVALID_HEADER_VALUE` for a line break or any other character that a field cannot contain,
 * and for a value that is neither a string nor a number; `ERR_FRAMING_HEADER` for a field that only the server sets
 */
export function fieldValue(name: string, value: string | number): string {
  if (typeof value === 'number') value = String(value)
  if (Array.isArray(value)) throw invalidValue(name, 'must not be a list here: call append() for each value')
  if (typeof value !== 'string') {
    throw invalidValue(name, `must be a string or a number, not ${describe(value)}`)
  }
  const forbidden = FORBIDDEN_IN_VALUE.exec(value)
  if (forbidden !== null) {
    const code = (value.codePointAt(forbidden.index) as number).toString(16).toUpperCase().padStart(4, '0')
    throw invalidValue(name, `contains U+${code} at ${forbidden.index}, which is not allowed in a header`)
  }
  const trimmed = withoutOuterSpace(value)
  if (name === 'content-length' && !isLength(trimmed)) throw invalidValue(name, 'must be a single number of bytes')
  if (FRAMING.has(name) && !(name === 'connection' && trimmed.toLowerCase() === 'close')) throw framingField(name)
  return trimmed
}

/** Whether a value of `content-length` is one number of bytes, which a number holds exactly. */
export function isLength(value: string): boolean {
  return /^0*\d{1,15}$/.test(value)
}

/** Whether a field describes a single connection, so that it must not be copied to another message. */
export function isFramingField(name: string): boolean {
  return FRAMING.has(name)
}

function invalidValue(name: string, complaint: string): TypeError {
  return coded(new TypeError(`The value of the header '${name}' ${complaint}.`), 'ERR_INVALID_HEADER_VALUE')
}

function framingField(name: string): TypeError {
  const hint = name === 'connection' ? "Only 'connection: close' may be set." : 'Leave it out.'
  return coded(
    new TypeError(
      `The header '${name}' is set by the server, because it belongs to the framing of the connection. ${hint}`,
    ),
    'ERR_FRAMING_HEADER',
  )
}

// Not trim(), which also removes U+00A0, a legal byte.
function withoutOuterSpace(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isSpace(value.charCodeAt(start))) start += 1
  while (end > start && isSpace(value.charCodeAt(end - 1))) end -= 1
  return end - start === value.length ? value : value.slice(start, end)
}

function isSpace(character: number): boolean {
  return character === 0x20 || character === 0x09
}
