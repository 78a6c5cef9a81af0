import { limitsOf } from 'brink/target'
import type { Asked } from './_endpoint.js'
import { checkTogether, duration, param, share } from './_query.js'
import { pauseBetween } from './_timing.js'

/** When the parts of a stream come. Times in milliseconds. */
export interface Pace {
  /** Before the answer begins. */
  readonly delay: number
  /** From the first part to the last. */
  readonly lasting: number
  readonly between: number
  /** From 0 to 1: how much the pauses vary. */
  readonly jitter: number
}

/**
 * What `duration`, `delay` and `jitter` of the query say.
 * @param usual how long it lasts when nobody says so, in milliseconds
 */
export function paceOf(req: Asked, count: number, usual: number): Pace {
  const { maxDuration } = limitsOf(req)
  const asked = param(req, 'duration')
  const delay = duration(param(req, 'delay') ?? '0', 'delay', maxDuration)
  const lasting =
    asked === undefined ? Math.min(usual, maxDuration - delay) : duration(asked, 'duration', maxDuration, true)
  const jitter = share(param(req, 'jitter') ?? '0', 'jitter')
  checkTogether(lasting, delay, maxDuration)
  return { delay, lasting, between: pauseBetween(lasting, count), jitter }
}
