import { endpoint, json } from './_endpoint.js'

/** By which program it is asked. */
export default endpoint((_req, head) => json(head, { 'user-agent': head.fields['User-Agent']?.[0] ?? '' }))
