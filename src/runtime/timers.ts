// Timers and clocks as they are without an app's tests. Fake timers (jest, vitest, sinon, the mocks of node:test) and
// frozen dates replace the globals, some of them the functions of node:timers, and no answer may wait for those, or be
// made at their time. So they are taken once, when this is loaded, and no other module here uses the global ones.
// Those of node:timers are Node's own also where the globals were replaced before.
import nodeTimers from 'node:timers'

const { setImmediate, setTimeout, clearTimeout } = nodeTimers
const { now: dateNow } = Date

/** What tells the time and waits for it. Not to be changed, but by tests of this package. */
export const timers = {
  setImmediate,
  setTimeout,
  clearTimeout,
  nextTick: process.nextTick.bind(process),
  /** Milliseconds, by a clock that never goes backwards. */
  now: performance.now.bind(performance),
  Date: globalThis.Date,
  /** Milliseconds since 1970. */
  date: (): number => dateNow(),
}
