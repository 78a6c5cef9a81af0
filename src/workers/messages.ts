// What supervisor and worker tell each other over the IPC channel. Messages of the app have no `brink`.
import type { ExpositionOptions } from '../metrics/exposition.js'
import type { Family } from '../metrics/family.js'
import type { CloseOptions, CloseReport } from '../request/closing.js'
import type { ServerStats } from '../server/stats.js'
import type { HandedSocket } from '../server/worker_context.js'

/** What a supervisor gives a worker at its start, as JSON in this environment variable. */
export const WORKER_VARIABLE = 'BRINK_WORKER'

export interface WorkerTask {
  /** Grandchildren inherit the variable, and are no workers. */
  readonly parent: number
  readonly slot: number
  /** The number of places in the options. */
  readonly places: number
  readonly sockets: readonly HandedSocket[]
  /**
   * The descriptor of a pipe with the key of session tickets. What stands in an environment variable can be read as long
   * as the process runs.
   */
  readonly ticketKeyAt?: number
  /** How to close when a signal comes, or when the supervisor is gone. */
  readonly closing: CloseOptions
}

export type ToWorker =
  | { readonly brink: 'drain'; readonly closing: CloseOptions }
  | { readonly brink: 'stats'; readonly number: number }
  | { readonly brink: 'families'; readonly number: number }
  /** The answer to a worker's `metrics`. */
  | { readonly brink: 'metrics'; readonly number: number; readonly text: string }
  /** A log file was moved away. */
  | { readonly brink: 'reopen' }

export type FromWorker =
  | { readonly brink: 'ready'; readonly backend: string; readonly threads: number }
  /** It serves no longer: a signal has told it to end, or, if that is not ordered, its app has closed the server. */
  | { readonly brink: 'draining'; readonly isOrdered: boolean }
  /** Told to drain, it accepts nobody any more. */
  | { readonly brink: 'deaf' }
  | { readonly brink: 'failed'; readonly message: string; readonly stack?: string | undefined; readonly code?: string }
  | { readonly brink: 'stats'; readonly number: number; readonly stats: ServerStats | undefined }
  | { readonly brink: 'families'; readonly number: number; readonly families: readonly Family[] }
  /** Asks for the metrics of all workers. */
  | { readonly brink: 'metrics'; readonly number: number; readonly options: ExpositionOptions }
  /** With its last metrics, if they were asked for before. */
  | { readonly brink: 'ended'; readonly report: CloseReport | undefined; readonly families?: readonly Family[] }
