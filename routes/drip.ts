import { limitsOf } from 'brink/target'
import { type Asked, answer, endpoint, TEXT_TYPE } from './_endpoint.js'
import { checkTogether, duration, integerWithin, param } from './_query.js'
import { statusOf } from './_statuses.js'
import { pause, pauseBetween, serverTiming, until } from './_timing.js'

/** So many bytes, over so long, after a delay: a slow answer whose length is known. */
export default endpoint(async (req, head) => {
  const { maxDuration, maxResponseSize } = limitsOf(req)
  const { lasting, delay } = times(req, maxDuration)
  const count = integerWithin(param(req, 'numbytes') ?? '10', 'numbytes', 1, maxResponseSize)
  const status = statusOf(param(req, 'code') ?? '200')
  const { signal } = req
  if (req.method !== 'HEAD') await pause(delay, signal)
  const between = pauseBetween(lasting, count)
  const fields = {
    'content-type': TEXT_TYPE,
    'content-length': String(count),
    'server-timing': serverTiming([
      ['total_duration', delay + lasting, 'total request duration'],
      ['initial_delay', delay, 'initial delay'],
      ['write_duration', lasting, 'duration of writes after initial delay'],
      ['pause_per_write', between, 'computed pause between writes'],
    ]),
  }
  if (req.method === 'HEAD') return answer(head, status, undefined, fields)
  if (status === 204 || status === 205 || status === 304) return answer(head, status, undefined)
  return answer(head, status, drops(count, between, signal), fields)
})

const USUAL_MS = 2_000

/** What is not asked for fits beside what is. */
function times(req: Asked, most: number): { lasting: number; delay: number } {
  const [lasting, delay] = ['duration', 'delay'].map((name) => {
    const asked = param(req, name)
    return asked === undefined ? undefined : duration(asked, name, most)
  })
  const usual = (other: number | undefined) => Math.min(USUAL_MS, other === undefined ? most / 2 : most - other)
  const both = { lasting: lasting ?? usual(delay), delay: delay ?? usual(lasting) }
  checkTogether(both.lasting, both.delay, most)
  return both
}

const MOST_AT_ONCE = 64 * 1024

/** A byte at a time, or as many as are due: a timer cannot wait for less than a millisecond. */
async function* drops(count: number, between: number, signal: AbortSignal): AsyncGenerator<string> {
  const begin = performance.now()
  for (let sent = 0; sent < count; ) {
    await until(begin + sent * between, signal)
    const due = between === 0 ? count : 1 + Math.floor((performance.now() - begin) / between)
    const next = Math.min(MOST_AT_ONCE, Math.max(1, Math.min(due, count) - sent))
    yield '*'.repeat(next)
    sent += next
  }
}
