import { endpoint, failure } from '../_endpoint.js'
import { imageAnswer } from '../_image_answer.js'
import { images } from '../_images.js'

/** A small picture in a format. */
export default endpoint<'kind'>((req, head) => {
  const image = images.get(req.params.kind)
  return image === undefined ? failure(head, 404) : imageAnswer(head, image)
})
