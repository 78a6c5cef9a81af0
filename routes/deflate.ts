import { deflateSync } from 'node:zlib'
import { compressed } from './_compressed.js'
import { endpoint } from './_endpoint.js'

/** The request, in the zlib format, which HTTP calls deflate (RFC 9110 §8.4.1.2). */
export default endpoint((req, head) => compressed(req, head, 'deflate', 'deflated', deflateSync))
