// What a run has measured: kept as JSON beside the report, so that the picture can be drawn again without measuring.

import { perCpuSecond, type Sample } from '../sample.js'
import { median } from '../statistics.js'
import type { Line } from './line.js'

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

/** The median over the rounds, for every number of idle connections that the server took. */
export function medians(line: MeasuredLine, figure: (sample: Sample) => number): number[] {
  return line.samples.filter((rounds) => rounds.length > 0).map((rounds) => median(rounds.map(figure)))
}

/** How many times as much CPU time a request takes beside the most idle as beside the fewest, round by round. */
export function costRatios({ samples }: MeasuredLine): number[] {
  const [fewest = [], most = []] = [samples[0], samples.at(-1)]
  return fewest.flatMap((sample, round) => (most[round] ? [perCpuSecond(sample) / perCpuSecond(most[round])] : []))
}
