import { HttpError } from 'brink'
import { bodyRequestText } from './_echo.js'
import { answer, endpoint, JSON_TYPE } from './_endpoint.js'
import { fieldText, isFieldName } from './_field_text.js'
import { argsOf, quoted } from './_query.js'

/** Fields that a client must know before the content, or that frame it (RFC 9110 §6.5.1). */
const FORBIDDEN = new Set(
  (
    'age authorization cache-control connection content-encoding content-length content-range content-type cookie date ' +
    'expires host keep-alive location max-forwards proxy-authenticate proxy-connection retry-after set-cookie te ' +
    'trailer transfer-encoding upgrade vary www-authenticate'
  ).split(' '),
)

/** The request with its body, in chunks, and the query as trailers. */
export default endpoint(async (req, head) => {
  const trailers: Record<string, string[]> = {}
  for (const [name, values] of Object.entries(argsOf(req))) {
    if (FORBIDDEN.has(name.toLowerCase())) throw new HttpError(400, `forbidden trailer: ${quoted(name)}`)
    if (!isFieldName(name)) throw new HttpError(400, `invalid trailer: ${quoted(name)} is no name of a field`)
    trailers[name] = values.map(fieldText)
  }
  const text = await bodyRequestText(req, head)
  const answered = answer(head, 200, whole(text), { 'content-type': JSON_TYPE })
  answered.trailers = trailers
  return answered
})

async function* whole(text: string): AsyncGenerator<string> {
  yield text
}
