import { limitsOf } from 'brink/target'
import { endpoint, sized } from '../_endpoint.js'
import { seededPieces } from '../_pieces.js'
import { integerWithin, param } from '../_query.js'
import { generatorBy, randomBytes } from '../_random.js'

const AT_ONCE = 64 * 1024

/** So many random bytes; the same ones for the same seed. */
export default endpoint<'count'>((req, head) => {
  const count = integerWithin(req.params.count, 'byte count', 0, limitsOf(req).maxResponseSize)
  const seed = param(req, 'seed')
  const type = { 'content-type': 'application/octet-stream' }
  if (seed === undefined) return sized(req, head, count, type, () => randomBytes(count))
  const generator = generatorBy(seed)
  return sized(req, head, count, type, () =>
    count > AT_ONCE ? seededPieces(generator, count, AT_ONCE) : generator.bytes(count),
  )
})
