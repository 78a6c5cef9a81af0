// Runs in a worker before its app, by `--import`: takes over what the supervisor has handed to the process, so that
// `serve` finds it, and ends the process in order. Everywhere else it does nothing.
import { fstatSync } from 'node:fs'
import type { CloseOptions } from '../request/closing.js'
import { timers } from '../runtime/timers.js'
import { becomeWorker, type HandedSocket, type WorkerContext, type WorkerServer } from '../server/worker_context.js'
import { type FromWorker, type ToWorker, WORKER_VARIABLE, type WorkerTask } from './messages.js'
import { sumOf } from './sums.js'

const EXIT_BY_SIGNAL = { SIGTERM: 143, SIGINT: 130 } as const

class Worker implements WorkerContext {
  readonly slot: number
  readonly places: number
  readonly #closing: CloseOptions
  #sockets: readonly HandedSocket[] | undefined
  readonly #servers = new Set<WorkerServer>()
  readonly #drainListeners = new Set<(signal: NodeJS.Signals) => void>()
  #isReady = false
  /** How it was told to close. */
  readonly #drains: CloseOptions[] = []
  #drainSignal: NodeJS.Signals | undefined

  constructor({ slot, places, sockets, closing }: WorkerTask) {
    this.slot = slot
    this.places = places
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

  serves(server: WorkerServer): void {
    this.#servers.add(server)
    for (const closing of this.#drains) void server.close(closing)
    void this.#forgetWhenClosed(server, !this.#isReady)
    if (this.#isReady) return
    this.#isReady = true
    tell({ brink: 'ready', backend: server.backend, threads: server.threads })
  }

  fails(message: string, exitCode: number): void {
    process.exitCode = exitCode
    tell({ brink: 'failed', message })
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

  async #forgetWhenClosed(server: WorkerServer, isFirst: boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      if (server.signal.aborted) resolve()
      else server.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    // The app closes the server that has the handed sockets: another worker has to serve these.
    if (isFirst && this.#drains.length === 0) tell({ brink: 'draining', isOrdered: false })
    await server.close()
    this.#servers.delete(server)
  }

  #hearSupervisor(): void {
    process.on('message', (message: ToWorker) => {
      if (message?.brink === 'drain') this.#drain(message.closing, 'SIGTERM')
      if (message?.brink === 'stats') {
        const stats = sumOf([...this.#servers].map((server) => server.stats()))
        tell({ brink: 'stats', number: message.number, stats })
      }
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
    this.#drains.push(closing)
    const ends = [...this.#servers].map((server) => server.close(closing))
    if (this.#drains.length > 1) return
    const listeners = [...this.#drainListeners]
    this.#drainSignal = signal
    for (const listener of listeners) listener(signal)
    void this.#end(ends)
  }

  async #end(ends: readonly ReturnType<WorkerServer['close']>[]): Promise<void> {
    const reports = await Promise.all(ends)
    const exit = () => {
      // An app that has asked to hear of it exits by itself, after it has closed what else it has.
      if (this.#drainListeners.size === 0) process.exit()
      else if (process.connected) process.disconnect()
    }
    if (!process.connected) return exit()
    process.send?.({ brink: 'ended', report: sumOf(reports) } satisfies FromWorker, exit)
  }
}

function tell(message: FromWorker): void {
  // A supervisor that is gone is told nothing.
  if (process.connected) process.send?.(message, () => {})
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
