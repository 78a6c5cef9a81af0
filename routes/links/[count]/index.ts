import { answer, endpoint } from '../../_endpoint.js'
import { linkCount } from '../../_links.js'

/** Sends a client to the first of so many pages. */
export default endpoint<'count'>((req, head) => {
  linkCount(req.params.count)
  const mark = req.target.indexOf('?')
  return answer(head, 302, undefined, { location: `${req.path}/0${mark === -1 ? '' : req.target.slice(mark)}` })
})
