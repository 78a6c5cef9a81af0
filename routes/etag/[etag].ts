import { HttpError } from 'brink'
import { requestAnswer } from '../_echo.js'
import { answer, endpoint, failure } from '../_endpoint.js'
import { fieldText } from '../_field_text.js'
import { quoted } from '../_query.js'

/** The request, with this entity tag and its conditions (RFC 9110 §13.1). */
export default endpoint<'etag'>((req, head) => {
  const { etag } = req.params
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a tag has none
  if (/[\x00-\x20"\x7f]/.test(etag)) throw new HttpError(400, `invalid etag: ${quoted(etag)}`)
  const tag = `"${fieldText(etag)}"`
  const ifMatch = req.headers.get('if-match')
  const ifNoneMatch = req.headers.get('if-none-match')
  const isKnown = ifNoneMatch !== null && matches(ifNoneMatch, tag, true)
  const isRead = req.method === 'GET' || req.method === 'HEAD'
  const isRefused = (ifMatch !== null && !matches(ifMatch, tag, false)) || (isKnown && !isRead)
  if (isKnown && !isRefused) return answer(head, 304, undefined, { etag: tag })
  const answered = isRefused ? failure(head, 412) : requestAnswer(req, head)
  answered.headers.set('etag', tag)
  return answered
})

/** Compares strongly, or weakly, when tags that differ by `W/` alone are the same (RFC 9110 §8.8.3.2). */
function matches(list: string, tag: string, weakly: boolean): boolean {
  if (list.trim() === '*') return true
  return [...list.matchAll(/(W\/)?("[^"]*")/g)].some(
    ([, weak, named]) => named === tag && (weakly || weak === undefined),
  )
}
