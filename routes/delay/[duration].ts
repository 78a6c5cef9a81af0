import { limitsOf } from 'brink/target'
import { bodyAnswer } from '../_echo.js'
import { endpoint } from '../_endpoint.js'
import { duration } from '../_query.js'
import { pause, serverTiming } from '../_timing.js'

/** The request with its body, after a while. */
export default endpoint<'duration'>(async (req, head) => {
  const ms = duration(req.params.duration, 'duration', limitsOf(req).maxDuration)
  await pause(ms, req.signal)
  const answered = await bodyAnswer(req, head)
  answered.headers.set('server-timing', serverTiming([['initial_delay', ms, 'initial delay']]))
  return answered
})
