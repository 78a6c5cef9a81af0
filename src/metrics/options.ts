import { describe } from '../runtime/describe.js'
import { knownOptions, wrongType, wrongValue } from '../runtime/option_errors.js'
import type { ExpositionOptions, MetricsFormat } from './exposition.js'

/** Options of `server.metrics()`. */
export interface MetricsOptions {
  /**
   * `openmetrics` is OpenMetrics 1.0, which ends with `# EOF`; `prometheus` Prometheus' text format, version 0.0.4.
   * Default: `openmetrics`.
   */
  format?: MetricsFormat | undefined
  /**
   * Whether the metrics of the process are in it: `process_*` and `nodejs_*`. Leave them out where another library gives
   * them, such as prom-client. Default: true.
   */
  process?: boolean | undefined
}

/**
 * @param call whose options they are, such as `metrics()`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function checkedMetricsOptions(given: MetricsOptions, call: string): ExpositionOptions {
  knownOptions(given, ['format', 'process'], call)
  const { format = 'openmetrics', process = true } = given
  if (format !== 'openmetrics' && format !== 'prometheus') {
    throw wrongValue('format', `must be openmetrics or prometheus, not ${describe(format)}`)
  }
  if (typeof process !== 'boolean') throw wrongType('process', 'a boolean', process)
  return { format, process }
}
