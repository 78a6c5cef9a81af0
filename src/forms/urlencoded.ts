// A parser of `application/x-www-form-urlencoded` (WHATWG URL §5.1) over bytes, as the standard defines it: each name
// and value is unescaped first and then decoded as UTF-8. `URLSearchParams` takes a string, and Node's decodes
// non-ASCII text next to a broken escape wrongly.

const AMPERSAND = 0x26
const EQUALS = 0x3d
const PERCENT = 0x25
const PLUS = 0x2b
const SPACE = 0x20
const NO_DIGIT = 0xff

const HEX_DIGITS = new Uint8Array(256).fill(NO_DIGIT)
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  HEX_DIGITS[digit.charCodeAt(0)] = value
  HEX_DIGITS[digit.toUpperCase().charCodeAt(0)] = value
}

/** The names and values of a form, in order. Unescapes in place, so `bytes` is overwritten. */
export function* urlencodedPairs(bytes: Buffer): Generator<readonly [name: string, value: string], void, undefined> {
  for (let at = 0, end: number; at < bytes.length; at = end + 1) {
    const ampersand = bytes.indexOf(AMPERSAND, at)
    end = ampersand === -1 ? bytes.length : ampersand
    if (end === at) continue
    const sequence = bytes.subarray(at, end)
    const equals = sequence.indexOf(EQUALS)
    if (equals === -1) yield [decoded(sequence), '']
    else yield [decoded(sequence.subarray(0, equals)), decoded(sequence.subarray(equals + 1))]
  }
}

function decoded(bytes: Buffer): string {
  // Most values contain no escape.
  if (!bytes.includes(PERCENT) && !bytes.includes(PLUS)) return bytes.toString()
  let end = 0
  for (let at = 0; at < bytes.length; at += 1, end += 1) {
    const byte = bytes[at] as number
    bytes[end] = byte === PLUS ? SPACE : byte
    if (byte !== PERCENT) continue
    const high = HEX_DIGITS[bytes[at + 1] ?? 0] as number
    const low = HEX_DIGITS[bytes[at + 2] ?? 0] as number
    if (high === NO_DIGIT || low === NO_DIGIT) continue
    bytes[end] = high * 16 + low
    at += 2
  }
  return bytes.toString('utf8', 0, end)
}

/** Whether a form has more fields than `most`. Empty fields count, because parsing them takes time, too. */
export function hasMoreFields(bytes: Uint8Array, most: number): boolean {
  let count = bytes.length === 0 ? 0 : 1
  for (let at = bytes.indexOf(AMPERSAND); at !== -1 && count <= most; at = bytes.indexOf(AMPERSAND, at + 1)) count += 1
  return count > most
}
