import { gzipSync } from 'node:zlib'
import { compressed } from './_compressed.js'
import { endpoint } from './_endpoint.js'

/** The request, in gzip. */
export default endpoint((req, head) => compressed(req, head, 'gzip', 'gzipped', gzipSync))
