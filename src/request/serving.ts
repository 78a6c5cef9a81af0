import type { MetricsOptions } from '../metrics/options.js'

/** The server of a request, as handlers of brink's own see it. */
export interface Serving {
  /** False from the moment that `close` is called. */
  readonly ready: boolean
  metrics(options?: MetricsOptions): Promise<string>
}
