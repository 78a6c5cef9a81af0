// How a target says that it does not do what it was asked for: the same form for all that is below its prefix.
import { FaultError } from '../faults/fault_error.js'
import { ReplyHeaders } from '../fields/headers.js'
import { HttpError } from '../fields/http_error.js'
import { type Reply, reply } from '../reply/reply.js'

/** What programs read. Faults and plans have places besides: see `FaultError`. */
export interface RefusalReason {
  readonly code: string
  /** A sentence. */
  readonly message: string
}

export const NO_STORE = { 'cache-control': 'no-store' }

/** `{ error: { code, message } }`, with what else the reason has. */
export function refusal(status: number, error: RefusalReason, fields: Readonly<Record<string, string>> = {}): Reply {
  return reply(status, { error }, { ...NO_STORE, ...fields })
}

/** An error handler: mistakes of clients as refusals. Others go to the server. */
export function refusalOf(error: unknown): Reply | undefined {
  if (error instanceof FaultError) return refusal(error.status, error.told)
  if (!(error instanceof HttpError) || !error.expose) return undefined
  const { status, code, message, headers } = error
  const refused = refusal(status, { code, message })
  for (const [name, value] of new ReplyHeaders(headers)) refused.headers.append(name, value)
  return refused
}
