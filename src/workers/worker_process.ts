// Runs in a worker before its app, by `--import`: takes over what the supervisor has handed to the process, so that
// `serve` finds it, and ends the process in order. Everywhere else it does nothing.
import { closeSync, fstatSync, readFileSync } from 'node:fs'
import type { ExpositionOptions } from '../metrics/exposition.js'
import type { Family } from '../metrics/family.js'
import { lasting, merged } from '../metrics/merge.js'
import { processFamilies } from '../metrics/process_metrics.js'
import type { CloseOptions, CloseReport } from '../request/closing.js'
import { timers } from '../runtime/timers.js'
import { joinEnding } from '../server/process_ending.js'
import { becomeWorker, type HandedSocket, type WorkerContext, type WorkerServer } from '../server/worker_context.js'
import { type FromWorker, type ToWorker, WORKER_VARIABLE, type WorkerTask } from './messages.js'
import { sumOf } from './sums.js'

/** For a supervisor whose event loop is blocked; it waits a second itself for the slowest worker. */
const METRICS_WITHIN_MS = 3_000

const EXIT_BY_SIGNAL = { SIGTERM: 143, SIGINT: 130 } as const

class Worker implements WorkerContext {
  readonly slot: number
  readonly places: number
  readonly ticketKey: Uint8Array | undefined
  readonly #closing: CloseOptions
  /** Undefined while a server listens on them, or tries to. */
  #sockets: readonly HandedSocket[] | undefined
  readonly #servers = new Set<WorkerServer>()
  readonly #drainListeners = new Set<(signal: NodeJS.Signals) => void>()
  /** How it was told to close. */
  readonly #drains: CloseOptions[] = []
  /** The ends of its servers, when it was told to close. */
  readonly #ends: Promise<CloseReport>[] = []
  #drainSignal: NodeJS.Signals | undefined
  readonly #questions = new Map<number, (text: string | undefined) => void>()
  #asked = 0
  /** Those of servers that have closed. */
  #lastFamilies: readonly Family[] = []
  #countsMetrics = false

  constructor({ slot, places, sockets, closing, ticketKeyAt }: WorkerTask) {
    this.slot = slot
    this.places = places
    this.ticketKey = ticketKeyAt === undefined ? undefined : readToEnd(ticketKeyAt)
    this.#sockets = sockets
    this.#closing = closing
    this.#hearSupervisor()
    this.#hearSignals()
    process.on('uncaughtExceptionMonitor', (error: unknown) => {
      // The app catches it, and goes on.
      if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return
      const { message = String(error), stack, code } = (error ?? {}) as NodeJS.ErrnoException
      tell({ brink: 'failed', message, stack, ...(typeof code === 'string' ? { code } : {}) })
    })
  }

  takeSockets(): readonly HandedSocket[] | undefined {
    const sockets = this.#sockets
    this.#sockets = undefined
    return sockets
  }

  giveBack(sockets: readonly HandedSocket[]): void {
    this.#sockets = sockets
  }

  serves(server: WorkerServer, isHanded: boolean): void {
    this.#servers.add(server)
    for (const closing of this.#drains) this.#ends.push(server.close(closing))
    void this.#forgetWhenClosed(server, isHanded)
    if (isHanded) tell({ brink: 'ready', backend: server.backend, threads: server.threads })
  }

  fails(message: string, exitCode: number): void {
    process.exitCode = exitCode
    tell({ brink: 'failed', message })
  }

  metrics(options: ExpositionOptions): Promise<string | undefined> {
    this.#asked += 1
    const number = this.#asked
    return new Promise((resolve) => {
      const answer = (text: string | undefined): void => {
        timers.clearTimeout(timer)
        this.#questions.delete(number)
        resolve(text)
      }
      const timer = timers.setTimeout(() => answer(undefined), METRICS_WITHIN_MS).unref()
      this.#questions.set(number, answer)
      tell({ brink: 'metrics', number, options })
    })
  }

  onDrain(given: (signal: NodeJS.Signals) => void): () => void {
    // The same function may be given twice.
    const listener = (signal: NodeJS.Signals): void => given(signal)
    this.#drainListeners.add(listener)
    const signal = this.#drainSignal
    if (signal !== undefined) {
      timers.nextTick(() => {
        if (this.#drainListeners.has(listener)) listener(signal)
      })
    }
    return () => this.#drainListeners.delete(listener)
  }

  async #forgetWhenClosed(server: WorkerServer, isHanded: boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      if (server.signal.aborted) resolve()
      else server.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    // The app closes the server that has the handed sockets: another worker has to serve these.
    if (isHanded && this.#drains.length === 0) tell({ brink: 'draining', isOrdered: false })
    await server.close()
    const families = this.#countsMetrics ? await familiesOf([server]) : []
    this.#lastFamilies = merged([this.#lastFamilies, lasting(families)])
    this.#servers.delete(server)
  }

  async #tellFamilies(number: number): Promise<void> {
    this.#countsMetrics = true
    tell({ brink: 'families', number, families: await this.#families() })
  }

  async #families(): Promise<Family[]> {
    const last = this.#lastFamilies
    return merged([await familiesOf([...this.#servers]), last, processFamilies()])
  }

  #hearSupervisor(): void {
    process.on('message', (message: ToWorker) => {
      if (message?.brink === 'drain') this.#drain(message.closing, 'SIGTERM')
      // As if the signal had come: without a listener it would start the inspector.
      if (message?.brink === 'reopen') process.emit('SIGUSR1')
      if (message?.brink === 'stats') {
        const stats = sumOf([...this.#servers].map((server) => server.stats()))
        tell({ brink: 'stats', number: message.number, stats })
      }
      if (message?.brink === 'families') void this.#tellFamilies(message.number)
      if (message?.brink === 'metrics') this.#questions.get(message.number)?.(message.text)
    })
    // The supervisor was killed.
    process.on('disconnect', () => this.#drain(this.#closing, 'SIGTERM'))
    // An app that has nothing to do any more ends, as it would by itself.
    process.channel?.unref()
  }

  /** A signal may come beside the supervisor's message, because it goes to a whole group. Only a second signal cuts. */
  #hearSignals(): void {
    let heard = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (heard) process.exit(EXIT_BY_SIGNAL[signal])
        heard = true
        tell({ brink: 'draining', isOrdered: true })
        this.#drain(this.#closing, signal)
      })
    }
    // It tells the supervisor to reload.
    process.on('SIGHUP', () => {})
  }

  #drain(closing: CloseOptions, signal: NodeJS.Signals): void {
    const isFirst = this.#drains.push(closing) === 1
    for (const server of this.#servers) {
      const end = server.close(closing)
      if (isFirst) this.#ends.push(end)
    }
    if (!isFirst) return
    void Promise.all([...this.#servers].map(({ listeningEnded }) => listeningEnded)).then(() => tell({ brink: 'deaf' }))
    // Before those who are told now, so that none of them exits before the report is sent.
    void this.#end(joinEnding(signal))
    const listeners = [...this.#drainListeners]
    this.#drainSignal = signal
    for (const listener of listeners) listener(signal)
  }

  async #end(leave: () => void): Promise<void> {
    const reports: CloseReport[] = []
    // Servers that begin to listen meanwhile are added.
    for (const end of this.#ends) reports.push(await end)
    const families = this.#countsMetrics ? { families: await this.#families() } : {}
    const ended = { brink: 'ended', report: sumOf(reports), ...families } satisfies FromWorker
    if (process.connected) await new Promise<void>((resolve) => void process.send?.(ended, () => resolve()))
    await Promise.all(this.#ends)
    // An app that has asked to hear of it may have more to close, without the supervisor.
    if (this.#drainListeners.size > 0 && process.connected) process.disconnect()
    // After a listener that was added just now has heard of it.
    timers.nextTick(leave)
  }
}

async function familiesOf(servers: readonly WorkerServer[]): Promise<Family[]> {
  return merged(await Promise.all(servers.map(async (server) => (await server.families?.()) ?? [])))
}

function tell(message: FromWorker): void {
  // A supervisor that is gone is told nothing.
  if (process.connected) process.send?.(message, () => {})
}

/** The supervisor has written it when it started the process. Without it, if the supervisor is gone, there is nothing to share. */
function readToEnd(descriptor: number): Uint8Array | undefined {
  try {
    const bytes = readFileSync(descriptor)
    closeSync(descriptor)
    return bytes.length > 0 ? bytes : undefined
  } catch {
    return undefined
  }
}

/** A process that a module before this one has started inherits the variable, but no sockets. */
function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket()
  } catch {
    return false
  }
}

function begin(): void {
  const text = process.env[WORKER_VARIABLE]
  if (text === undefined) return
  // Its own children are no workers.
  delete process.env[WORKER_VARIABLE]
  const task = JSON.parse(text) as WorkerTask
  if (task.parent !== process.ppid || !process.connected) {
    // Without its supervisor the app would hold the sockets, and nobody would serve or close them.
    if (task.sockets.some(({ descriptor }) => isSocket(descriptor))) process.exit(1)
    return
  }
  const place = process.execArgv.findIndex(
    (argument, index, all) => argument === '--import' && all[index + 1] === import.meta.url,
  )
  if (place !== -1) process.execArgv.splice(place, 2)
  becomeWorker(new Worker(task))
}

begin()
