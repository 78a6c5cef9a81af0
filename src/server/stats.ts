import { type NativeStats, native } from '../exchange/native.js'

/** What a server has counted since it was started. Everything but `open` only grows. */
export interface ServerStats {
  /** Connections that were accepted. */
  accepted: number
  /** Connections that are open now. */
  open: number
  /** Requests that were handed to the app. */
  requests: number
  /** Bytes received. */
  bytesIn: number
  /** Bytes sent. */
  bytesOut: number
  /** Answers that a socket did not take at once. */
  partialWrites: number
  /** Crossings from the native side into JavaScript with requests. */
  batches: number
  /** Requests that were refused before the app saw them. */
  refused: number
  /** Connections that were turned away with 503, as there was no room for them. */
  shed: number
  /** Connections that a timeout, or `minRate`, ended: idle ones, too. */
  timeouts: number
  /** Connections that were closed because nothing was asked for as long as `keepAliveTimeout`. */
  idleTimeouts: number
  /** Connections that broke: the client reset them, or vanished while it was being answered. */
  resets: number
  /** How often clients were refused or cut off, by code; those codes that there were. */
  refusals: Record<string, number>
}

/** Refusals that are the end of somebody's patience, and not of a request that was wrong. */
const TIMEOUTS = new Set([
  'HEADERS_TIMEOUT',
  'REQUEST_TIMEOUT',
  'REQUEST_TOO_SLOW',
  'WRITE_TIMEOUT',
  'RESPONSE_TAKEN_TOO_SLOWLY',
])
const SHED = 'TOO_MANY_CONNECTIONS'

/** What the reactors of a server have counted, together. */
export function statsOf(reactors: readonly NativeStats[]): ServerStats {
  const sum = (name: Exclude<keyof NativeStats, 'refusals'>) =>
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
    timeouts,
    idleTimeouts: sum('idleTimeouts'),
    resets: sum('resets'),
    refusals,
  }
}
