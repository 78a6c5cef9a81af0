// The part of the report that says what was to be reached, and what was.

import { javascriptMicroseconds, p99Ms, perCpuSecond } from '../sample.js'
import { median } from '../statistics.js'
import { grouped, markdownTable } from '../table.js'
import { lineOf, medianOf, type Result, ratioOf } from './result.js'
import {
  ADDON_BYTES,
  CROWD_KEEPS,
  FIRST_ANSWER_MS,
  IDLE_BYTES,
  IMPORT_MS,
  JAVASCRIPT_MICROSECONDS,
  TARGETS,
} from './targets.js'

interface Goal {
  what: string
  least?: number
  most?: number
  /** Undefined where it was not measured. */
  measured: number | undefined
  shown: (value: number) => string
}

const asRatio = (value: number) => value.toFixed(2)
const asMilliseconds = (value: number) => `${value.toFixed(1)} ms`
const asBytes = (value: number) => `${grouped(value)} B`

export function targets(result: Result): string {
  // Of a part of the workloads, only what was measured is told.
  const isWhole = lineOf(result, 'plaintext', 'brink') !== undefined
  const told = goals(result).filter(({ measured }) => isWhole || measured !== undefined)
  return markdownTable(['', 'target', 'measured', ''], told.map(row))
}

function row({ what, least, most, measured, shown }: Goal): string[] {
  const target = least !== undefined ? `≥ ${shown(least)}` : `≤ ${shown(most ?? 0)}`
  if (measured === undefined) return [what, target, 'not measured', '']
  const isMet = measured >= (least ?? Number.NEGATIVE_INFINITY) && measured <= (most ?? Number.POSITIVE_INFINITY)
  return [what, target, shown(measured), isMet ? 'met' : '**short**']
}

function goals(result: Result): Goal[] {
  const ratios = TARGETS.map(({ workload, against, atLeast }) => ({
    what: `${workload}, by ${against}`,
    least: atLeast,
    measured: ratioOf(result, workload, against),
    shown: asRatio,
  }))
  return [...ratios, ...goalsOfLatency(result), ...goalsOfCost(result)]
}

function goalsOfLatency(result: Result): Goal[] {
  const [crowd, few] = [lineOf(result, 'crowd', 'brink'), lineOf(result, 'plaintext', 'brink')]
  const theirs = lineOf(result, 'crowd', 'uws')
  const half = (name: string) => {
    const rounds = result.half.find(({ peer }) => peer === name)?.rounds
    return rounds && median(rounds.map(({ p99Us }) => p99Us))
  }
  const [ourHalf, theirHalf] = [half('brink'), half('uws')]
  return [
    {
      what: 'rate with 1,000 connections, by that with 64',
      least: CROWD_KEEPS,
      measured: crowd && few && medianOf(crowd, perCpuSecond) / medianOf(few, perCpuSecond),
      shown: asRatio,
    },
    {
      what: 'p99 with 1,000 connections, by uws’s',
      most: 1,
      measured: crowd && theirs && medianOf(crowd, p99Ms) / medianOf(theirs, p99Ms),
      shown: asRatio,
    },
    {
      what: 'p99 at half of the load, by uws’s',
      most: 1,
      measured: ourHalf !== undefined && theirHalf !== undefined ? ourHalf / theirHalf : undefined,
      shown: asRatio,
    },
  ]
}

function goalsOfCost(result: Result): Goal[] {
  const idle = result.idle.find(({ peer }) => peer === 'brink')?.rounds
  const starts = result.starts.find(({ peer }) => peer === 'brink')?.rounds
  const threaded = lineOf(result, 'plaintext', 'brink-thread')
  return [
    {
      what: 'memory of an idle connection',
      most: IDLE_BYTES,
      measured: idle && median(idle.map(({ bytesPerConnection }) => bytesPerConnection)),
      shown: asBytes,
    },
    {
      what: 'the JavaScript thread’s part of a request, with the loop on a thread',
      most: JAVASCRIPT_MICROSECONDS,
      measured: threaded && medianOf(threaded, javascriptMicroseconds),
      shown: (value) => `${value.toFixed(2)} µs`,
    },
    {
      what: 'importing the package',
      most: IMPORT_MS,
      measured: starts && median(starts.map(({ importMs }) => importMs)),
      shown: asMilliseconds,
    },
    {
      what: 'from serve() to the first answer',
      most: FIRST_ANSWER_MS,
      measured: starts && median(starts.map(({ answerMs }) => answerMs)),
      shown: asMilliseconds,
    },
    {
      what: 'the addon, stripped',
      most: ADDON_BYTES,
      measured: result.sizes.find(({ name }) => name === 'brink')?.bytes,
      shown: asBytes,
    },
  ]
}
