// One server under load for a moment: what came of it, and what it took.

import { coreBusySeconds, threadTimes } from './cpu_time.js'
import type { Generator, Load } from './generator.js'

export interface Sample {
  requests: number
  p50Ms: number
  p99Ms: number
  /** From its beginning to its end. */
  seconds: number
  /** CPU time of the server, user and system, all of its processes and threads; and of its first thread alone. */
  cpuSeconds: number
  javascriptSeconds: number
  /** How long the server's core worked, for the server or for others. */
  coreSeconds: number
}

/** CPU time after which the code that answers is compiled. */
const WARM_UP_CPU_SECONDS = 1
/** A server that is that slow to use its core is as warm as it will get. */
const WARM_UP_AT_MOST = 5

/** Of the requests: a generator cuts off a few by itself, when it has come to its end. */
const MOST_ERRORS = 0.01

export async function warmUp(pid: number, load: Load, generator: Generator): Promise<void> {
  for (let second = 0; second < WARM_UP_AT_MOST && threadTimes(pid).all < WARM_UP_CPU_SECONDS; second++) {
    await generator.generate({ ...load, seconds: 1 })
  }
}

/** @throws when requests failed: what was measured then is not what was asked for */
export async function sample(pid: number, load: Load, generator: Generator): Promise<Sample> {
  const [before, coreBefore, start] = [threadTimes(pid), coreBusySeconds(0), performance.now()]
  const { requests, p50Ms, p99Ms, errors } = await generator.generate(load)
  const [after, coreAfter, end] = [threadTimes(pid), coreBusySeconds(0), performance.now()]
  if (errors > requests * MOST_ERRORS) throw new Error(`fails ${errors} of ${requests} requests`)
  return {
    requests,
    p50Ms,
    p99Ms,
    seconds: (end - start) / 1000,
    cpuSeconds: after.all - before.all,
    javascriptSeconds: after.main - before.main,
    coreSeconds: coreAfter - coreBefore,
  }
}

export const perCpuSecond = ({ requests, cpuSeconds }: Sample): number => requests / cpuSeconds

export const javascriptMicroseconds = ({ requests, javascriptSeconds }: Sample): number =>
  (javascriptSeconds * 1e6) / requests

/** What others took of the server's core: 0 to 1. */
export const othersShare = ({ coreSeconds, cpuSeconds, seconds }: Sample): number =>
  Math.max(0, coreSeconds - cpuSeconds) / seconds

export const p50Ms = (sample: Sample): number => sample.p50Ms
export const p99Ms = (sample: Sample): number => sample.p99Ms
