// Tells systemd of the service's state, see sd_notify(3): only when NOTIFY_SOCKET is set.
import { native } from '../exchange/native.js'
import { systemError } from '../runtime/errors.js'
import { wrongValue } from '../runtime/option_errors.js'
import { timers } from '../runtime/timers.js'
import { isNoHandler } from '../runtime/uncalled.js'

const AGAIN_MS = 100
const TRIES = 50

let listening = 0
let open = 0
let warned = false
/** What was not sent yet, the oldest first. */
const waiting: { readonly path: string; readonly text: string }[] = []
let watchdog: NodeJS.Timeout | undefined

/** What a server tells of itself. The service is ready with its first server, and stops with its last one. */
export interface Notices {
  closing(): void
  closed(): void
}

/** A server listens. */
export function announceServer(): Notices {
  open += 1
  listening += 1
  if (listening === 1) notifySystemd('READY=1')
  keepWatchdogQuiet()
  return {
    closing: () => {
      listening -= 1
      if (listening === 0) notifySystemd('STOPPING=1')
    },
    closed: () => {
      open -= 1
      if (open > 0) return
      timers.clearTimeout(watchdog)
      watchdog = undefined
    },
  }
}

/**
 * Tells systemd of the state of the service, by assignments such as `RELOADING=1`, `READY=1` after it, or `STATUS=…`:
 * see sd_notify(3). Servers tell `READY=1`, `STOPPING=1` and `WATCHDOG=1` by themselves. `RELOADING=1` gets its
 * `MONOTONIC_USEC`. Returns whether the service manager asks for it, by `NOTIFY_SOCKET`; otherwise it does nothing.
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for something other than `NAME=value` on one line
 */
export function notifySystemd(...assignments: string[]): boolean {
  for (const assignment of assignments) {
    if (typeof assignment === 'string' && /^[A-Z_0-9]+=[^\n]*$/.test(assignment)) continue
    throw wrongValue('assignment', 'must be a NAME=value on one line, such as RELOADING=1')
  }
  // Nothing else of systemd's addresses is a Unix domain socket.
  const { NOTIFY_SOCKET = '' } = process.env
  if (!/^[/@]/.test(NOTIFY_SOCKET)) return false
  const isReload = assignments.includes('RELOADING=1')
  const now = isReload ? [`MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`] : []
  waiting.push({ path: NOTIFY_SOCKET.replace(/^@/, '\0'), text: [...assignments, ...now].join('\n') })
  if (waiting.length === 1) sendWaiting(1)
  return true
}

isNoHandler(notifySystemd, "call it, notifySystemd('STATUS=…')")

/** It never waits: when the manager has too much to read, the rest is sent later, in its order. */
function sendWaiting(tries: number): void {
  const [first] = waiting
  if (first === undefined) return
  const errno = native.notify(first.path, first.text)
  if (errno !== 0) {
    if (systemError(errno)[0] === 'EAGAIN' && tries < TRIES) {
      timers.setTimeout(() => sendWaiting(tries + 1), AGAIN_MS)
      return
    }
    warn(first.text, errno)
  }
  waiting.shift()
  sendWaiting(1)
}

function warn(text: string, errno: number): void {
  if (warned) return
  const [code, meaning] = systemError(errno)
  warned = true
  process.emitWarning(`systemd cannot be told ${text.split('\n')[0]} at NOTIFY_SOCKET: ${code}: ${meaning}.`, {
    type: 'BrinkWarning',
    code: 'BRINK_NOTIFY_FAILED',
  })
}

/** Twice in the time in which the watchdog wants to hear of it, as sd_watchdog_enabled(3) recommends. */
function keepWatchdogQuiet(): void {
  const { WATCHDOG_USEC = '', WATCHDOG_PID, NOTIFY_SOCKET } = process.env
  const isMeant = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid)
  if (watchdog !== undefined || !NOTIFY_SOCKET || !isMeant || !/^[1-9]\d{0,14}$/.test(WATCHDOG_USEC)) return
  const pause = Math.max(1, Math.min(Number(WATCHDOG_USEC) / 2000, 2 ** 31 - 1))
  const again = () => {
    notifySystemd('WATCHDOG=1')
    watchdog = timers.setTimeout(again, pause).unref()
  }
  again()
}
