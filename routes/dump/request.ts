import { fieldLines, protocolOf } from 'brink/target'
import { bytesOf, hasBody } from '../_body.js'
import { answer, endpoint, TEXT_TYPE } from '../_endpoint.js'

/** The request as it arrived: its line, its fields in their order and spelling, and its body. */
export default endpoint(async (req, head) => {
  const lines = [`${req.method} ${req.target} ${protocolOf(req)}`]
  const fields = fieldLines(req)
  for (let place = 0; place < fields.length; place += 2) {
    const [name, value] = [fields[place] as string, fields[place + 1]]
    if (isShown(head.fields, name)) lines.push(`${name}: ${value}`)
  }
  const isChunked = req.headers.get('transfer-encoding') !== null
  const body = hasBody(req) ? Buffer.from(await bytesOf(req)) : Buffer.alloc(0)
  const all = [Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), ...(isChunked ? inOneChunk(body) : [body])]
  return answer(head, 200, Buffer.concat(all), { 'content-type': TEXT_TYPE })
})

/** How the chunks were cut is not known any more. */
function inOneChunk(body: Buffer): Buffer[] {
  const end = Buffer.from('0\r\n\r\n')
  return body.length === 0 ? [end] : [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n'), end]
}

function isShown(fields: Readonly<Record<string, unknown>>, name: string): boolean {
  return Object.keys(fields).some((shown) => shown.toLowerCase() === name.toLowerCase())
}
