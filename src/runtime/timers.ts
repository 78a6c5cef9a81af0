// Timers and clocks that an app's tests cannot replace. Fake timers (jest, vitest, sinon, the mocks of node:test) and
// frozen dates replace the globals, some of them also the functions of node:timers, and no response may depend on
// those. So the originals are taken once, when this module loads, and no other module uses the globals. node:timers
// has Node's own functions even when the globals were replaced earlier.
import nodeTimers from 'node:timers'

const { setImmediate, setTimeout, clearTimeout } = nodeTimers
const { now: dateNow } = Date

/** In milliseconds. A longer timer would end at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The original timers and clocks. Only tests of this package replace them. */
export const timers = {
  setImmediate,
  setTimeout,
  clearTimeout,
  nextTick: process.nextTick.bind(process),
  /** Milliseconds of a monotonic clock. */
  now: performance.now.bind(performance),
  Date: globalThis.Date,
  /** Milliseconds since 1970. */
  date: (): number => dateNow(),
}
