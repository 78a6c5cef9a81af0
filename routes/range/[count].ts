import { limitsOf } from 'brink/target'
import { alphabet } from '../_alphabet.js'
import { answer, endpoint, failure, TEXT_TYPE } from '../_endpoint.js'
import { duration, integerWithin, param } from '../_query.js'
import { boundary, partsOf, rangesOf } from '../_ranges.js'
import { pause } from '../_timing.js'

/** So many letters of the alphabet, over and over, of which a client may ask for ranges. */
export default endpoint<'count'>(async (req, head) => {
  const { maxResponseSize, maxDuration, maxCount } = limitsOf(req)
  const size = integerWithin(req.params.count, 'count', 1, maxResponseSize)
  const lasting = duration(param(req, 'duration') ?? '0', 'duration', maxDuration)
  const etag = `"range${size}"`
  const fields = { etag, 'accept-ranges': 'bytes' }
  const ranges = rangesOf(req, size, etag, Math.min(maxCount, 100))
  if (ranges === 'unsatisfiable') {
    const refused = failure(head, 416)
    for (const [name, value] of Object.entries(fields)) refused.headers.set(name, value)
    refused.headers.set('content-range', `bytes */${size}`)
    return refused
  }
  const sent = ranges ?? [{ first: 0, last: size - 1 }]
  const length = sent.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  if (req.method === 'HEAD') {
    return answer(head, 200, undefined, { ...fields, 'content-type': TEXT_TYPE, 'content-length': String(size) })
  }
  if (lasting > 0) await pause((lasting * length) / size, req.signal)
  const [only] = sent
  if (ranges === undefined || only === undefined) {
    return answer(head, 200, alphabet(0, size), { ...fields, 'content-type': TEXT_TYPE })
  }
  if (sent.length === 1) {
    const range = { 'content-type': TEXT_TYPE, 'content-range': `bytes ${only.first}-${only.last}/${size}` }
    return answer(head, 206, alphabet(only.first, only.last + 1), { ...fields, ...range })
  }
  const between = boundary()
  const parts = partsOf(sent, { size, type: TEXT_TYPE, between }, alphabet)
  return answer(head, 206, parts, { ...fields, 'content-type': `multipart/byteranges; boundary=${between}` })
})
