// What the statistics of a target are told as. Times are in milliseconds unless a name says otherwise.
import type { TimeSummary } from './hdr_counts.js'
import type { Verdict } from './verdict.js'

/** Counts up to a number, and above the one before. */
export interface SizeCount {
  readonly upTo: number
  readonly count: number
}

/** What has ended requests. See docs/target-statistics.md. */
export interface RequestEnds {
  readonly answered: number
  readonly gone: number
  readonly timeout: number
  readonly refused: number
  readonly aborted: number
  readonly cut: number
  readonly tunnel: number
  readonly unanswered: number
}

export interface ConnectionCounts {
  readonly accepted: number
  readonly open: number
  /** Those that have ended without a request. */
  readonly withoutRequests: number
  /** Ended connections by whom: a reset, the client, the server, or a deadline of the server. */
  readonly resets: number
  readonly closedByClient: number
  readonly closedByServer: number
  readonly timeouts: number
  /** Of a run: those whose later requests were of another one, which has their end. Of all: 0. */
  readonly leftForOtherRuns: number
  /** Requests of each connection that had one. */
  readonly requestsEach: { readonly mean: number; readonly max: number; readonly counts: readonly SizeCount[] }
}

export interface LoopCounts {
  readonly accepted: number
  readonly requests: number
  readonly batches: number
  /** Calls of the poller, `recv`, and `sendmsg` or `sendfile`; and those of the last two that said EAGAIN. */
  readonly waits: number
  readonly recv: number
  readonly send: number
  readonly eagain: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface ProcessSummary {
  /** Seconds. */
  readonly cpu: { readonly user: number; readonly system: number }
  readonly threads: readonly { readonly name: string; readonly cpu: number }[]
  readonly loopDelay: { readonly mean: number; readonly p99: number; readonly max: number }
  readonly memory: { readonly rss: number; readonly heapUsed: number }
}

export interface MachineSummary {
  readonly processors: number
  /** Shares of the time of all processors; null where they are not known. */
  readonly busy: number | null
  readonly stolen: number | null
}

export interface RecordedError {
  readonly at: string
  readonly code: string
  readonly message: string
}

/** `GET /_brink/stats`. */
export interface StatisticsSnapshot {
  readonly run: string | null
  readonly since: string
  readonly now: string
  readonly seconds: number
  /** Requests that have begun; of a run, those that JavaScript has taken. */
  readonly requests: number
  /** Those of them that have not ended. Of a run also those whose clients have left before an answer began. */
  readonly inFlight: number
  readonly ends: RequestEnds
  /** Answers by status that were handed over to the last byte, and those that were begun and not completed. */
  readonly answers: Readonly<Record<string, number>>
  readonly brokenAnswers: Readonly<Record<string, number>>
  /** Faults that were drawn. */
  readonly faults: Readonly<Record<string, number>>
  /** Heads and bodies of requests and answers; TLS, and what is outside of messages, is not in them. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly connections: ConnectionCounts
  readonly serviceTime: TimeSummary
  readonly clientWait: TimeSummary
  readonly loops: readonly LoopCounts[]
  readonly batchSizes: readonly SizeCount[]
  readonly acceptQueue: { readonly overflows: number }
  readonly process: ProcessSummary
  readonly machine: MachineSummary
  readonly errors: readonly RecordedError[]
  readonly verdict: Verdict
  /** The ids of the runs that are kept, the oldest first; and how many older ones were dropped. */
  readonly runs: readonly string[]
  readonly droppedRuns: number
}

/** What has happened since the sample before. */
export interface LiveSample {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly seconds: number
  /** By class of status: `2xx`. */
  readonly answers: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  /** Service times: the upper bounds of the buckets, and one count more than bounds. */
  readonly latency: { readonly bounds: readonly number[]; readonly counts: readonly number[] }
  readonly percentiles: {
    readonly p50: number
    readonly p90: number
    readonly p99: number
    readonly 'p99.9': number
    readonly max: number
  }
  readonly open: number
  /** By loop. */
  readonly accepted: readonly number[]
  /** Processors that the process has used. */
  readonly cpu: number
  /** The longest delay of the event loop. */
  readonly loopDelay: number
  /** Of the plan, by whoever has one. */
  readonly phase: string | number | null
}
