// What supervisor and worker tell each other over the IPC channel. Messages of the app have no `brink`.
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
  /** How to close when a signal comes, or when the supervisor is gone. */
  readonly closing: CloseOptions
}

export type ToWorker =
  | { readonly brink: 'drain'; readonly closing: CloseOptions }
  | { readonly brink: 'stats'; readonly number: number }
  /** A log file was moved away. */
  | { readonly brink: 'reopen' }

export type FromWorker =
  | { readonly brink: 'ready'; readonly backend: string; readonly threads: number }
  /** It serves no longer: a signal has told it to end, or, if that is not ordered, its app has closed the server. */
  | { readonly brink: 'draining'; readonly isOrdered: boolean }
  | { readonly brink: 'failed'; readonly message: string; readonly stack?: string | undefined; readonly code?: string }
  | { readonly brink: 'stats'; readonly number: number; readonly stats: ServerStats | undefined }
  | { readonly brink: 'ended'; readonly report: CloseReport | undefined }
