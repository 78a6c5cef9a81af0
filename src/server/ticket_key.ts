// The key with which session tickets are encrypted where the app gives none.
import { lateBuiltin } from '../runtime/late_builtin.js'

export const TICKET_KEY_BYTES = 48

/** Where a worker has its WorkerContext in globalThis. */
export const WORKER_PLACE = Symbol.for('brink.worker')

type Global = typeof globalThis & { [WORKER_PLACE]?: { readonly ticketKey?: Uint8Array | undefined } }

/** The key that the workers of a supervisor share; elsewhere a random one. */
export function standardTicketKey(): Uint8Array {
  return (globalThis as Global)[WORKER_PLACE]?.ticketKey ?? lateBuiltin('node:crypto').randomBytes(TICKET_KEY_BYTES)
}
