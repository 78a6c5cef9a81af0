// What a process knows that `brink/workers` has started: the sockets that were handed to it, and whom it tells that it
// listens. `workers/worker_process.ts` leaves it in globalThis, because an app may have a copy of brink of its own.
import type { CloseOptions, CloseReport } from '../request/closing.js'
import type { DescriptorPlace } from './listen_options.js'
import type { ServerStats } from './stats.js'

export interface WorkerServer {
  readonly url: string
  readonly backend: string
  readonly threads: number
  readonly signal: AbortSignal
  stats(): ServerStats
  close(options?: CloseOptions): Promise<CloseReport>
}

export interface WorkerContext {
  /** The number of its place among the workers, from 0. */
  readonly slot: number
  /** The descriptors to listen on, for the first server; undefined for others. */
  takeSockets(): readonly number[] | undefined
  /** Who has taken them does not listen. */
  giveBack(sockets: readonly number[]): void
  /** Tells that a server listens: on the sockets that were handed to the worker, or elsewhere. */
  serves(server: WorkerServer, isHanded: boolean): void
  /** Tells why the process ends before it listens, and the code with which it exits. */
  fails(message: string, exitCode: number): void
  /**
   * Called once, when the process has to end; soon, if it has been told already. Gives a function that removes the
   * listener.
   */
  onDrain(listener: (signal: NodeJS.Signals) => void): () => void
}

const PLACE = Symbol.for('brink.worker')

type Global = typeof globalThis & { [PLACE]?: WorkerContext }

/** Undefined in a process that is no worker. */
export function workerContext(): WorkerContext | undefined {
  return (globalThis as Global)[PLACE]
}

export function becomeWorker(context: WorkerContext): void {
  Object.defineProperty(globalThis, PLACE, { value: context })
}

/** Where the first server of a worker listens, whatever its options say; undefined for all other servers. */
export function handedPlaces(worker: WorkerContext | undefined): HandedPlaces | undefined {
  const sockets = worker?.takeSockets()
  if (worker === undefined || sockets === undefined) return
  return {
    places: sockets.map((fd) => ({ kind: 'fd', fd, backlog: 0 })),
    giveBack: () => worker.giveBack(sockets),
  }
}

interface HandedPlaces {
  readonly places: readonly DescriptorPlace[]
  /** The server does not listen there: the next one may. */
  giveBack(): void
}
