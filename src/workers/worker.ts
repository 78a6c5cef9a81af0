// A worker process, as its supervisor sees it.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import type { ExpositionOptions } from '../metrics/exposition.js'
import type { Family } from '../metrics/family.js'
import type { CloseOptions, CloseReport } from '../request/closing.js'
import { coded } from '../runtime/errors.js'
import { packageFolder } from '../runtime/package_place.js'
import { LONGEST_TIMER_MS, timers } from '../runtime/timers.js'
import type { ServerStats } from '../server/stats.js'
import type { HandedSocket } from '../server/worker_context.js'
import { type FromWorker, type ToWorker, WORKER_VARIABLE, type WorkerTask } from './messages.js'
import type { CheckedWorkersOptions } from './options.js'

export type WorkerState = 'starting' | 'serving' | 'draining'

/** How a worker has ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly error: Error | undefined
}

/** Standard streams and the IPC channel come first. */
const FIRST_SOCKET = 4
/** The end of the channel follows that of the process, unless a grandchild has it. */
const CHANNEL_END_MS = 1_000
/** After the deadline, for a worker whose event loop is blocked. */
const KILL_AFTER_MS = 1_000
/** For a worker whose event loop is blocked. */
const ANSWER_WITHIN_MS = 1_000
/** They are about the supervisor's process. */
const OWN_VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']

export class Worker {
  readonly slot: number
  /** Resolves when it listens. Rejects with `ERR_WORKER_START` when it ends before. */
  readonly ready: Promise<void>
  /** Resolves when the process has ended and everything that it has told was read. */
  readonly ended: Promise<WorkerEnd>
  /** Resolves when it drains though nobody here has told it to, with whether a signal has ordered it. */
  readonly leaves: Promise<boolean>
  /** Resolves when it was told to drain and accepts nobody any more, or has ended. */
  readonly listeningEnded: Promise<void>
  state: WorkerState = 'starting'
  /** What its server says. */
  description = { backend: '', threads: 0 }
  report: CloseReport | undefined
  hasEnded = false
  readonly startedAt = timers.now()
  /** Undefined when the system has refused to start it. */
  readonly #child: ChildProcess | undefined
  #error: Error | undefined
  #resolveReady: () => void = () => {}
  #resolveLeaves: (isOrdered: boolean) => void = () => {}
  #resolveDeaf: () => void = () => {}
  /** Its metrics, as they were told last. */
  lastFamilies: readonly Family[] = []
  /** Gives the metrics of all workers. */
  readonly #allMetrics: (options: ExpositionOptions) => Promise<string>
  readonly #answers = new Map<number, (answer: unknown) => void>()
  #questions = 0
  #kill: NodeJS.Timeout | undefined
  #killAt = Number.POSITIVE_INFINITY

  constructor(
    slot: number,
    sockets: readonly HandedSocket[],
    options: CheckedWorkersOptions,
    allMetrics: (options: ExpositionOptions) => Promise<string>,
  ) {
    this.slot = slot
    this.#allMetrics = allMetrics
    try {
      this.#child = start(slot, sockets, options)
    } catch (error) {
      // Some errors are thrown, such as E2BIG and ENOMEM; others come as an event.
      this.#error = error as Error
    }
    this.#child?.on('message', (message: FromWorker) => this.#hear(message))
    this.ended = this.#end()
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve
      void this.ended.then((end) => reject(startError(slot, end)))
    })
    this.leaves = new Promise((resolve) => {
      this.#resolveLeaves = resolve
    })
    this.listeningEnded = new Promise((resolve) => {
      this.#resolveDeaf = resolve
      void this.ended.then(() => resolve())
    })
    // Who starts it may only look at its end.
    this.ready.catch(() => {})
    const { startTimeout } = options
    const timer = timers.setTimeout(() => {
      this.#error ??= new Error(`It did not listen within ${startTimeout} ms. Does the app call serve()?`)
      this.kill()
    }, startTimeout)
    void Promise.race([this.ready, this.ended])
      .finally(() => timers.clearTimeout(timer))
      .catch(() => {})
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** May be called again, with earlier times. It is killed if it does not end by the deadline. */
  drain(closing: CloseOptions): void {
    const isStarting = this.state === 'starting'
    this.state = 'draining'
    this.#tell({ brink: 'drain', closing })
    // One whose event loop is blocked hears of it later, and nobody waits for that.
    timers.setTimeout(() => this.#resolveDeaf(), ANSWER_WITHIN_MS).unref()
    const { deadline, force } = closing
    const most = Math.min(deadline ?? Number.POSITIVE_INFINITY, force ?? Number.POSITIVE_INFINITY)
    // It has nothing to lose.
    const killAt = timers.now() + (isStarting ? 0 : most) + KILL_AFTER_MS
    if (killAt >= this.#killAt) return
    this.#killAt = killAt
    timers.clearTimeout(this.#kill)
    this.#kill = timers.setTimeout(() => this.kill(), Math.min(LONGEST_TIMER_MS, killAt - timers.now()))
  }

  /** Makes it open its log files again. */
  reopen(): void {
    this.#tell({ brink: 'reopen' })
  }

  kill(): void {
    if (!this.hasEnded) this.#child?.kill('SIGKILL')
  }

  /** Undefined when it has no server yet, or does not answer: it ends, or its event loop is blocked. */
  stats(): Promise<ServerStats | undefined> {
    return this.#ask<ServerStats>('stats')
  }

  /** Its metrics now, or as it has told them last when it does not answer. */
  async families(): Promise<readonly Family[]> {
    const families = await this.#ask<readonly Family[]>('families')
    if (families !== undefined) this.lastFamilies = families
    return this.lastFamilies
  }

  #ask<Answer>(brink: 'stats' | 'families'): Promise<Answer | undefined> {
    if (!this.#child?.connected) return Promise.resolve(undefined)
    this.#questions += 1
    const number = this.#questions
    return new Promise((resolve) => {
      const timer = timers.setTimeout(() => this.#answer(number, undefined), ANSWER_WITHIN_MS)
      this.#answers.set(number, (answer) => {
        timers.clearTimeout(timer)
        resolve(answer as Answer | undefined)
      })
      this.#tell({ brink, number })
    })
  }

  #answer(number: number, answer: unknown): void {
    this.#answers.get(number)?.(answer)
    this.#answers.delete(number)
  }

  #tell(message: ToWorker): void {
    // A worker that is about to end hears nothing.
    if (this.#child?.connected) this.#child.send(message, () => {})
  }

  #hear(message: FromWorker): void {
    switch (message?.brink) {
      case 'ready':
        this.description = { backend: message.backend, threads: message.threads }
        if (this.state === 'starting') this.state = 'serving'
        this.#resolveReady()
        break
      case 'draining':
        if (this.state !== 'draining') this.#resolveLeaves(message.isOrdered)
        this.state = 'draining'
        break
      case 'deaf':
        this.#resolveDeaf()
        break
      case 'failed':
        this.#error = failure(message)
        break
      case 'stats':
        this.#answer(message.number, message.stats)
        break
      case 'families':
        this.#answer(message.number, message.families)
        break
      case 'metrics':
        void this.#allMetrics(message.options).then((text) =>
          this.#tell({ brink: 'metrics', number: message.number, text }),
        )
        break
      case 'ended':
        this.report = message.report
        if (message.families !== undefined) this.lastFamilies = message.families
        break
    }
  }

  async #end(): Promise<WorkerEnd> {
    const child = this.#child
    const end = await new Promise<Omit<WorkerEnd, 'error'>>((resolve) => {
      if (child === undefined) return resolve({ code: null, signal: null })
      child.once('exit', (code, signal) => resolve({ code, signal }))
      child.on('error', (error) => {
        this.#error ??= error
        if (child.pid === undefined) resolve({ code: null, signal: null })
      })
    })
    this.hasEnded = true
    timers.clearTimeout(this.#kill)
    if (child?.connected) await channelEnd(child)
    for (const number of this.#answers.keys()) this.#answer(number, undefined)
    return { ...end, error: this.#error }
  }
}

function start(slot: number, sockets: readonly HandedSocket[], options: CheckedWorkersOptions): ChildProcess {
  const { app, args, execArgv, env, closing, ticketKey } = options
  const ticketKeyAt = FIRST_SOCKET + sockets.length
  const task: WorkerTask = {
    parent: process.pid,
    slot,
    places: options.places.length,
    sockets: sockets.map((socket, index) => ({ ...socket, descriptor: FIRST_SOCKET + index })),
    ticketKeyAt,
    closing,
  }
  const inherited = { ...process.env }
  for (const name of OWN_VARIABLES) delete inherited[name]
  const preload = pathToFileURL(join(packageFolder() as string, 'dist/workers/worker_process.js')).href
  const child = spawn(process.execPath, [...execArgv, '--import', preload, app, ...args], {
    env: { ...inherited, ...env, [WORKER_VARIABLE]: JSON.stringify(task) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...sockets.map(({ descriptor }) => descriptor), 'pipe'],
  })
  const pipe = child.stdio[ticketKeyAt] as Writable | null | undefined
  // A worker that has ended already does not read it.
  pipe?.on('error', () => {}).end(ticketKey)
  return child
}

async function channelEnd(child: ChildProcess): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>((resolve) => {
    child.once('disconnect', resolve)
    timer = timers.setTimeout(resolve, CHANNEL_END_MS)
  })
  timers.clearTimeout(timer)
}

function failure({ message, stack, code }: Extract<FromWorker, { brink: 'failed' }>): Error {
  const error = Object.assign(new Error(message), code === undefined ? {} : { code })
  if (stack !== undefined) error.stack = stack
  return error
}

export interface WorkerStartError extends Error {
  readonly code: 'ERR_WORKER_START'
  readonly slot: number
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

function startError(slot: number, { code, signal, error }: WorkerEnd): WorkerStartError {
  const how =
    signal === null ? (code === null ? 'could not be started' : `exited with ${code}`) : `was ended by ${signal}`
  const why = error === undefined ? ': does the app call serve(), and wait for it?' : `: ${error.message}`
  const ended = code === null && signal === null ? how : `${how} before it listened`
  const options = error === undefined ? {} : { cause: error }
  const started = coded(new Error(`Worker ${slot} ${ended}${why}`, options), 'ERR_WORKER_START')
  return Object.assign(started, { code: 'ERR_WORKER_START' as const, slot, exitCode: code, signal })
}
