// What brink is to reach: its requests per CPU second divided by another's, at the same work in the same run.

export interface Target {
  workload: string
  against: string
  atLeast: number
}

/** By workload: the peer, and the ratio. */
const TABLE: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  plaintext: { limit: 0.92, uws: 1, node: 2 },
  pipelined: { limit: 0.7, uws: 1.8, node: 15 },
  json: { limit: 0.88, uws: 1, node: 2 },
  user: { uws: 1.1, node: 2 },
  echo: { uws: 1.1, node: 2 },
  async: { uws: 1.1, node: 1.8 },
  timer: { uws: 1.1, node: 1.8 },
  middleware: { uws: 1 },
  'file-10k': { nginx: 0.8, node: 3 },
  'file-1m': { nginx: 1, node: 3 },
  close: { limit: 0.95, uws: 1.2, node: 1.5 },
  fixed: { limit: 0.95, bun: 1.1 },
  'fixed-pipelined': { limit: 0.8, bun: 1.1 },
  tls: { uws: 0.9, nginx: 1.1, 'node-24': 2.5 },
  'tls-pipelined': { uws: 1.3, nginx: 6, 'node-24': 15 },
  'tls-handshakes': { nginx: 1, 'node-24': 2 },
  'tls-1m': { nginx: 1, 'node-24': 1.4 },
}

export const TARGETS: readonly Target[] = Object.entries(TABLE).flatMap(([workload, row]) =>
  Object.entries(row).map(([against, atLeast]) => ({ workload, against, atLeast })),
)

/** 1,000 connections keep this part of the rate of 64. */
export const CROWD_KEEPS = 0.9
/** Of process memory for a connection that idles and has had one request. */
export const IDLE_BYTES = 400
/** CPU time of the JavaScript thread for a plain request, when the loop has a thread of its own. */
export const JAVASCRIPT_MICROSECONDS = 0.5
export const IMPORT_MS = 15
export const FIRST_ANSWER_MS = 5
export const ADDON_BYTES = 425_000
