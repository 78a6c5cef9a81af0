import type { Lender } from './body_changed.js'

/** Whom an answer is for: which request of which connection. */
export interface Recipient {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  /** Where it is known. */
  readonly method?: string
  /** Who is told when memory that was given for the answer has changed before it was sent. */
  lender?(): Lender
}
