import { endpoint, page } from '../../_endpoint.js'
import { linkCount } from '../../_links.js'
import { integer } from '../../_query.js'

/** A page with links to all the others. */
export default endpoint<'count' | 'offset'>((req, head) => {
  const count = linkCount(req.params.count)
  const offset = integer(req.params.offset, 'offset')
  const links = Array.from({ length: count }, (_, index) =>
    index === offset ? `${index} ` : `<a href="/links/${count}/${index}">${index}</a> `,
  )
  return page(head, `<html><head><title>Links</title></head><body>${links.join('')}</body></html>`)
})
