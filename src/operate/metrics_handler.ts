import { CONTENT_TYPES, type MetricsFormat } from '../metrics/exposition.js'
import { checkedMetricsOptions, type MetricsOptions } from '../metrics/options.js'
import { type Reply, reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { neverShed } from '../routing/unshed.js'
import { wrongArgument } from '../runtime/option_errors.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { workerContext } from '../server/worker_context.js'
import { preferredFormat } from './preferred_format.js'

/** What `metrics()` asks: a `Server`, or a `Supervisor`. */
export interface MetricsServer {
  metrics(options?: MetricsOptions): Promise<string>
}

/** Options of `metrics()`. */
export type MetricsHandlerOptions = Omit<MetricsOptions, 'format'>

/**
 * A handler that answers with metrics, for Prometheus and others: `app.get('/metrics', metrics())`. It gives OpenMetrics
 * to clients that ask for it by `Accept`, and Prometheus' text format to all others. It answers under any load.
 *
 * In a worker of `brink/workers` it gives those of all workers, from the supervisor; 503 when that does not answer.
 *
 * @param server the server, or the supervisor, whose metrics they are. Default: the server that has the request
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function metrics(options?: MetricsHandlerOptions): (req: BrinkRequest) => Promise<Reply>
export function metrics(
  server: MetricsServer | undefined,
  options?: MetricsHandlerOptions,
): (req: BrinkRequest) => Promise<Reply>
export function metrics(
  first?: MetricsServer | MetricsHandlerOptions,
  second?: MetricsHandlerOptions,
): (req: BrinkRequest) => Promise<Reply> {
  const isPromise = typeof (first as { then?: unknown } | undefined)?.then === 'function'
  const isOptions = second === undefined && !isServer(first) && !isPromise
  const given = isOptions ? undefined : first
  if (given !== undefined && !isServer(given)) {
    throw wrongArgument('metrics(server, options)', 'a server, or a supervisor', given)
  }
  const { process } = checkedMetricsOptions((isOptions ? first : second) ?? {}, 'metrics()')
  return neverShed(async (req: BrinkRequest) => {
    const format = preferredFormat(req.headers.get('accept'))
    const text = await textOf(given ?? req.server, given === undefined, { format, process })
    if (text === undefined) return reply(503, 'There are no metrics.', { 'cache-control': 'no-store' })
    return reply(200, text, { 'content-type': CONTENT_TYPES[format], 'cache-control': 'no-store' })
  })
}

isNoHandler(metrics, "call it, app.get('/metrics', metrics())")

async function textOf(
  server: MetricsServer | undefined,
  ofAllWorkers: boolean,
  options: { readonly format: MetricsFormat; readonly process: boolean },
): Promise<string | undefined> {
  const worker = ofAllWorkers ? workerContext() : undefined
  return worker?.metrics === undefined ? server?.metrics(options) : worker.metrics(options)
}

function isServer(given: unknown): given is MetricsServer {
  const mayHaveMethods = typeof given === 'object' && given !== null
  return mayHaveMethods && typeof (given as Partial<MetricsServer>).metrics === 'function'
}
