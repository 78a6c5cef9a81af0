import { limitsOf } from 'brink/target'
import { answer, endpoint } from './_endpoint.js'
import { jsonLine } from './_json_lines.js'
import { paceOf } from './_pace.js'
import { integer, param } from './_query.js'
import { paced, pause } from './_timing.js'

/** JSON, one object a line, over a time. */
export default endpoint(async (req, head) => {
  const { maxCount } = limitsOf(req)
  const count = Math.max(1, Math.min(maxCount, integer(param(req, 'count') ?? '10', 'count')))
  const { delay, between, jitter } = paceOf(req, count, 0)
  const { signal } = req
  const lineOf = jsonLine(req, head)
  if (req.method !== 'HEAD') await pause(delay, signal)
  const lines = async function* () {
    for await (const id of paced(count, between, jitter, signal)) yield lineOf(id)
  }
  return answer(head, 200, lines(), { 'content-type': 'application/x-ndjson; charset=utf-8' })
})
