import { createHash } from 'node:crypto'
import { requestAnswer } from '../_echo.js'
import { answer, endpoint } from '../_endpoint.js'

const TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/

/** The request; 304 to a client that has it already, whatever it has. */
export default endpoint((req, head) => {
  const tags = req.headers.get('if-none-match')
  const since = req.headers.get('if-modified-since')
  if (tags || since) {
    // Its own tag is the one that the client has (RFC 9110 §15.4.5).
    const [tag] = TAG.exec(tags ?? '') ?? [tagOf(since ?? '')]
    return answer(head, 304, undefined, { etag: tag as string })
  }
  const modified = new Date().toUTCString()
  const answered = requestAnswer(req, head)
  answered.headers.set('last-modified', modified)
  answered.headers.set('etag', tagOf(modified))
  return answered
})

function tagOf(date: string): string {
  return `"${createHash('sha1').update(date).digest('hex')}"`
}
