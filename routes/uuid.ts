import { randomUUID } from 'node:crypto'
import { endpoint, json } from './_endpoint.js'

/** A random UUID, version 4 (RFC 9562). */
export default endpoint((_req, head) => json(head, { uuid: randomUUID() }))
