// How much CPU time a process has used, user and system together, all of its threads. Requests per second of *that*
// compare servers fairly on a busy machine: time spent waiting, for a core or for the load generator, does not count.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ: Linux reports in hundredths of a second whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100

export function cpuSeconds(pid: number): number {
  return process.platform === 'linux' ? secondsInStat(`/proc/${pid}/stat`) : secondsFromPs(pid)
}

export interface ThreadTimes {
  /** Of all threads that there are. What threads that have ended had used is not in it. */
  all: number
  /** Of the first thread, the one that runs JavaScript in a Node process. */
  main: number
}

/** In seconds, of a process and all those that it started. Linux alone tells them thread by thread. */
export function threadTimes(pid: number): ThreadTimes {
  const seconds = processTree(pid).flatMap((each) =>
    threadsOf(each).map((tid) => ({ tid, spent: threadSeconds(each, tid) })),
  )
  return {
    all: seconds.reduce((sum, { spent }) => sum + spent, 0),
    main: seconds.find(({ tid }) => tid === String(pid))?.spent ?? 0,
  }
}

/** A process and those that it started, as far as they are there. */
export function processTree(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(Number(name)) }))
  const below = (root: number): number[] =>
    parents.flatMap((each) => (each.parent === root ? [each.pid, ...below(each.pid)] : []))
  return [pid, ...below(pid)]
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(statFields(`/proc/${pid}/stat`)[1])
  } catch {
    return undefined // It has just ended.
  }
}

function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`)
}

/** How long the core has worked, for whomever. Linux alone tells it. */
export function coreBusySeconds(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(' ').map(Number)
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND
}

/** The scheduler counts in nanoseconds. A kernel that is built without that still has the ticks. */
function threadSeconds(pid: number, tid: string): number {
  const folder = `/proc/${pid}/task/${tid}`
  try {
    const [onCpuNs] = readFileSync(`${folder}/schedstat`, 'latin1').split(' ')
    return Number(onCpuNs) / 1e9
  } catch {
    return secondsInStat(`${folder}/stat`)
  }
}

function secondsInStat(file: string): number {
  const [utime, stime] = statFields(file).slice(11, 13).map(Number)
  return ((utime ?? 0) + (stime ?? 0)) / TICKS_PER_SECOND
}

/** From the third one on. */
function statFields(file: string): string[] {
  const stat = readFileSync(file, 'latin1')
  // The second field is the program's name in parentheses and may hold spaces: count from behind it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function secondsFromPs(pid: number): number {
  const cputime = execFileSync('ps', ['-o', 'cputime=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  // [[days-]hours:]minutes:seconds
  const [clock = '0', days = '0'] = cputime.split('-').reverse()
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return Number(days) * 86_400 + seconds
}
