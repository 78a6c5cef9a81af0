import { compressed, zstd } from './_compressed.js'
import { endpoint } from './_endpoint.js'

/** The request, in Zstandard. */
export default endpoint((req, head) => compressed(req, head, 'zstd', 'zstd', zstd))
