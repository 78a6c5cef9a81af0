// What a process knows that `brink/workers` has started: the sockets that were handed to it, and whom it tells that it
// listens. `workers/worker_process.ts` leaves it in globalThis, because an app may have a copy of brink of its own.
import type { ExpositionOptions } from '../metrics/exposition.js'
import type { Family } from '../metrics/family.js'
import type { CloseOptions, CloseReport } from '../request/closing.js'
import { wrongValue } from '../runtime/option_errors.js'
import type { DescriptorPlace, Place, ProxyProtocol } from './listen_options.js'
import type { ServerStats } from './stats.js'
import { WORKER_PLACE } from './ticket_key.js'

export interface WorkerServer {
  readonly url: string
  readonly backend: string
  readonly threads: number
  readonly signal: AbortSignal
  stats(): ServerStats
  /** Its metrics. A server of another copy of brink may have none. */
  families?(): Promise<readonly Family[]>
  close(options?: CloseOptions): Promise<CloseReport>
  /** Resolves when it accepts nobody any more. A server of another copy of brink may have none. */
  readonly listeningEnded?: Promise<void>
}

/** A listening socket that is handed to a worker. */
export interface HandedSocket {
  readonly descriptor: number
  /** The number of its place in the options of `workers()`. */
  readonly place: number
  /** What that place says. */
  readonly proxyProtocol?: ProxyProtocol | undefined
}

export interface WorkerContext {
  /** The number of its place among the workers, from 0. */
  readonly slot: number
  /** The number of places of the supervisor. */
  readonly places: number
  /** The key of session tickets that all workers share. A supervisor of another copy of brink may give none. */
  readonly ticketKey?: Uint8Array | undefined
  /** The sockets to listen on, for the first server; undefined for others. */
  takeSockets(): readonly HandedSocket[] | undefined
  /** Who has taken them does not listen. */
  giveBack(sockets: readonly HandedSocket[]): void
  /** Tells that a server listens: on the sockets that were handed to the worker, or elsewhere. */
  serves(server: WorkerServer, isHanded: boolean): void
  /** Tells why the process ends before it listens, and the code with which it exits. */
  fails(message: string, exitCode: number): void
  /** The metrics of all workers, as text; undefined when the supervisor does not answer. */
  metrics?(options: ExpositionOptions): Promise<string | undefined>
  /**
   * Called once, when the process has to end; soon, if it has been told already. Gives a function that removes the
   * listener.
   */
  onDrain(listener: (signal: NodeJS.Signals) => void): () => void
}

type Global = typeof globalThis & { [WORKER_PLACE]?: WorkerContext }

/** Undefined in a process that is no worker. */
export function workerContext(): WorkerContext | undefined {
  return (globalThis as Global)[WORKER_PLACE]
}

export function becomeWorker(context: WorkerContext): void {
  Object.defineProperty(globalThis, WORKER_PLACE, { value: context })
}

/**
 * Where the first server of a worker listens, whatever its options say; undefined for all other servers. Its own places
 * still say, by their order, whether connections begin with a header of the PROXY protocol, where those of the supervisor
 * do not.
 * @throws TypeError `ERR_INVALID_ARG_VALUE` when they say so, and are more or fewer than those of the supervisor
 */
export function handedPlaces(worker: WorkerContext | undefined, own: readonly Place[]): HandedPlaces | undefined {
  const sockets = worker?.takeSockets()
  if (worker === undefined || sockets === undefined) return undefined
  const giveBack = (): void => worker.giveBack(sockets)
  const matches = own.length === worker.places
  const said = own.findIndex(({ proxyProtocol }) => proxyProtocol !== undefined)
  if (!matches && said >= 0) {
    giveBack()
    const where = `which has another number of listeners: ${worker.places}, not ${own.length}`
    throw wrongValue(`listen[${said}].proxyProtocol`, `must be given to the listener of workers(), ${where}`)
  }
  const places = sockets.map(
    ({ descriptor, place, proxyProtocol = matches ? own[place]?.proxyProtocol : undefined }): DescriptorPlace => {
      return { kind: 'fd', fd: descriptor, backlog: 0, proxyProtocol, tls: matches ? own[place]?.tls : undefined }
    },
  )
  return { places, giveBack }
}

interface HandedPlaces {
  readonly places: readonly DescriptorPlace[]
  /** The server does not listen there: the next one may. */
  giveBack(): void
}
