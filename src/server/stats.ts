import { type NativeDrained, type NativeStats, type NativeWork, native } from '../exchange/native.js'

/** What a server has counted since it started. `open` is a current value; all others only grow. */
export interface ServerStats {
  /** Connections accepted. */
  accepted: number
  /** Connections that are open now. */
  open: number
  /** Requests delivered to the app, or answered by a fixed response. */
  requests: number
  /** Bytes received. */
  bytesIn: number
  /** Bytes sent. */
  bytesOut: number
  /** Writes that a socket did not take completely at once. */
  partialWrites: number
  /** Calls from native code into JavaScript that delivered requests. */
  batches: number
  /** Requests refused before they reached the app: malformed, too large, or of a wrong length. */
  refused: number
  /** Connections refused with 503 because `maxConnections`, or the system's limit, was reached. */
  shed: number
  /** Requests answered with 503 by `maxInFlight` or `shedWhen`. */
  shedRequests: number
  /** Connections closed by a timeout or by `minRate`; includes `idleTimeouts`. */
  timeouts: number
  /** Connections closed because no request arrived within `keepAliveTimeout`. */
  idleTimeouts: number
  /** Connections that failed: the client reset them, or closed them before its response was sent. */
  resets: number
  /** TLS handshakes that were completed. */
  handshakes: number
  /** Those of them that have resumed an earlier session. */
  resumed: number
  /** How many clients were refused or disconnected, by code. Codes that did not occur are absent. */
  refusals: Record<string, number>
}

/** Refusals that count as timeouts, not as wrong requests. */
export const TIMEOUTS = new Set([
  'HEADERS_TIMEOUT',
  'REQUEST_TIMEOUT',
  'REQUEST_TOO_SLOW',
  'WRITE_TIMEOUT',
  'RESPONSE_TAKEN_TOO_SLOWLY',
  'PROXY_HEADER_TIMEOUT',
  'TLS_HANDSHAKE_TIMEOUT',
])
export const SHED = 'TOO_MANY_CONNECTIONS'

/** Adds up the counters of all reactors of a server. */
export function statsOf(reactors: readonly NativeStats[], shedRequests = 0): ServerStats {
  const sum = (name: Exclude<keyof NativeStats, 'refusals' | 'drained'>) =>
    reactors.reduce((total, stats) => total + stats[name], 0)
  const refusals: Record<string, number> = {}
  let refused = 0
  let timeouts = sum('idleTimeouts')
  native.refusals.forEach(({ code }, number) => {
    const count = reactors.reduce((total, stats) => total + (stats.refusals[number] as number), 0)
    if (count === 0) return
    refusals[code] = count
    if (TIMEOUTS.has(code)) timeouts += count
    else if (code !== SHED) refused += count
  })
  return {
    accepted: sum('accepted'),
    open: sum('open'),
    requests: sum('requests'),
    bytesIn: sum('bytesIn'),
    bytesOut: sum('bytesOut'),
    partialWrites: sum('partialWrites'),
    batches: sum('batches'),
    refused,
    shed: sum('shed'),
    shedRequests,
    timeouts,
    idleTimeouts: sum('idleTimeouts'),
    resets: sum('resets'),
    handshakes: sum('handshakes'),
    resumed: sum('resumed'),
    refusals,
  }
}

/** Adds up what became of the work of all reactors of a server that has closed. */
export function drainedOf(reactors: readonly NativeDrained[]): NativeDrained {
  const sum = (outcome: keyof NativeDrained): NativeWork => {
    const total = (kind: keyof NativeWork) => reactors.reduce((count, drained) => count + drained[outcome][kind], 0)
    return { requests: total('requests'), streams: total('streams'), tunnels: total('tunnels') }
  }
  return { answered: sum('answered'), cut: sum('cut'), lost: sum('lost') }
}
