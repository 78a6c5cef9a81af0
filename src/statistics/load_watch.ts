// Looks at the process of a target once a second while requests come, and keeps what it has seen for the verdict. Without
// requests it sleeps: then no timer runs, and the time until the next request, or until somebody asks, is one window.
import { timers } from '../runtime/timers.js'
import { DelayMeter } from './delay_meter.js'
import { isThreadOfJavaScript, type ProcessFigures, processFigures, type ThreadFigures } from './process_figures.js'
import type { LoadWindow } from './verdict.js'

const PERIOD_MS = 1000
/** Windows that are kept: an hour. */
const MOST_WINDOWS = 3600
/** It sleeps after so many windows without a request. */
const QUIET_WINDOWS = 3
/** The name of the threads of loops. */
const LOOP_NAME = 'brink-loop'

export class LoadWatch {
  readonly delay = new DelayMeter()
  readonly #longestDelay = this.delay.taker()
  /** The oldest first. */
  readonly windows: LoadWindow[] = []
  readonly #requests: () => number
  /** As of the last reset. */
  #begin: ProcessFigures
  #last: ProcessFigures
  #lastRequests = 0
  #isRunning = false
  #hasHeard = false
  #quiet = 0
  #timer: NodeJS.Timeout | undefined

  /** @param requests how many have begun so far */
  constructor(requests: () => number) {
    this.#requests = requests
    this.#begin = this.#last = processFigures()
  }

  start(): void {
    this.#isRunning = true
    this.reset()
  }

  stop(): void {
    if (!this.#isRunning) return
    this.look()
    this.#isRunning = false
    this.#sleep()
  }

  /** A request comes. It is called for each of them. */
  hears(): void {
    this.#hasHeard = true
    if (this.#timer === undefined && this.#isRunning) this.#wake()
  }

  reset(): void {
    this.windows.length = 0
    this.delay.reset()
    this.#longestDelay()
    this.#begin = this.#last = processFigures()
    this.#lastRequests = this.#requests()
  }

  /** Ends the window that is open. What it returns was used since the reset. */
  look(): ProcessFigures {
    const now = !this.#isRunning && this.windows.length > 0 ? this.#last : processFigures()
    this.#endWindow(now, this.#requests())
    return since(this.#begin, now)
  }

  #endWindow(now: ProcessFigures, requests: number): void {
    if (now.at - this.#last.at <= 1) return
    this.windows.push(windowOf(this.#last, now, requests - this.#lastRequests, this.#longestDelay()))
    if (this.windows.length > MOST_WINDOWS) this.windows.shift()
    this.#last = now
    this.#lastRequests = requests
  }

  #wake(): void {
    this.#quiet = 0
    this.delay.start()
    this.#timer = timers.setTimeout(this.#tick, PERIOD_MS).unref()
    // The first request does not wait for a look. It belongs to the load, and not to the rest that ends here.
    const rested = this.#lastRequests
    timers.setImmediate(() => {
      if (this.#timer !== undefined && this.#lastRequests === rested) this.#endWindow(processFigures(), rested)
    })
  }

  #sleep(): void {
    timers.clearTimeout(this.#timer)
    this.#timer = undefined
    this.delay.stop()
  }

  readonly #tick = (): void => {
    this.#timer?.refresh()
    this.look()
    this.#quiet = this.#hasHeard ? 0 : this.#quiet + 1
    this.#hasHeard = false
    if (this.#quiet >= QUIET_WINDOWS) this.#sleep()
  }
}

/** What was used between two looks. `at` is then the time between them. */
export function since(then: ProcessFigures, now: ProcessFigures): ProcessFigures {
  const before = new Map(then.threads.map(({ id, cpu }) => [id, cpu]))
  return {
    at: now.at - then.at,
    cpu: { user: now.cpu.user - then.cpu.user, system: now.cpu.system - then.cpu.system },
    threads: now.threads.map((thread) => ({ ...thread, cpu: Math.max(0, thread.cpu - (before.get(thread.id) ?? 0)) })),
    active: now.active - then.active,
    machine:
      now.machine === undefined || then.machine === undefined
        ? undefined
        : {
            busy: now.machine.busy - then.machine.busy,
            stolen: now.machine.stolen - then.machine.stolen,
            total: now.machine.total - then.machine.total,
          },
    throttled: now.throttled - then.throttled,
    overflows: now.overflows - then.overflows,
  }
}

export function isLoop({ name }: ThreadFigures): boolean {
  return name === LOOP_NAME
}

function windowOf(then: ProcessFigures, now: ProcessFigures, requests: number, loopDelay: number): LoadWindow {
  const { at, cpu, threads, active, machine, throttled, overflows } = since(then, now)
  const seconds = at / 1000
  const thread = threads.find(isThreadOfJavaScript)
  const isKnown = machine !== undefined && machine.total > 0
  return {
    seconds,
    requests,
    // The time in which the event loop worked is more than the CPU time where others had the processor meanwhile.
    javascript: (thread?.cpu ?? active) / seconds,
    loops: threads.filter(isLoop).map((loop) => loop.cpu / seconds),
    cores: (cpu.user + cpu.system) / seconds,
    machine: isKnown ? machine.busy / machine.total : undefined,
    stolen: isKnown ? machine.stolen / machine.total : 0,
    throttled,
    overflows,
    loopDelay,
  }
}
