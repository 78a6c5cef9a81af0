import { coded } from '../runtime/errors.js'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// Tab is the one control character that a value may hold; characters above 0xFF do not fit a byte (RFC 9110 §5.5).
const FORBIDDEN_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/** Fields that speak of the connection or the framing, which belong to the server (RFC 9110 §7.6.1, RFC 9112 §6). */
const FRAMING = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

// Apps use few names, again and again. The bound keeps names that are made from data from filling the memory.
const KNOWN_NAMES_LIMIT = 512
const knownNames = new Map<string, string>()

/**
 * The name of a field in lower case.
 * @throws TypeError `ERR_INVALID_HEADER_NAME` when it is not a token (RFC 9110 §5.1)
 */
export function fieldName(name: string): string {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    throw coded(
      new TypeError(
        `${JSON.stringify(name)} cannot be the name of a header: a name is letters, digits and !#$%&'*+-.^_\`|~`,
      ),
      'ERR_INVALID_HEADER_NAME',
    )
  }
  const lowerCase = name.toLowerCase()
  if (knownNames.size < KNOWN_NAMES_LIMIT) knownNames.set(name, lowerCase)
  return lowerCase
}

/**
 * The value of a field as it is sent: text, without white space around it.
 * @throws TypeError `ERR_INVALID_HEADER_VALUE` when it holds a character that could break out of its line or is no
 *   byte, or is neither a string nor a number; `ERR_FRAMING_HEADER` when the field is the server's to write
 */
export function fieldValue(name: string, value: string | number): string {
  if (typeof value === 'number') value = String(value)
  if (Array.isArray(value)) throw invalidValue(name, 'is a list: call append() for each of its values')
  if (typeof value !== 'string') {
    throw invalidValue(name, `must be a string or a number, not ${value === null ? 'null' : typeof value}`)
  }
  const forbidden = FORBIDDEN_IN_VALUE.exec(value)
  if (forbidden !== null) {
    const code = (value.codePointAt(forbidden.index) as number).toString(16).toUpperCase().padStart(4, '0')
    throw invalidValue(name, `holds U+${code} at ${forbidden.index}, which a header cannot carry`)
  }
  const trimmed = withoutOuterSpace(value)
  if (name === 'content-length' && !/^\d+$/.test(trimmed)) throw invalidValue(name, 'must be one number of bytes')
  if (FRAMING.has(name) && !(name === 'connection' && trimmed.toLowerCase() === 'close')) throw framingField(name)
  return trimmed
}

/** Whether a field speaks of one connection only, so that it must not be carried over from another message. */
export function isFramingField(name: string): boolean {
  return FRAMING.has(name)
}

function invalidValue(name: string, complaint: string): TypeError {
  return coded(new TypeError(`The value of the header '${name}' ${complaint}.`), 'ERR_INVALID_HEADER_VALUE')
}

function framingField(name: string): TypeError {
  const hint = name === 'connection' ? "Only 'connection: close' can be asked for." : 'Leave it out.'
  return coded(
    new TypeError(`The header '${name}' is the server's to write, so that no answer can break the framing. ${hint}`),
    'ERR_FRAMING_HEADER',
  )
}

// Not trim(): it would take U+00A0 too, which is a legal byte.
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
