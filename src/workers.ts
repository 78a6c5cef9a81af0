// `brink/workers`: an app in several processes.
import { workerContext } from './server/worker_context.js'

export type { CloseOptions, CloseReport, WorkCounts } from './request/closing.js'
export type { ServerStats } from './server/stats.js'
export type { WorkerEvent, WorkersOptions } from './workers/options.js'
export { type Supervisor, type WorkerFacts, type WorkersStats, workers } from './workers/supervisor.js'
export type { WorkerStartError, WorkerState } from './workers/worker.js'

/** In a worker process, its slot: 0 for one of them, for what only one may do. Undefined elsewhere. */
export function workerSlot(): number | undefined {
  return workerContext()?.slot
}
