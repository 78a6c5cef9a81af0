// The ids of requests: taken from a field where the peer is trusted, made otherwise. One that is made names the server,
// the connection and the request, so that each that asks for it gets the same one and nobody keeps it.
import { lateBuiltin } from '../runtime/late_builtin.js'

/** What a client may give as an id. */
const VALID = /^[\x21-\x7e]{1,128}$/

/** The option `requestId`, checked. */
export interface RequestIdRules {
  /** In lower case. */
  readonly header: string
  /** Undefined: as `trustProxy` says of the peer. */
  readonly trust: boolean | undefined
  readonly respond: boolean
}

let servers = 0
let local = 0
let processName: string | undefined

/** Random, so that two processes do not give the same ids. */
function nameOfProcess(): string {
  processName ??= BigInt(`0x${lateBuiltin('node:crypto').randomBytes(6).toString('hex')}`).toString(36)
  return processName
}

/** The id of a request that no connection has brought. */
export function localId(): string {
  local += 1
  return `${nameOfProcess()}-l-${local.toString(36)}`
}

export class RequestIds {
  readonly rules: RequestIdRules | undefined
  readonly #server = servers
  #prefix: string | undefined

  /** One for each loop: its connections have numbers of their own. Without rules, no field is read. */
  constructor(rules: RequestIdRules | undefined) {
    this.rules = rules
    servers += 1
  }

  /** The id of a request. `given`: what the field says, if the peer is trusted. */
  idOf(slot: number, generation: number, sequence: number, given: string | null | undefined): string {
    if (typeof given === 'string' && VALID.test(given)) return given
    const connection = `${(slot >>> 0).toString(36)}-${(generation >>> 0).toString(36)}`
    return `${this.prefix}-${connection}-${(sequence >>> 0).toString(36)}`
  }

  /** What the ids that are made begin with. The native side makes them as well, for the access log. */
  get prefix(): string {
    this.#prefix ??= `${nameOfProcess()}-${this.#server.toString(36)}`
    return this.#prefix
  }
}
