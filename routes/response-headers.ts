import { HttpError } from 'brink'
import { limitsOf } from 'brink/target'
import { chosenType, escaped, SANDBOX } from './_content_types.js'
import { answer, endpoint, JSON_TYPE } from './_endpoint.js'
import { fieldText, isFieldName } from './_field_text.js'
import { pretty } from './_json.js'
import { argsOf, lists, quoted } from './_query.js'

/** Fields of framing and of the connection, which are the server's. */
const FRAMING = /^(?:connection|content-length|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/
/** Fields with which a page would send a browser elsewhere, or change what it does with the whole origin. */
const POWERFUL = new Set(
  (
    'alt-svc clear-site-data content-security-policy content-encoding nel public-key-pins refresh report-to ' +
    'reporting-endpoints service-worker-allowed sourcemap strict-transport-security x-content-type-options x-sourcemap'
  ).split(' '),
)

/** The query as fields of the answer, and as JSON. */
export default endpoint((req, head) => {
  const isSafe = !limitsOf(req).allowActiveContent
  const args = Object.assign(Object.create(null), argsOf(req)) as Record<string, readonly string[]>
  const { type, escapes } = chosenType(req, args['Content-Type']?.[0] || JSON_TYPE)
  args['Content-Type'] ??= [type]
  const shown = escapes ? lists(escapedPairs(args)) : args
  const answered = answer(head, 200, `${pretty(shown)}\n`, { 'content-type': type })
  for (const [name, values] of Object.entries(args)) {
    const lowerCase = name.toLowerCase()
    if (FRAMING.test(lowerCase)) throw new HttpError(400, `forbidden header: ${quoted(name)} belongs to the connection`)
    if (isSafe && POWERFUL.has(lowerCase)) throw new HttpError(400, `header not allowed here: ${quoted(name)}`)
    // A name that is none is in the JSON alone.
    if (!isFieldName(name) || lowerCase === 'content-type' || lowerCase === 'date') continue
    answered.headers.delete(name)
    for (const value of values) answered.headers.append(name, fieldText(value))
  }
  if (escapes) answered.headers.set('content-security-policy', SANDBOX)
  return answered
})

function* escapedPairs(args: Readonly<Record<string, readonly string[]>>): Generator<[string, string]> {
  for (const [name, values] of Object.entries(args)) {
    for (const value of values) yield [escaped(name), escaped(value)]
  }
}
