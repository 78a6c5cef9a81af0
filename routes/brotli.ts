import { brotliCompressSync, constants } from 'node:zlib'
import { compressed } from './_compressed.js'
import { endpoint } from './_endpoint.js'

const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }

/** The request, in Brotli. */
export default endpoint((req, head) =>
  compressed(req, head, 'br', 'brotli', (bytes) => brotliCompressSync(bytes, options)),
)
