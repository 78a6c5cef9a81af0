import type { Lender } from './body_changed.js'

/** The request of a connection that a response is for. */
export interface Recipient {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  /** The method, where it is known. */
  readonly method?: string
  /** The number of the route that answers, as `Dispatcher.routes` counts; 0 for none. */
  readonly routeNumber?: number
  /** The object to notify when memory of the response was changed before it was sent. */
  lender?(): Lender
}
