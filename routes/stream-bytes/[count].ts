import { HttpError } from 'brink'
import { limitsOf } from 'brink/target'
import { answer, endpoint } from '../_endpoint.js'
import { integer, integerWithin, param } from '../_query.js'
import { type Generator32, generatorBy } from '../_random.js'

const AT_ONCE = 64 * 1024
const USUAL_CHUNK = 10 * 1024

/** So many random bytes in chunks. */
export default endpoint<'count'>((req, head) => {
  const { maxResponseSize, maxCount } = limitsOf(req)
  const count = integerWithin(req.params.count, 'byte count', 0, maxResponseSize)
  const usual = Math.max(USUAL_CHUNK, Math.ceil(count / maxCount))
  const asked = integer(param(req, 'chunk_size') ?? String(usual), 'chunk_size')
  const generator = generatorBy(param(req, 'seed'))
  // A size that is none is that of the whole.
  const size = asked < 1 ? Math.max(1, count) : asked
  if (count / size > maxCount) throw new HttpError(400, `invalid chunk_size: these are more than ${maxCount} chunks`)
  return answer(head, 200, chunks(generator, count, size), { 'content-type': 'application/octet-stream' })
})

async function* chunks(generator: Generator32, count: number, size: number): AsyncGenerator<Uint8Array> {
  let spare: Uint8Array = new Uint8Array(0)
  for (let left = count; left > 0; ) {
    const wanted = Math.min(left, size, AT_ONCE)
    // The generator makes four bytes at a time, and the same bytes come whatever the size of the chunks is.
    if (spare.length < wanted) spare = Buffer.concat([spare, generator.bytes(Math.max(AT_ONCE, wanted))])
    yield spare.subarray(0, wanted)
    spare = spare.subarray(wanted)
    left -= wanted
  }
}
