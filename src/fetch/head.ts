import { FLAG_REPLY_CLOSE, FLAG_REPLY_DATED } from '../exchange/layout.js'
import { fieldValue, isFramingField } from '../fields/header_rules.js'
import { fieldLine, type Head, KNOWN_CONTENT_TYPES } from '../reply/reply_head.js'

/** Apps use few types. The limit bounds the memory when types are computed from data. */
const MOST_TYPES = 64
const typeLines = new Map<string, string>()

/**
 * The head of a response, in the form that the exchange takes. Fields of the connection and the framing are left out,
 * because the server writes them; `connection: close` closes the connection.
 *
 * @param list names in lower case at even indexes, values at odd indexes
 * @param type the content type, if the list has none
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
    else if (name === 'content-length') length = /^\d+$/.test(value) ? Number(value) : undefined
    else if (isFramingField(name)) {
      if (name === 'connection' && value.toLowerCase() === 'close') flags |= FLAG_REPLY_CLOSE
    } else {
      if (name === 'date') flags |= FLAG_REPLY_DATED
      fields += fieldLine(name, value)
    }
  }
  if (contentType === undefined) return { flags, fields, length }
  const known = KNOWN_CONTENT_TYPES.get(contentType)
  if (known !== undefined) return { flags: flags | known, fields, length }
  return { flags, fields: typeLine(contentType) + fields, length }
}

function typeLine(type: string): string {
  const known = typeLines.get(type)
  if (known !== undefined) return known
  const line = `content-type: ${fieldValue('content-type', type)}\r\n`
  if (typeLines.size < MOST_TYPES) typeLines.set(type, line)
  return line
}
