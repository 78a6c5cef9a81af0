import type { CloseOptions, CloseReport } from '../request/closing.js'
import { describe } from '../runtime/describe.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { wrongArgument, wrongType, wrongValue } from '../runtime/option_errors.js'
import { LONGEST_TIMER_MS, timers } from '../runtime/timers.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { checkedCloseOptions, STANDARD_DEADLINE_MS, STANDARD_GRACE_MS } from './close_schedule.js'
import { endingSignal, joinEnding } from './process_ending.js'
import type { Server } from './server.js'
import { workerContext } from './worker_context.js'

const EXIT_BY_SIGNAL = 128
/** A worker hears them by itself: they may come beside what its supervisor says. */
const WORKER_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set<NodeJS.Signals>(['SIGTERM', 'SIGINT'])

/**
 * Options of `closeOnSignals`. Those of `close` have other defaults here: `deadline` is 10,000 after `readinessDelay`,
 * and `grace` is 5,000, but 0 for SIGINT, which usually comes from a keyboard.
 */
export interface CloseOnSignalsOptions extends CloseOptions {
  /** The signals to listen for. Default: SIGTERM and SIGINT. */
  signals?: readonly NodeJS.Signals[] | undefined
  /**
   * Called when the servers of this call have closed, with their reports: to close databases, and to log. It is waited
   * for before the process exits. An error is an unhandled rejection.
   */
  onClosed?: ((reports: CloseReport[]) => unknown) | undefined
}

/**
 * Closes servers when the process is told to end. The first signal closes them, and then the process exits with
 * `process.exitCode`, or 0; when it was called several times, after the last of them. A second signal cuts what is left: the process exits at once with 128 and the signal's number,
 * 130 for SIGINT and 143 for SIGTERM, as if the signal had ended it. It is not sent again, because process 1 of a container
 * ignores signals without a listener.
 *
 * @param servers a server, or a list of servers, which are closed together
 * @returns a function that removes the listeners. They are also removed when all servers have closed
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE` for wrong options
 */
export function closeOnSignals(servers: Server | readonly Server[], options: CloseOnSignalsOptions = {}): () => void {
  const all = Array.isArray(servers) ? ([...servers] as Server[]) : [servers as Server]
  const isServers = all.length > 0 && all.every((server) => typeof server?.close === 'function')
  if (!isServers) throw wrongArgument('closeOnSignals()', 'a server, or a list of servers', servers)
  const { signals = ['SIGTERM', 'SIGINT'], onClosed, ...times } = options ?? {}
  checkedCloseOptions(options, 'closeOnSignals()', ['signals', 'onClosed'])
  const { readinessDelay = 0, deadline = standardDeadline(readinessDelay) } = times
  checkedCloseOptions({ readinessDelay, deadline }, 'closeOnSignals()')
  checkSignals(signals)
  if (onClosed !== undefined && typeof onClosed !== 'function') throw wrongType('onClosed', 'a function', onClosed)

  let isEnding = false
  let isRemoved = false
  let forgetDrain = () => {}
  const remove = () => {
    isRemoved = true
    forgetDrain()
    for (const signal of signals) process.off(signal, listen)
  }
  const listen = (signal: NodeJS.Signals): void => {
    if (isEnding) {
      remove()
      process.exit(EXIT_BY_SIGNAL + lateBuiltin('node:os').constants.signals[signal])
    }
    isEnding = true
    void close(signal)
  }
  const close = async (signal: NodeJS.Signals): Promise<void> => {
    const end = joinEnding(signal)
    const { grace = signal === 'SIGINT' ? 0 : STANDARD_GRACE_MS } = times
    const closing = { ...times, readinessDelay, grace, deadline }
    const reports = await Promise.all(all.map((server) => server.close(closing)))
    await onClosed?.(reports)
    forgetDrain()
    // Until the others have closed, a second signal still cuts.
    end()
  }
  const worker = workerContext()
  const begin = (signal: NodeJS.Signals) => isEnding || isRemoved || listen(signal)
  const heard = endingSignal()
  if (worker !== undefined) forgetDrain = worker.onDrain(begin)
  // The process has been told to end before this call.
  else if (heard !== undefined && signals.includes(heard)) timers.nextTick(() => begin(heard))
  for (const signal of signals) if (worker === undefined || !WORKER_SIGNALS.has(signal)) process.on(signal, listen)
  void removeWhenClosed(all, () => isEnding || remove())
  return remove
}

isNoHandler(closeOnSignals, 'call it, closeOnSignals(server)')

/** After the `readinessDelay`, as far as a timer can be set. */
export function standardDeadline(readinessDelay: number): number {
  return Math.min(LONGEST_TIMER_MS, readinessDelay + STANDARD_DEADLINE_MS)
}

/** An app may close its servers by itself, without a signal. */
async function removeWhenClosed(servers: readonly Server[], remove: () => void): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => {
        if (server.signal.aborted) resolve()
        else server.signal.addEventListener('abort', () => resolve(), { once: true })
      })
      await server.close()
    }),
  )
  remove()
}

function checkSignals(signals: readonly NodeJS.Signals[]): void {
  if (!Array.isArray(signals)) throw wrongType('signals', 'a list of names', signals)
  const known = lateBuiltin('node:os').constants.signals
  for (const signal of signals) {
    const canBeHeard = Object.hasOwn(known, signal) && signal !== 'SIGKILL' && signal !== 'SIGSTOP'
    if (!canBeHeard) throw wrongValue('signals', `has no signal that can be listened for: ${describe(signal)}`)
  }
}
