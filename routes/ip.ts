import { endpoint, json, text } from './_endpoint.js'
import { originOf } from './_head.js'
import { param } from './_query.js'

/** Who asks. */
export default endpoint((req, head) => {
  const origin = originOf(req, head)
  return param(req, 'format') === 'text' ? text(head, `${origin}\n`) : json(head, { origin })
})
