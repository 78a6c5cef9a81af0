// What a run has measured: kept as JSON beside the report, so that it can be told and drawn again without measuring.

import { perCpuSecond, type Sample } from '../sample.js'
import { median } from '../statistics.js'
import type { HalfLoadLine } from './half_load.js'
import type { IdleCost } from './idle_cost.js'
import type { Missing } from './peers.js'
import type { Size } from './sizes.js'
import type { Start } from './starts.js'

export interface Line {
  peer: string
  /** One a round. */
  samples: Sample[]
}

export interface MeasuredWorkload {
  name: string
  title: string
  /** The peer that is brink here. Earlier results have neither. */
  ours?: string
  generator?: string
  connections: number
  pipelining: number
  rounds: number
  /** Of a sample. */
  seconds: number
  date: string
  lines: Line[]
  /** Those that do not do this work, or do it wrong. */
  leftOut: Missing[]
}

export interface Result {
  machine: string
  generator: string
  saturates: boolean
  date: string
  peers: { name: string; about: string }[]
  missing: Missing[]
  workloads: MeasuredWorkload[]
  half: HalfLoadLine[]
  idleConnections: number
  idle: { peer: string; rounds: IdleCost[] }[]
  starts: { peer: string; rounds: Start[] }[]
  sizes: Size[]
}

export function medianOf({ samples }: Line, figure: (sample: Sample) => number): number {
  return median(samples.map(figure))
}

export function lineOf(result: Result, workload: string, peer: string): Line | undefined {
  return result.workloads.find(({ name }) => name === workload)?.lines.find((line) => line.peer === peer)
}

export const oursOf = ({ ours = 'brink' }: Pick<MeasuredWorkload, 'ours'>): string => ours

/** Requests per CPU second of brink by those of another, at the same work. */
export function ratioOf(result: Result, workload: string, against: string): number | undefined {
  const measured = result.workloads.find(({ name }) => name === workload)
  return measured && ratio(result, workload, oursOf(measured), against)
}

/** Requests per CPU second of one by those of another, at the same work. */
function ratio(result: Result, workload: string, peer: string, against: string): number | undefined {
  const [ours, theirs] = [lineOf(result, workload, peer), lineOf(result, workload, against)]
  return ours && theirs && medianOf(ours, perCpuSecond) / medianOf(theirs, perCpuSecond)
}

/** The part of a core that the server used: less than all of it when the generator was not quick enough. */
export const coreShare = ({ cpuSeconds, seconds }: Sample): number => cpuSeconds / seconds
