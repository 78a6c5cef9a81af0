// Was the target the bottleneck of a load test? It is judged by the seconds in which there was much load, because a mean
// over all time would hide them.

/** What was measured over some time, about a second. Shares are from 0 to 1. */
export interface LoadWindow {
  readonly seconds: number
  /** Requests that have begun. */
  readonly requests: number
  /** Of a processor, that the thread of JavaScript has used. */
  readonly javascript: number
  /** The same of each loop on a thread of its own. */
  readonly loops: readonly number[]
  /** Processors that the process has used. */
  readonly cores: number
  /** Of all processors of the machine; undefined where it is not known. */
  readonly machine: number | undefined
  /** What its hypervisor gave to others. */
  readonly stolen: number
  /** Seconds without a processor, by the limits of its process group. */
  readonly throttled: number
  /** Connections that found an accept queue full. */
  readonly overflows: number
  /** By how much the event loop of JavaScript was late at most, in milliseconds. */
  readonly loopDelay: number
}

export interface LoadSummary {
  readonly windows: readonly LoadWindow[]
  readonly processors: number
  /** Of the time from a request to its answer, the share that answers have waited for their clients. */
  readonly clientWait: number
}

export type VerdictReason =
  | 'javascript-thread'
  | 'loop-thread'
  | 'accept-queue'
  | 'loop-delay'
  | 'throttled'
  | 'stolen'
  | 'machine'
  | 'client'
  | 'too-little'

/** Whether the target, or its machine, has limited what was measured. */
export interface Verdict {
  readonly bottleneck: boolean
  readonly sentence: string
  /** All that applies, the strongest first. */
  readonly reasons: readonly VerdictReason[]
  /** Of the busiest seconds, by which it was judged. */
  readonly figures: VerdictFigures
}

export interface VerdictFigures {
  /** How long they were together, and their requests a second. */
  readonly seconds: number
  readonly requestRate: number
  readonly javascript: number
  /** Of the busiest loop on a thread of its own; 0 without. */
  readonly loop: number
  readonly cores: number
  readonly machine: number | null
  readonly stolen: number
  readonly throttled: number
  /** Of all the time: connections come before requests. */
  readonly overflows: number
  /** The mean of what was the most of each. */
  readonly loopDelay: number
  readonly clientWait: number
}

/** From these on, something is a reason. */
export const VERDICT_LIMITS = {
  /** A thread that works so much of the time has no time left. */
  thread: 0.9,
  machine: 0.95,
  stolen: 0.05,
  throttled: 0.01,
  loopDelay: 50,
  clientWait: 0.5,
  requests: 100,
  seconds: 0.2,
} as const

/** Seconds with less than this share of the busiest one's requests are no load. */
const BUSY_SHARE = 0.5

export function verdictOf({ windows, processors, clientWait }: LoadSummary): Verdict {
  const overflows = windows.reduce((sum, window) => sum + window.overflows, 0)
  const figures = { ...figuresOf(busiest(windows)), overflows, clientWait }
  const requests = windows.reduce((sum, window) => sum + window.requests, 0)
  if (requests < VERDICT_LIMITS.requests || figures.seconds < VERDICT_LIMITS.seconds) {
    const sentence = `There was too little load to judge: ${count(requests, 'request')}.`
    return { bottleneck: false, sentence, reasons: ['too-little'], figures }
  }
  const found = RULES.filter(({ applies }) => applies(figures))
  const reasons = found.map(({ reason }) => reason)
  const limits = found.filter(({ reason }) => reason !== 'client')
  const bottleneck = limits.length > 0
  const sentence = bottleneck
    ? `The target was the bottleneck: ${limits.map(({ tell }) => tell(figures, processors)).join('; ')}.`
    : `The target was not the bottleneck: ${restOf(figures, processors)}${reasons.includes('client') ? clientTold(figures) : ''}.`
  return { bottleneck, sentence, reasons, figures }
}

interface Rule {
  readonly reason: VerdictReason
  readonly applies: (figures: VerdictFigures) => boolean
  readonly tell: (figures: VerdictFigures, processors: number) => string
}

const RULES: readonly Rule[] = [
  {
    reason: 'javascript-thread',
    applies: ({ javascript }) => javascript >= VERDICT_LIMITS.thread,
    tell: ({ javascript }) => `its JavaScript thread was busy for ${percent(javascript)} of the time`,
  },
  {
    reason: 'loop-thread',
    applies: ({ loop }) => loop >= VERDICT_LIMITS.thread,
    tell: ({ loop }) => `the thread of a loop was busy for ${percent(loop)} of the time`,
  },
  {
    reason: 'accept-queue',
    applies: ({ overflows }) => overflows > 0,
    tell: ({ overflows }) =>
      `${count(overflows, 'connection')} found a full accept queue, if not that of another server here`,
  },
  {
    reason: 'throttled',
    applies: ({ throttled, seconds }) => throttled / seconds >= VERDICT_LIMITS.throttled,
    tell: ({ throttled }) => `the limits of its process group have stopped it for ${throttled.toFixed(2)} s`,
  },
  {
    reason: 'loop-delay',
    applies: ({ loopDelay }) => loopDelay >= VERDICT_LIMITS.loopDelay,
    tell: ({ loopDelay }) => `its event loop was late by up to ${loopDelay.toFixed(0)} ms`,
  },
  {
    reason: 'stolen',
    applies: ({ stolen }) => stolen >= VERDICT_LIMITS.stolen,
    tell: ({ stolen }) => `the hypervisor gave ${percent(stolen)} of its machine to others`,
  },
  {
    reason: 'machine',
    applies: ({ machine }) => machine !== null && machine >= VERDICT_LIMITS.machine,
    tell: ({ machine, cores }, processors) =>
      `its machine was full (${percent(machine as number)} of all processors, of which the target had ${cores.toFixed(1)} of ${processors})`,
  },
  {
    reason: 'client',
    applies: ({ clientWait }) => clientWait >= VERDICT_LIMITS.clientWait,
    tell: () => '',
  },
]

function restOf({ javascript, loop, machine }: VerdictFigures, processors: number): string {
  const parts = [`its JavaScript thread was idle for ${percent(1 - javascript)} of the busiest time`]
  if (loop > 0) parts.push(`its busiest loop for ${percent(1 - loop)}`)
  if (machine !== null) parts.push(`and its machine (${count(processors, 'processor')}) for ${percent(1 - machine)}`)
  return parts.join(', ')
}

function clientTold({ clientWait }: VerdictFigures): string {
  return `; for ${percent(clientWait)} of their time its answers have waited for clients that did not read`
}

/** The seconds with the most requests. A short rest at the begin or the end counts by its rate. */
function busiest(windows: readonly LoadWindow[]): LoadWindow[] {
  const rateOf = ({ requests, seconds }: LoadWindow) => (seconds > 0 ? requests / seconds : 0)
  const long = windows.filter(({ seconds }) => seconds >= VERDICT_LIMITS.seconds)
  const judged = long.length > 0 ? long : windows
  const most = Math.max(0, ...judged.map(rateOf))
  return judged.filter((window) => window.requests > 0 && rateOf(window) >= BUSY_SHARE * most)
}

function figuresOf(windows: readonly LoadWindow[]): Omit<VerdictFigures, 'overflows' | 'clientWait'> {
  const seconds = windows.reduce((sum, window) => sum + window.seconds, 0)
  const sum = (of: (window: LoadWindow) => number) => windows.reduce((total, window) => total + of(window), 0)
  const mean = (of: (window: LoadWindow) => number) =>
    seconds === 0 ? 0 : windows.reduce((total, window) => total + of(window) * window.seconds, 0) / seconds
  const loops = Math.max(0, ...windows.map((window) => window.loops.length))
  const isMachineKnown = windows.length > 0 && windows.every(({ machine }) => machine !== undefined)
  return {
    seconds,
    requestRate: seconds === 0 ? 0 : sum(({ requests }) => requests) / seconds,
    javascript: mean(({ javascript }) => javascript),
    loop: Math.max(0, ...Array.from({ length: loops }, (_, loop) => mean((window) => window.loops[loop] ?? 0))),
    cores: mean(({ cores }) => cores),
    machine: isMachineKnown ? mean(({ machine }) => machine as number) : null,
    stolen: mean(({ stolen }) => stolen),
    throttled: sum(({ throttled }) => throttled),
    loopDelay: mean(({ loopDelay }) => loopDelay),
  }
}

/** Not 100 % of what is less. */
function percent(share: number): string {
  return `${Math.floor(100 * Math.min(1, Math.max(0, share)))} %`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
