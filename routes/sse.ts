import { limitsOf } from 'brink/target'
import { answer, endpoint } from './_endpoint.js'
import { paceOf } from './_pace.js'
import { integerWithin, param } from './_query.js'
import { paced, pause, serverTiming } from './_timing.js'

/** Server-sent events over a time. */
export default endpoint(async (req, head) => {
  const begin = performance.now()
  const count = integerWithin(param(req, 'count') ?? '10', 'count', 1, limitsOf(req).maxCount)
  const { delay, lasting, between, jitter } = paceOf(req, count, 5_000)
  const { signal } = req
  if (req.method !== 'HEAD') await pause(delay, signal)
  const events = async function* () {
    for await (const id of paced(count, between, jitter, signal)) {
      yield `event: ping\ndata: ${JSON.stringify({ id, timestamp: Date.now() })}\n\n`
    }
  }
  const answered = answer(head, 200, events(), {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  })
  answered.trailers = {
    // Read when the body is complete.
    get 'server-timing'() {
      return serverTiming([
        ['total_duration', performance.now() - begin, 'total request duration'],
        ['initial_delay', delay, 'initial delay'],
        ['write_duration', lasting, 'duration of writes after initial delay'],
        ['pause_per_write', between, 'computed pause between writes'],
      ])
    },
  }
  return answered
})
