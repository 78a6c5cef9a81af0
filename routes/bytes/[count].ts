import { limitsOf } from 'brink/target'
import { answer, BINARY_TYPE, binary, endpoint } from '../_endpoint.js'
import { seededPieces } from '../_pieces.js'
import { integerWithin, param } from '../_query.js'
import { generatorBy, randomBytes } from '../_random.js'

const AT_ONCE = 64 * 1024

/** So many random bytes; the same ones for the same seed. */
export default endpoint<'count'>((req, head) => {
  const count = integerWithin(req.params.count, 'byte count', 0, limitsOf(req).maxResponseSize)
  const seed = param(req, 'seed')
  const generator = seed === undefined ? undefined : generatorBy(seed)
  const fields = { 'content-type': BINARY_TYPE, 'content-length': String(count) }
  // The length of a body that is not made.
  if (req.method === 'HEAD') return answer(head, 200, undefined, fields)
  if (generator === undefined) return binary(head, randomBytes(count))
  if (count <= AT_ONCE) return binary(head, generator.bytes(count))
  return answer(head, 200, seededPieces(generator, count, AT_ONCE), fields)
})
