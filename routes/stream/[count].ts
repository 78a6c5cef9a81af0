import { answer, endpoint, JSON_TYPE } from '../_endpoint.js'
import { jsonLine } from '../_json_lines.js'
import { integer } from '../_query.js'

const MOST = 100

/** So many lines of JSON, each the request and a number: at least 1 and at most 100. */
export default endpoint<'count'>((req, head) => {
  const count = Math.max(1, Math.min(MOST, integer(req.params.count, 'count')))
  const lineOf = jsonLine(req, head)
  return answer(head, 200, lines(count, lineOf), { 'content-type': JSON_TYPE })
})

async function* lines(count: number, lineOf: (id: number) => string): AsyncGenerator<string> {
  for (let id = 0; id < count; id += 1) yield lineOf(id)
}
