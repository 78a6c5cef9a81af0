import type { BrinkRequest } from 'brink'
import { endpoint, failure } from '../_endpoint.js'
import { imageAnswer } from '../_image_answer.js'
import { type Image, images } from '../_images.js'

/** In the order in which the target chooses. */
const KINDS: readonly (readonly [type: string, kind: string])[] = [
  ['image/png', 'png'],
  ['image/webp', 'webp'],
  ['image/svg+xml', 'svg'],
  ['image/jpeg', 'jpeg'],
  ['image/avif', 'avif'],
]

/** A small picture in a format that the client accepts. */
export default endpoint((req, head) => {
  const image = acceptedBy(req)
  return image === undefined ? failure(head, 415) : imageAnswer(head, image)
})

function acceptedBy({ headers }: BrinkRequest): Image | undefined {
  const accept = headers.get('accept')?.toLowerCase() || '*/*'
  const weights = new Map(accept.split(',').map(weighted))
  const weightOf = (type: string) => weights.get(type) ?? weights.get('image/*') ?? weights.get('*/*') ?? 0
  const [best] = KINDS.filter(([type]) => weightOf(type) > 0).toSorted(([a], [b]) => weightOf(b) - weightOf(a))
  return best && images.get(best[1])
}

/** A media range with its weight (RFC 9110 §12.5.1). */
function weighted(range: string): [type: string, weight: number] {
  const [type = '', ...params] = range.split(';').map((part) => part.trim())
  const q = params.find((param) => param.startsWith('q='))
  return [type, q === undefined ? 1 : Number(q.slice(2)) || 0]
}
