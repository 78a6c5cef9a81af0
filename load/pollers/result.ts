// What a run has measured: kept as JSON beside the report, so that the picture can be drawn again without measuring.

import type { Line } from './line.js'

/** One server under load for a moment. */
export interface Sample {
  requests: number
  p99Ms: number
  /** From its beginning to its end. */
  seconds: number
  /** CPU time of the server, user and system, all of its threads; and of its JavaScript thread alone. */
  cpuSeconds: number
  javascriptSeconds: number
  /** How long the server's core worked, for the server or for others. */
  coreSeconds: number
}

export interface MeasuredLine extends Line {
  /** The most connections that the server took, where it took fewer than were wanted. */
  limit?: number
  /** In the order of `Result.idle`, one a round; none where the server was full. */
  samples: Sample[][]
}

export interface Result {
  machine: string
  generator: string
  date: string
  connections: number
  seconds: number
  rounds: number
  idle: number[]
  lines: MeasuredLine[]
}

export const perCpuSecond = ({ requests, cpuSeconds }: Sample): number => requests / cpuSeconds

export const javascriptMicroseconds = ({ requests, javascriptSeconds }: Sample): number =>
  (javascriptSeconds * 1e6) / requests

export const p99Ms = (sample: Sample): number => sample.p99Ms

/** What others took of the server's core: 0 to 1. */
export const othersShare = ({ coreSeconds, cpuSeconds, seconds }: Sample): number =>
  Math.max(0, coreSeconds - cpuSeconds) / seconds

/** The median over the rounds, for every number of idle connections that the server took. */
export function medians(line: MeasuredLine, figure: (sample: Sample) => number): number[] {
  return line.samples.filter((rounds) => rounds.length > 0).map((rounds) => median(rounds.map(figure)))
}

/** How many times as much CPU time a request takes beside the most idle as beside the fewest, round by round. */
export function costRatios({ samples }: MeasuredLine): number[] {
  const [fewest = [], most = []] = [samples[0], samples.at(-1)]
  return fewest.flatMap((sample, round) => (most[round] ? [perCpuSecond(sample) / perCpuSecond(most[round])] : []))
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = sorted.slice(sorted.length % 2 === 0 ? middle - 1 : middle)
  return sorted.length % 2 === 0 ? (low + high) / 2 : low
}
