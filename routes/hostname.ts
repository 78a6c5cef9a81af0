import { hostname } from 'node:os'
import { limitsOf } from 'brink/target'
import { endpoint, json } from './_endpoint.js'

/** The name of the machine, as far as it is shown. */
export default endpoint((req, head) => {
  const shown = limitsOf(req).hostname
  return json(head, { hostname: shown === true ? hostname() : shown })
})
