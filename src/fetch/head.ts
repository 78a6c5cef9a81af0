import { FLAG_REPLY_CLOSE, FLAG_REPLY_DATED } from '../exchange/layout.js'
import { fieldValue, isFramingField, isLength } from '../fields/header_rules.js'
import { fieldLine, type Head, KNOWN_CONTENT_TYPES } from '../reply/reply_head.js'

/** Control characters, which fetch's `Headers` take but no field can carry (RFC 9110 §5.5). */
const UNSENDABLE = /[^\t\r\n\x20-\x7e\x80-\xff]/

/** Apps use few types. The limit bounds the memory when types are computed from data. */
const MOST_TYPES = 64
const typeLines = new Map<string, string>()

/**
 * The head of a response, in the form that the exchange takes. Fields of the connection and the framing are left out,
 * because the server writes them; `connection: close` closes the connection.
 *
 * @param list names in lower case at even indexes, values at odd indexes
 * @param type the content type, if the list has none
 * @throws TypeError `ERR_INVALID_HEADER_VALUE`
 */
export function headOfList(list: readonly string[], type: string | undefined): Head {
  let contentType = type
  let flags = 0
  let fields = ''
  let length: number | undefined
  for (let place = 0; place < list.length; place += 2) {
    const name = list[place] as string
    const value = list[place + 1] as string
    if (name === 'content-type') contentType = value
    else if (name === 'content-length') length = isLength(value) ? Number(value) : undefined
    else if (isFramingField(name)) {
      if (name === 'connection' && value.toLowerCase() === 'close') flags |= FLAG_REPLY_CLOSE
    } else {
      if (name === 'date') flags |= FLAG_REPLY_DATED
      fields += fieldLine(name, value)
    }
  }
  if (UNSENDABLE.test(fields)) checkValues(list)
  if (contentType === undefined) return { flags, fields, length }
  const known = KNOWN_CONTENT_TYPES.get(contentType)
  if (known !== undefined) return { flags: flags | known, fields, length }
  return { flags, fields: typeLine(contentType) + fields, length }
}

function checkValues(list: readonly string[]): void {
  for (let place = 0; place < list.length; place += 2) {
    const name = list[place] as string
    if (!isFramingField(name) && name !== 'content-length') fieldValue(name, list[place + 1] as string)
  }
}

function typeLine(type: string): string {
  const known = typeLines.get(type)
  if (known !== undefined) return known
  const line = `content-type: ${fieldValue('content-type', type)}\r\n`
  if (typeLines.size < MOST_TYPES) typeLines.set(type, line)
  return line
}
